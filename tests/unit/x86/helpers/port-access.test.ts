// IN and OUT with IOPL and the I/O permission bitmap (Intel SDM vol. 1, 18.5).

import { describe, expect, it } from 'vitest';
import { longCpu, protectedCpu, TSS, virtualCpu } from '../../../support/descriptor-tables.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { checkPort, portIn, portOut } from '../../../../src-main/engine/x86/helpers/port-access.ts';

const { tr } = SEGMENT_INDEX;
const GP0 = { vector: 13, errorCode: 0 };

function withBitmap(cpu: FakeCpu): FakeCpu {
  cpu.set32('segmentLimit', 0x68 + 0x80, tr);
  cpu.view.setUint16(TSS + 0x66, 0x68, true);
  cpu.memory.fill(0xff, TSS + 0x68, TSS + 0x68 + 0x81);
  // Ports 3F8h to 3FBh.
  cpu.memory[TSS + 0x68 + 0x7f] = 0xf0;
  return cpu;
}

describe('IN and OUT', () => {
  it('reach the board with their width', () => {
    const cpu = new FakeCpu();
    cpu.environment.portValue = 0x12345678;
    expect(portIn(cpu, 0x60, 1)).toBe(0);
    expect(cpu.low('scratch')).toBe(0x78);
    expect(portOut(cpu, 0x10cf8, 2, 0xdeadbeef)).toBe(0);
    expect(cpu.environment.portLog).toEqual([
      { kind: 'read', port: 0x60, width: 1, value: 0x78 },
      { kind: 'write', port: 0xcf8, width: 2, value: 0xbeef },
    ]);
  });
});

describe('the permission check', () => {
  it('passes at CPL <= IOPL', () => {
    expect(checkPort(protectedCpu(0), 0x60, 1)).toBe(0);
    const user = protectedCpu(3);
    expect(checkPort(user, 0x60, 1)).toBe(1);
    expect(user.takeFault()).toEqual(GP0);
    user.writeFlags(0x3002);
    expect(checkPort(user, 0x60, 1)).toBe(0);
  });

  it('asks the bitmap for every byte of the access', () => {
    for (const cpu of [withBitmap(protectedCpu(3)), withBitmap(longCpu(3))]) {
      for (const [port, width, status] of [
        [0x3f8, 4, 0], [0x3fa, 2, 0], [0x3fb, 2, 1], [0x3fc, 1, 1], [0x3f7, 2, 1], [0x60, 1, 1],
      ] as const) {
        expect(checkPort(cpu, port, width)).toBe(status);
      }
    }
  });

  it('asks it in virtual-8086 mode also with IOPL 3', () => {
    const cpu = withBitmap(virtualCpu(3));
    expect(checkPort(cpu, 0x3f8, 1)).toBe(0);
    expect(portOut(cpu, 0x60, 1, 0)).toBe(1);
    expect(cpu.environment.portLog).toEqual([]);
  });

  it('refuses ports beyond the limit of the TSS, and any with a 16-bit one', () => {
    const cpu = withBitmap(protectedCpu(3));
    expect(checkPort(cpu, 0x408, 1)).toBe(1);
    cpu.set32('segmentLimit', 0x68 + 0x7f, tr);
    expect(checkPort(cpu, 0x3f8, 1)).toBe(1);
    cpu.set32('segmentLimit', 0xffff, tr);
    cpu.set32('segmentAccess', 0x83, tr);
    expect(checkPort(cpu, 0x3f8, 1)).toBe(1);
  });
});
