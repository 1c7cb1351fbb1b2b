// The drive of machines that count time in instructions.

import { describe, expect, it } from 'vitest';
import type { DriveOutcome, DriveRequest } from '../../../src-main/engine/block/drive.ts';
import { MemoryDrive, type MemoryDriveOptions } from '../../../src-main/engine/block/memory-drive.ts';
import { ManualClock } from '../../../src-main/engine/bus/manual-clock.ts';

function build(content: Uint8Array | undefined, change: Partial<MemoryDriveOptions> = {}) {
  const clock = new ManualClock();
  const drive = new MemoryDrive({ id: 'hd', kind: 'disk', clock, content, ...change });
  const outcomes: DriveOutcome[] = [];
  const submit = (operation: DriveRequest['operation'], offset: number, view: Uint8Array): void =>
    drive.submit({
      operation,
      offset,
      length: view.length,
      data: [view],
      done: (outcome) => outcomes.push(outcome),
    });
  return { clock, drive, outcomes, submit };
}

describe('a drive in memory', () => {
  it('takes guest time and completes in order', () => {
    const content = new Uint8Array(1024).fill(3);
    const { clock, outcomes, submit } = build(content);
    const view = new Uint8Array(512);
    submit('read', 0, view);
    submit('write', 512, new Uint8Array(512).fill(8));
    expect(outcomes).toEqual([]);
    expect(view[0]).toBe(0);
    clock.advance(1e6);
    expect(outcomes).toEqual(['ok', 'ok']);
    expect(view[511]).toBe(3);
    expect(content[512]).toBe(8);
  });

  it('refuses what its medium cannot do', () => {
    const { clock, drive, outcomes, submit } = build(new Uint8Array(512), { readOnly: true });
    submit('write', 0, new Uint8Array(512));
    submit('read', 512, new Uint8Array(512));
    clock.advance(1e6);
    drive.change(undefined);
    submit('read', 0, new Uint8Array(512));
    clock.advance(1e6);
    expect(outcomes).toEqual(['write-protected', 'out-of-range', 'no-medium']);
  });

  it('fails where it is told to', () => {
    const { clock, outcomes, submit } = build(new Uint8Array(1024), {
      fault: ({ offset }) => (offset === 512 ? 'io-error' : undefined),
    });
    submit('read', 0, new Uint8Array(512));
    submit('read', 512, new Uint8Array(512));
    clock.advance(1e6);
    expect(outcomes).toEqual(['ok', 'io-error']);
  });

  it('rounds an odd medium up to whole sectors of its kind', () => {
    expect(build(new Uint8Array(700)).drive.medium?.bytes).toBe(1024);
    expect(build(new Uint8Array(700), { kind: 'cdrom' }).drive.medium?.bytes).toBe(2048);
  });
});
