// Entries, IRETs and segment loads that were checked before: whatever changes since, in tables, descriptors, registers or on the stack,
// they come out as they do with empty TLBs, where all is read and checked anew.
// Reference: Intel SDM vol. 3A 6.12, 6.14; vol. 2A INT n, IRET; vol. 2B MOV.

import { describe, expect, it } from 'vitest';
import { createFlatMachine, type FlatMachine } from '../../src-main/engine/execution/flat-machine.ts';
import { EFLAGS_IF, EFLAGS_NT } from '../../src-main/engine/x86/state/control-bits.ts';
import { CPU_FIELDS, SEGMENT_INDEX } from '../../src-main/engine/x86/state/cpu-state.ts';
import { setSegment } from '../../src-main/engine/x86/state/segments.ts';

const GDT = 0x1000;
const IDT = 0x2000;
const TSS = 0x3000;
const PROGRAM = 0x4000;
const LOADS = 0x4100;
const FS_LOADS = 0x4200;
const HANDLER = 0x5000;
const FAULT_HANDLER = 0x6000;
const INNER_STACK = 0x7800;
const OUTER_STACK = 0x8800;
const TABLES = 0x9000;
const SPARE_IDT = 0xd000;
const RAM_BYTES = 0x10_0000;
const VECTOR = 0x80;

const INNER_CODE = 1;
const INNER_DATA = 2;
const OUTER_CODE = 3;
const OUTER_DATA = 4;
const SPARE = 5;
const { es, cs, ss, ds, tr } = SEGMENT_INDEX;

type Bits = 32 | 64;

class Scene {
  readonly machine: FlatMachine;
  readonly view: DataView;
  readonly bits: Bits;

  constructor(bits: Bits) {
    this.bits = bits;
    this.machine = createFlatMachine({ ramBytes: RAM_BYTES, model: 'x86-64-v2', accel: 'interp' });
    const { memory } = this.machine;
    this.view = new DataView(memory.buffer, memory.byteOffset, RAM_BYTES);
    this.#writeTables();
    this.#setRegisters();
  }

  #writeTables(): void {
    const { memory } = this.machine;
    const code = this.bits === 64 ? 0xaf : 0xcf;
    [
      [INNER_CODE, code, 0x9b],
      [INNER_DATA, 0xcf, 0x93],
      [OUTER_CODE, code, 0xfb],
      [OUTER_DATA, 0xcf, 0xf3],
      [SPARE, 0xcf, 0x93],
    ].forEach(([index, flags, access]) => {
      this.view.setUint32(GDT + (index as number) * 8, 0xffff, true);
      this.view.setUint32(
        GDT + (index as number) * 8 + 4,
        ((flags as number) << 16) | ((access as number) << 8),
        true,
      );
    });
    for (let vector = 0; vector < 32; vector++) this.setGate(IDT, vector, FAULT_HANDLER, 0x8e);
    for (const table of [IDT, SPARE_IDT]) this.setGate(table, VECTOR, HANDLER, 0xee);
    this.view.setUint32(TSS + 4, INNER_STACK, true);
    this.view.setUint32(TSS + 8, this.bits === 32 ? INNER_DATA * 8 : 0, true);
    this.view.setUint32(TSS + 0x24, INNER_STACK - 0x400, true);
    if (this.bits === 64) {
      this.view.setUint32(TABLES, (TABLES + 0x1000) | 7, true);
      this.view.setUint32(TABLES + 0x1000, (TABLES + 0x2000) | 7, true);
      this.view.setUint32(TABLES + 0x2000, (TABLES + 0x3000) | 7, true);
      for (let page = 0; page < 256; page++)
        this.view.setUint32(TABLES + 0x3000 + page * 8, (page << 12) | 7, true);
    }
    memory.set([0xcd, VECTOR, 0xeb, 0xfc], PROGRAM);
    // mov ds, cx; mov ds, ax; and again.
    memory.set([0x8e, 0xd9, 0x8e, 0xd8, 0xeb, 0xfa], LOADS);
    memory.set([0x8e, 0xe1, 0x8e, 0xe0, 0xeb, 0xfa], FS_LOADS);
    memory.set(this.bits === 64 ? [0x48, 0xcf] : [0xcf], HANDLER);
    memory[FAULT_HANDLER] = 0xf4;
    memory[HANDLER + 0x100] = 0xf4;
  }

  setGate(table: number, vector: number, handler: number, access: number, selector = INNER_CODE * 8): void {
    const at = table + vector * (this.bits === 64 ? 16 : 8);
    this.view.setUint32(at, (selector << 16) | handler, true);
    this.view.setUint32(at + 4, access << 8, true);
  }

  #setRegisters(): void {
    const { cpu } = this.machine;
    cpu.setHalves('gdtrBase', GDT, 0);
    cpu.set32('gdtrLimit', SPARE * 8 + 7);
    cpu.setHalves('idtrBase', IDT, 0);
    cpu.set32('idtrLimit', 0xfff);
    setSegment(cpu, cs, OUTER_CODE * 8 + 3, this.bits === 64 ? 0xa0fb : 0xc0fb, 0, 0xffffffff);
    for (const index of [es, ss, ds]) setSegment(cpu, index, OUTER_DATA * 8 + 3, 0xc0f3, 0, 0xffffffff);
    setSegment(cpu, tr, 0x38, 0x8b, TSS, 0x67);
    cpu.set32('cpl', 3);
    cpu.setHalves('gpr', OUTER_STACK, 0, 4);
    cpu.setHalves('gpr', OUTER_DATA * 8 + 3, 0, 0);
    cpu.setHalves('rip', PROGRAM, 0);
    if (this.bits === 64) {
      cpu.setHalves('cr4', 0x20, 0);
      cpu.setHalves('cr3', TABLES, 0);
      cpu.setHalves('efer', 0x500, 0);
    }
    cpu.setHalves('cr0', this.bits === 64 ? 0x8001_0011 : 0x11, 0);
    cpu.writeFlags(EFLAGS_IF | 0x8d5);
    cpu.updateMode();
    cpu.flushTlb('all');
  }

  /** The parts of the processor that a transfer may change, and memory. */
  outcome(): { readonly registers: string; readonly memory: string } {
    const { cpu, memory } = this.machine;
    const fields = [
      'gpr',
      'rip',
      'cpl',
      'mode',
      'faultVector',
      'faultError',
      'tlbRead',
      'tlbWrite',
      'segmentSelector',
      'segmentAccess',
      'segmentBase',
      'segmentReadTop',
      'segmentWriteTop',
      'segmentLimit',
    ] as const;
    const registers = fields.flatMap((name) => {
      const { bits, count } = CPU_FIELDS[name];
      return Array.from({ length: count }, (_, i) => [
        cpu.low(name, i),
        bits === 64 ? cpu.high(name, i) : 0,
      ]).flat();
    });
    return {
      registers: [...registers, cpu.readFlags()].join(';'),
      memory: Buffer.from(memory.slice(0, 0x9000)).toString('base64'),
    };
  }
}

type Change = (scene: Scene) => void;
const descriptor =
  (index: number, at: number, value: number): Change =>
  (scene) =>
    scene.view.setUint8(GDT + index * 8 + at, value);
const register =
  (name: 'idtrLimit' | 'gdtrLimit', value: number): Change =>
  (scene) =>
    scene.machine.cpu.set32(name, value);
const NOTHING: Change = () => undefined;

const ENTRY_CHANGES: Record<string, Change> = {
  'a gate of DPL 0': (scene) => scene.setGate(IDT, VECTOR, HANDLER, 0x8e),
  'an absent gate': (scene) => scene.setGate(IDT, VECTOR, HANDLER, 0x6e),
  'a trap gate': (scene) => scene.setGate(IDT, VECTOR, HANDLER, 0xef),
  'another handler': (scene) => scene.setGate(IDT, VECTOR, HANDLER + 0x100, 0xee),
  'a gate to data': (scene) => scene.setGate(IDT, VECTOR, HANDLER, 0xee, SPARE * 8),
  'a short IDT': register('idtrLimit', VECTOR * 8 - 1),
  'another IDT': (scene) => {
    scene.setGate(SPARE_IDT, VECTOR, HANDLER + 0x100, 0xee);
    scene.machine.cpu.setHalves('idtrBase', SPARE_IDT, 0);
  },
  'a short GDT': register('gdtrLimit', 7),
  'another GDT': (scene) => scene.machine.cpu.setHalves('gdtrBase', GDT + 0x100, 0),
  'an absent code segment': descriptor(INNER_CODE, 5, 0x1b),
  'code of DPL 3': descriptor(INNER_CODE, 5, 0xfb),
  'conforming code': descriptor(INNER_CODE, 5, 0x9f),
  'another stack pointer': (scene) => scene.view.setUint32(TSS + 4, INNER_STACK - 0x20, true),
  'a stack pointer not aligned': (scene) => scene.view.setUint32(TSS + 4, INNER_STACK - 0x1a, true),
  'a stack across pages': (scene) => scene.view.setUint32(TSS + 4, 0x7010, true),
  'a short TSS': (scene) => scene.machine.cpu.set32('segmentLimit', 6, tr),
  'another TSS': (scene) => scene.machine.cpu.setHalves('segmentBase', TSS + 0x100, 0, tr),
};
const ENTRY_CHANGES_OF: Record<Bits, Record<string, Change>> = {
  32: {
    'code with a base': descriptor(INNER_CODE, 2, 0x10),
    'code with a limit': (scene) => {
      scene.view.setUint16(GDT + INNER_CODE * 8, 1, true);
      scene.view.setUint8(GDT + INNER_CODE * 8 + 6, 0xc0);
    },
    'an absent stack segment': descriptor(INNER_DATA, 5, 0x13),
    'a stack segment with a base': descriptor(INNER_DATA, 2, 0x10),
    'a small stack segment': descriptor(INNER_DATA, 6, 0x8f),
    'another stack segment': (scene) => scene.view.setUint32(TSS + 8, SPARE * 8, true),
    'a stack segment of DPL 3': (scene) => scene.view.setUint32(TSS + 8, OUTER_DATA * 8 + 3, true),
    'a TSS of 16 bits': (scene) => scene.machine.cpu.set32('segmentAccess', 0x83, tr),
  },
  64: {
    'a stack of the IST': (scene) => scene.view.setUint8(IDT + VECTOR * 16 + 4, 1),
    'a handler above 4 GiB': (scene) => scene.view.setUint32(IDT + VECTOR * 16 + 8, 1, true),
    'code of 32 bits': descriptor(INNER_CODE, 6, 0xcf),
    'a stack that is not canonical': (scene) => scene.view.setUint32(TSS + 8, 0x80_0000, true),
  },
};

const onStack =
  (bits: Bits, slot: number, value: number): Change =>
  (scene) => {
    const { cpu } = scene.machine;
    scene.view.setUint32(cpu.low('gpr', 4) + (slot * bits) / 8, value, true);
  };
const RETURN_CHANGES = (bits: Bits): Record<string, Change> => ({
  'another address': onStack(bits, 0, PROGRAM),
  'a null CS': onStack(bits, 1, 0),
  'CS of this level': onStack(bits, 1, INNER_CODE * 8),
  'data in CS': onStack(bits, 1, OUTER_DATA * 8 + 3),
  'other flags': onStack(bits, 2, 0xdd7),
  'another stack pointer': onStack(bits, 3, OUTER_STACK - 0x10),
  'a null SS': onStack(bits, 4, 0),
  'SS of another level': onStack(bits, 4, SPARE * 8),
  'code that is absent': descriptor(OUTER_CODE, 5, 0x7b),
  'code that has become data': descriptor(OUTER_CODE, 5, 0xf3),
  'a stack that is absent': descriptor(OUTER_DATA, 5, 0x73),
  'a stack that is read-only': descriptor(OUTER_DATA, 5, 0xf1),
  'a stack of 16 bits': descriptor(OUTER_DATA, 6, 0x8f),
  'a short GDT': register('gdtrLimit', 7),
  'another GDT': (scene) => scene.machine.cpu.setHalves('gdtrBase', GDT + 0x100, 0),
  'a nested task': (scene) =>
    scene.machine.cpu.set32('flagRest', scene.machine.cpu.get32('flagRest') | EFLAGS_NT),
  'data segments of this level': (scene) =>
    setSegment(scene.machine.cpu, ds, INNER_DATA * 8, 0xc093, 0, 0xffffffff),
  ...(bits === 32
    ? {
        'an address beyond the limit': (scene: Scene): void => {
          scene.view.setUint16(GDT + OUTER_CODE * 8, 1, true);
          scene.view.setUint8(GDT + OUTER_CODE * 8 + 6, 0xc0);
        },
        'virtual-8086 mode': onStack(bits, 2, 0x2_0002),
      }
    : {
        'an address that is not canonical': onStack(bits, 0.5, 0x80_0000),
        'code of 32 bits': descriptor(OUTER_CODE, 6, 0xcf),
      }),
});

const LOAD_CHANGES: Record<string, Change> = {
  'another selector': (scene) => scene.machine.cpu.setHalves('gpr', SPARE * 8, 0, 0),
  'another requested privilege': (scene) => scene.machine.cpu.setHalves('gpr', OUTER_DATA * 8 + 2, 0, 0),
  'an absent segment': descriptor(OUTER_DATA, 5, 0x73),
  'a segment of DPL 0': descriptor(OUTER_DATA, 5, 0x93),
  'a segment that is read-only': descriptor(OUTER_DATA, 5, 0xf1),
  'code that may not be read': descriptor(OUTER_DATA, 5, 0xf9),
  'a segment that expands down': descriptor(OUTER_DATA, 5, 0xf7),
  'a selector of the LDT': (scene) => scene.machine.cpu.setHalves('gpr', OUTER_DATA * 8 + 7, 0, 0),
  'a null selector': (scene) => scene.machine.cpu.setHalves('gpr', 3, 0, 0),
  'a table across pages': (scene) => scene.machine.cpu.setHalves('gdtrBase', GDT + 0xfdc, 0),
  'another base': descriptor(OUTER_DATA, 2, 0x10),
  'a base above 2 GiB': descriptor(OUTER_DATA, 7, 0x81),
  'another limit': descriptor(OUTER_DATA, 6, 0x4f),
  'a short GDT': register('gdtrLimit', 7),
  'another GDT': (scene) => scene.machine.cpu.setHalves('gdtrBase', GDT + 0x100, 0),
};

const TRANSFERS = ['entry', 'return', 'load', 'load of FS'] as const;
type Transfer = (typeof TRANSFERS)[number];

/** Goes round until all is known, and on to the transfer in question; then changes something and makes it. */
function outcomeOf(
  bits: Bits,
  transfer: Transfer,
  change: Change,
  isForgotten: boolean,
): ReturnType<Scene['outcome']> {
  const scene = new Scene(bits);
  const { machine } = scene;
  if (transfer === 'load') machine.cpu.setHalves('rip', LOADS, 0);
  if (transfer === 'load of FS') machine.cpu.setHalves('rip', FS_LOADS, 0);
  // INT, IRET and the jump back; or two loads and the jump back.
  for (let i = 0; i < 9; i++) machine.step();
  if (transfer !== 'entry') machine.step();
  change(scene);
  if (isForgotten) machine.cpu.flushTlb('all');
  machine.step();
  return scene.outcome();
}

/** Segments without their accessed bit, which must come back. */
const ACCESSED: Record<Transfer, Record<string, Change>> = {
  entry: {
    'code segment': descriptor(INNER_CODE, 5, 0x9a),
    'stack segment': descriptor(INNER_DATA, 5, 0x92),
  },
  return: {
    'code segment': descriptor(OUTER_CODE, 5, 0xfa),
    'stack segment': descriptor(OUTER_DATA, 5, 0xf2),
  },
  load: { 'data segment': descriptor(OUTER_DATA, 5, 0xf2) },
  'load of FS': { 'data segment': descriptor(OUTER_DATA, 5, 0xf2) },
};

for (const bits of [32, 64] as const) {
  const changes = {
    entry: { ...ENTRY_CHANGES, ...ENTRY_CHANGES_OF[bits] },
    return: RETURN_CHANGES(bits),
    load: LOAD_CHANGES,
    'load of FS': LOAD_CHANGES,
  };
  for (const transfer of TRANSFERS) {
    describe(`a known ${transfer}, ${bits} bits`, () => {
      const usual = outcomeOf(bits, transfer, NOTHING, true);

      it('is the one that was checked', () => {
        expect(outcomeOf(bits, transfer, NOTHING, false)).toEqual(usual);
      });
      it.each(Object.entries(changes[transfer]))('is no longer the same with %s', (_name, change) => {
        const outcome = outcomeOf(bits, transfer, change, false);
        expect(outcome).toEqual(outcomeOf(bits, transfer, change, true));
        expect(outcome.registers).not.toBe(usual.registers);
      });
      // In long mode a switch of stacks loads a null SS.
      const segments = Object.entries(ACCESSED[transfer]).slice(
        0,
        bits === 64 && transfer === 'entry' ? 1 : 2,
      );
      it.each(segments)('marks its %s accessed again', (_name, change) => {
        expect(outcomeOf(bits, transfer, change, false)).toEqual(usual);
      });
    });
  }
}
