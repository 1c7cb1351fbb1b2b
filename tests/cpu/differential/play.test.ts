// What campaigns take for granted: that a program does the same whatever was played before it, and what single programs
// once told apart. Each is written out: programs made from a seed change with every new opcode row.

import { expect, it } from 'vitest';
import { compare } from './compare.ts';
import { MAX_INSTRUCTIONS, play } from './play.ts';
import { interpreterPlayer, jitPlayer, oraclePlayer } from './players.ts';
import type { Program } from './program.ts';
import { SCENES, type Scene, STACK_TOP } from './scene.ts';

const sceneOf = (name: string): Scene => SCENES.find((scene) => scene.name === name) as Scene;

/** Instructions, and HLT behind them. */
const programOf = (scene: string, ...instructions: readonly (readonly number[])[]): Program => ({
  scene: sceneOf(scene),
  seed: 1,
  start: 0x100,
  steps: [...instructions, [0xf4]].map((bytes, id) => ({ id, pieces: [{ bytes }] })),
});

const FXSAVE = [0x48, 0x0f, 0xae, 0x04, 0x25, 0x00, 0x41, 0x02, 0x00];
const OTHERS: readonly { readonly name: string; readonly code: readonly (readonly number[])[] }[] = [
  { name: 'XMM registers', code: [[0x66, 0x0f, 0x76, 0xc0], [0x66, 0x45, 0x0f, 0x76, 0xed]] },
  { name: 'x87 registers', code: [[0xd9, 0xe8], [0xd9, 0xeb]] },
];

it.each(OTHERS)('plays a program alike after one that has changed $name', ({ code }) => {
  const player = interpreterPlayer();
  expect(play(player, programOf('64-bit', ...code)).end).toBe('halt');
  expect(compare([player, interpreterPlayer()], programOf('64-bit', FXSAVE))?.lines).toBeUndefined();
});

it('stores all of the vector registers by the oracle too', () => {
  expect(compare([oraclePlayer(), interpreterPlayer()], programOf('64-bit', FXSAVE))?.lines).toBeUndefined();
});

it.each([-2, -1, 0, 1, 2])('compares programs that end with the budget, or nearly so: %i', (more) => {
  // mov ecx, PASSES; again: dec ecx; jnz again
  const passes = MAX_INSTRUCTIONS / 2 + more;
  const program = programOf('flat 32-bit', [0xb9, passes & 0xff, passes >> 8, 0, 0], [0x49], [0x75, 0xfd]);
  const players = [oraclePlayer(), interpreterPlayer(), jitPlayer(3)];
  for (const one of players) for (const other of players) expect(compare([one, other], program)?.lines).toBeUndefined();
});

it('pushes RF no more behind the instruction that IRET came back to after a fault', () => {
  const popTrap = [[0x68, 0x00, 0x01, 0x00, 0x00], [0x9d]];
  const program = programOf('flat 32-bit', ...popTrap, [0x0f, 0x0b], [0x90]);
  const [oracle, interpreter] = [oraclePlayer(), interpreterPlayer()] as const;
  expect(compare([oracle, interpreter], program)?.lines).toBeUndefined();
  // The frame of #DB stands where that of #UD stood.
  for (const { memory } of [oracle, interpreter]) expect(new DataView(memory.buffer, memory.byteOffset).getUint32(STACK_TOP - 4, true)).toBe(2);
});
