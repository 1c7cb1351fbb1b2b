// A guest that rewrites its hot code again and again, so that the engine decodes and compiles it anew each time; and what
// must not grow meanwhile.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FlatGuest } from './flat-guest.ts';

const FUNCTION = 0x10_0000;
const CODE = 0x8000;
/** Rounds of one run, which has a limit of instructions. */
const ROUNDS = 1000;

const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);
const hex = (bytes: readonly number[]): string => bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, '0')).join('');

/** inc dword [FUNCTION + 2]; call FUNCTION four times; dec ecx; jnz */
function program(rounds: number): string {
  const bytes = [0xb9, ...word(rounds)];
  const loop = bytes.length;
  bytes.push(0xff, 0x05, ...word(FUNCTION + 2));
  for (let n = 0; n < 4; n++) bytes.push(0xe8, ...word(FUNCTION - (CODE + bytes.length + 5)));
  bytes.push(0x49, 0x75, loop - (bytes.length + 3));
  return hex(bytes);
}

/** Changes the constant that a function adds, and calls that until it is compiled. */
export class RewritingGuest {
  readonly #guest = new FlatGuest({ bits: 32, accel: 'jit' });
  #constant = 0;

  constructor() {
    // add ebx, 0; ret
    this.#guest.machine.memory.set([0x81, 0xc3, ...word(0), 0xc3], FUNCTION);
    this.#guest.machine.codeChanged();
  }

  /** So many rounds more; throws where the sum is not that of the rounds. */
  play(rounds: number): void {
    for (let left = rounds; left > 0; left -= ROUNDS) this.#play(Math.min(left, ROUNDS));
  }

  #play(rounds: number): void {
    const { cpu } = this.#guest.machine;
    let expected = cpu.low('gpr', 3);
    const vector = this.#guest.run(program(rounds));
    for (let i = 0; i < rounds; i++) expected = (expected + 4 * ++this.#constant) >>> 0;
    const sum = cpu.low('gpr', 3);
    if (vector !== -1 || sum !== expected) throw new Error(`vector ${vector}; the sum is ${sum} instead of ${expected}`);
  }

  /** Regions that there are, what they are estimated to take, and how many have been compiled so far. */
  get regions(): { readonly live: number; readonly bytes: number; readonly compiled: number } {
    const { regions, jit } = this.#guest.machine.engine.inspection;
    return { live: regions?.regions ?? 0, bytes: regions?.bytes ?? 0, compiled: jit?.installed ?? 0 };
  }
}

/** Bytes of the process once all garbage is gone: of objects, and resident ones, with code among them. */
export function bytesInUse(): { readonly heap: number; readonly resident: number } {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
}
