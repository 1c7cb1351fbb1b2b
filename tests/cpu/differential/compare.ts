// Compares what machines made of a program, and makes a program that they disagree about smaller.

import { MAX_INSTRUCTIONS, type Outcome, type Player, play } from './play.ts';
import { ENTRY_A } from '../../../src-main/engine/x86/helpers/page-walk.ts';
import { listing, type Program, type Step } from './program.ts';
import { isPageEntry } from './scene.ts';

export interface Difference {
  readonly program: Program;
  readonly players: readonly [string, string];
  readonly lines: readonly string[];
  /** How the program ended on each: what a smaller program has to have in common with it. */
  readonly ends: string;
}

/** Undefined: they agree, or neither came to a proper end. */
export function compare(players: readonly [Player, Player], program: Program): Difference | undefined {
  const [a, b] = players;
  const [left, right] = endedOrNot([a, b], program);
  const lines = differences(left, right, (at) => a.speculates !== b.speculates && isPageEntry(program.scene, at));
  if (lines.length === 0) return undefined;
  const ends = [left, right].map((one) => (one instanceof Error ? one.message : one.end)).join(' / ');
  return { program, players: [a.name, b.name], lines, ends };
}

/** Machines look at their budget between blocks, so that one may still come to the end at which another one's is spent. */
function endedOrNot([a, b]: readonly [Player, Player], program: Program): [Outcome | Error, Outcome | Error] {
  const [left, right] = [attempt(a, program), attempt(b, program)];
  if (isSpent(left) === isSpent(right)) return [left, right];
  return [attempt(a, program, 2 * MAX_INSTRUCTIONS), attempt(b, program, 2 * MAX_INSTRUCTIONS)];
}

const isSpent = (outcome: Outcome | Error): boolean => !(outcome instanceof Error) && outcome.end === 'budget';

/** An exception of the engine itself is an outcome too. */
function attempt(player: Player, program: Program, maxInstructions = MAX_INSTRUCTIONS): Outcome | Error {
  try {
    const outcome = play(player, program, maxInstructions);
    return { ...outcome, memory: player.memory };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    player.restart();
    return error;
  }
}

/** `mayWalk`: whether one of the two may have used an entry of the paging structures, if it is one, that the other has not. */
function differences(a: Outcome | Error, b: Outcome | Error, mayWalk: (at: number) => boolean): string[] {
  if (a instanceof Error || b instanceof Error) return [`${endOf(a)} / ${endOf(b)}`];
  if (a.end === 'unknown' || b.end === 'unknown' || (isVague(a) && isVague(b))) return [];
  const lines: string[] = [];
  if (a.end !== b.end) lines.push(`end: ${a.end} / ${b.end}`);
  let heading = '';
  for (let i = 0; i < Math.max(a.notes.length, b.notes.length) && lines.length < 12; i++) {
    const [left, right] = [a.notes[i] ?? '(nothing)', b.notes[i] ?? '(nothing)'];
    if (left.startsWith('---')) heading = left;
    if (left !== right) lines.push(`${heading.slice(4)}: ${left} / ${right}`);
  }
  return [...lines, ...memoryDifferences(a.memory, b.memory, mayWalk)];
}

const isVague = ({ end }: Outcome): boolean => end === 'budget' || end === 'lost';

const endOf = (outcome: Outcome | Error): string => (outcome instanceof Error ? String(outcome.stack) : outcome.end);

function memoryDifferences(a: Uint8Array, b: Uint8Array, mayWalk: (at: number) => boolean): string[] {
  if (Buffer.compare(a, b) === 0) return [];
  const lines: string[] = [];
  for (let at = 0; at < a.length && lines.length < 8; at++) {
    const differing = (a[at] as number) ^ (b[at] as number);
    const isWalk = differing === ENTRY_A && mayWalk(at);
    if (differing !== 0 && !isWalk) lines.push(`memory ${at.toString(16)}: ${a[at]?.toString(16)} / ${b[at]?.toString(16)}`);
  }
  return lines;
}

/** The difference of the smallest program that still has one, found by taking steps out. */
export function shrink(players: readonly [Player, Player], found: Difference): Difference {
  let best = found;
  for (let size = Math.ceil(best.program.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.program.steps.length; ) {
      const steps: Step[] = best.program.steps.filter((_, index) => index < at || index >= at + size);
      const smaller = compare(players, { ...best.program, steps });
      if (smaller?.ends !== best.ends) at += size;
      else best = smaller;
    }
  }
  return best;
}

export const report = ({ program, players, lines }: Difference): string =>
  [`${players[0]} / ${players[1]} differ:`, listing(program), ...lines.map((line) => `  ${line}`)].join('\n');
