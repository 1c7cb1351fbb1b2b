// What terminals get of a serial port: what was said before them, what is said now, and not without end.

import { expect, it } from 'vitest';
import { SerialOutput } from '../../../../src-renderer/features/console/serial-output.ts';

function terminal(output: SerialOutput) {
  const heard: number[] = [];
  return { heard, stop: output.listen((bytes) => heard.push(...bytes)) };
}

it('is heard from the beginning by whoever comes later, once', () => {
  const output = new SerialOutput();
  output.add(Uint8Array.of(1, 2));
  const early = terminal(output);
  output.add(Uint8Array.of(3));
  const late = terminal(output);
  early.stop();
  output.add(Uint8Array.of(4));
  expect(early.heard).toEqual([1, 2, 3]);
  expect(late.heard).toEqual([1, 2, 3, 4]);
});

it('forgets the oldest', () => {
  const output = new SerialOutput();
  for (let part = 0; part < 20; part++) output.add(new Uint8Array(64 * 1024).fill(part));
  const { heard } = terminal(output);
  expect(heard.length).toBeLessThanOrEqual(512 * 1024);
  expect(heard.at(-1)).toBe(19);
});
