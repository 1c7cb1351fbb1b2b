// Random programs, machine against machine: the interpreter against the machine without IR, regions against the
// interpreter, and the IR of both as the evaluator runs it against what WebAssembly makes of it. Quick sets; `tests/long/differential.long.test.ts` runs the same for minutes, from other seeds.

import { expect, it } from 'vitest';
import { runCampaign } from './campaign.ts';
import { ROW_COUNT } from './generate.ts';
import { evaluatorPlayer, interpreterPlayer, jitPlayer, keptCodePlayers, oraclePlayer } from './players.ts';
import { SCENES } from './scene.ts';

const LIMITS = { firstSeed: 1, maxFailures: 2 } as const;

it('makes programs from nearly all opcode rows', () => {
  expect(ROW_COUNT).toBeGreaterThan(700);
});

it('finds the interpreter and the oracle in agreement', () => {
  const players = [oraclePlayer(), interpreterPlayer()] as const;
  const scenes = SCENES.filter((scene) => scene.oracle);
  const { failures } = runCampaign({ ...LIMITS, players, scenes, vectors: false, programs: 200, milliseconds: 10_000 });
  expect(failures.join('\n\n')).toBe('');
});

it('finds regions and the interpreter in agreement', () => {
  const players = [interpreterPlayer(), jitPlayer(1)] as const;
  const { failures } = runCampaign({ ...LIMITS, players, scenes: SCENES, vectors: true, programs: 200, milliseconds: 10_000 });
  expect(failures.join('\n\n')).toBe('');
});

it('finds handlers and their evaluated IR in agreement', () => {
  const players = [interpreterPlayer(), evaluatorPlayer('interp')] as const;
  const { failures } = runCampaign({ ...LIMITS, players, scenes: SCENES, vectors: true, programs: 100, milliseconds: 10_000 });
  expect(failures.join('\n\n')).toBe('');
});

it('finds regions and their evaluated IR in agreement', () => {
  const players = [jitPlayer(1), evaluatorPlayer('jit')] as const;
  const { failures } = runCampaign({ ...LIMITS, players, scenes: SCENES, vectors: true, programs: 100, milliseconds: 10_000 });
  expect(failures.join('\n\n')).toBe('');
});

it('finds regions in agreement with those that another machine finds by its code', () => {
  const { players, counts } = keptCodePlayers();
  const { failures } = runCampaign({ ...LIMITS, players, scenes: SCENES, vectors: true, programs: 200, milliseconds: 10_000 });
  expect(failures.join('\n\n')).toBe('');
  // What one of them has learned of an instruction the other may not have.
  expect(counts.found).toBeGreaterThan(2 * counts.made);
});

it('lets one of the two walk to a page that nothing is run from', () => {
  const { failures, programs } = runCampaign({ firstSeed: 995_000_313, maxFailures: 1, players: keptCodePlayers().players, scenes: SCENES, vectors: true, programs: 1, milliseconds: 10_000 });
  expect([programs, failures]).toEqual([1, []]);
});
