// Accesses that share one check of the TLB: in one page and over the end of one, where a region must not be left for ever.

import { describe, expect, it } from 'vitest';
import { likelyRange } from '../../src-main/engine/execution/jit/access-range.ts';
import { FAILURES_HEARD_AS_ONE } from '../../src-main/engine/execution/interpreter/main-loop.ts';
import { FailingSites, WatchedSites } from '../../src-main/engine/execution/jit/failing-sites.ts';
import { decode } from '../../src-main/engine/x86/decode/decoder.ts';
import { FlatGuest } from '../support/flat-guest.ts';

const ROUNDS = 16_000;
const word = (value: number): number[] => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff);
const hex = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** mov ebx, at; mov ecx, ROUNDS; again: mov eax, [ebx]; add [ebx+8], eax; add dword [ebx+40h], 1; dec ecx; jnz again */
function run(accel: 'interp' | 'jit', bits: 32 | 64, at: number) {
  const guest = new FlatGuest({ bits, accel });
  guest.view.setUint32(at, 7, true);
  const loop = [0x8b, 0x03, 0x01, 0x43, 0x08, 0x83, 0x43, 0x40, 0x01, 0xff, 0xc9, 0x75, 0xf3];
  const vector = guest.run(hex([0xbb, ...word(at), 0xb9, ...word(ROUNDS), ...loop]));
  const words = [0, 8, 0x40].map((offset) => guest.view.getUint32(at + offset, true));
  return { vector, words, slowSteps: guest.machine.engine.stats.counters.slowSteps ?? 0 };
}

describe.each([32, 64] as const)('neighbouring accesses, %i bits', (bits) => {
  it.each([
    ['in one page', 0x2_0000],
    ['over the end of a page', 0x2_1000 - 0x20],
    ['each over the end', 0x2_1000 - 2],
  ])('%s', (_place, at) => {
    for (const accel of ['interp', 'jit'] as const)
      expect(run(accel, bits, at)).toMatchObject({ vector: -1, words: [7, 7 * ROUNDS, ROUNDS] });
  });

  it('stay in the region, also where they lie in two pages', () => {
    expect(run('jit', bits, 0x2_1000 - 0x20).slowSteps).toBeLessThan(ROUNDS / FAILURES_HEARD_AS_ONE / 2);
  });
});

/** Words of a table by the low byte of a counter: ecx = ROUNDS; again: movzx eax, cl; add edx, [eax * 4 + table]; dec ecx; jnz again */
const SUM = 'b9 80 3e 00 00 31 d2';
const AGAIN = '0f b6 c1';

describe.each([32, 64] as const)('a table, %i bits', (bits) => {
  const word32 = (value: number): string => hex(word(value));
  /** `read` adds the word that EAX selects to EDX. */
  function sum(accel: 'interp' | 'jit', at: number, prologue: string, read: string) {
    const guest = new FlatGuest({ bits, accel });
    for (let i = 0; i < 256; i++) guest.view.setUint32(at + 4 * i, i * i + 1, true);
    const end = bits === 64 ? 'ff c9' : '49';
    const pass = `${AGAIN} ${read} ${end} 75`;
    const back = 256 - pass.replaceAll(' ', '').length / 2 - 1;
    expect(guest.run(`${SUM} ${prologue} ${pass} ${back.toString(16)}`)).toBe(-1);
    const { machine } = guest;
    return { sum: machine.cpu.low('gpr', 2), slowSteps: machine.engine.stats.counters.slowSteps ?? 0 };
  }
  const expected = Array.from({ length: ROUNDS }, (_, i) => ((i + 1) & 0xff) ** 2 + 1).reduce((a, b) => a + b, 0);
  // In 64-bit code an absolute address needs a SIB byte without base.
  const fixed = (at: number): string => `03 14 85 ${word32(at)}`;
  const byRegister = (at: number): [string, string] => [`bb ${word32(at)}`, '03 14 83'];

  it.each([
    ['in one page', 0x3_0400],
    ['over the end of a page', 0x3_0f00],
  ])('%s', (_place, at) => {
    for (const accel of ['interp', 'jit'] as const) {
      expect(sum(accel, at, '', fixed(at)).sum).toBe(expected);
      expect(sum(accel, at, ...byRegister(at)).sum).toBe(expected);
    }
  });

  it('stays in the region where its check would lie in two pages', () => {
    expect(sum('jit', 0x3_0f00, ...byRegister(0x3_0f00)).slowSteps).toBeLessThan(ROUNDS / FAILURES_HEARD_AS_ONE / 2);
  });
});

/** Instructions one behind the other. */
function block(bytes: readonly number[]) {
  const code = Uint8Array.from(bytes);
  const placed = [];
  for (let offset = 0; offset < code.length; ) {
    const result = decode(code, offset, code.length, { codeBits: 32 }, new Set(), true);
    if (!result.ok) throw new Error(`no instruction at ${offset}`);
    placed.push({ offset, instruction: result.instruction });
    offset += result.instruction.length;
  }
  return placed;
}

describe('what a block is likely to access', () => {
  const ESP = 4;

  it('follows the stack pointer', () => {
    // push ebx; sub esp, 10h; mov [esp+4], eax; add esp, 10h; pop ebx
    const code = block([0x53, 0x83, 0xec, 0x10, 0x89, 0x44, 0x24, 0x04, 0x83, 0xc4, 0x10, 0x5b]);
    expect(likelyRange(code, 0, ESP, 4)).toEqual({ low: -0x10, end: 0 });
  });

  it('ends where the register becomes something else', () => {
    // mov eax, [ebx+4]; mov ebx, [ebx+8]; mov [ebx+20h], eax
    const code = block([0x8b, 0x43, 0x04, 0x8b, 0x5b, 0x08, 0x89, 0x43, 0x20]);
    expect(likelyRange(code, 0, 3, 4)).toEqual({ low: 4, end: 0xc });
    expect(likelyRange(code, 2, 3, 4)).toEqual({ low: 0x20, end: 0x24 });
  });

  it('leaves out what is far away', () => {
    // cmp dword [ebx], 0; mov eax, [ebx+400h]
    const code = block([0x83, 0x3b, 0x00, 0x8b, 0x83, 0x00, 0x04, 0x00, 0x00]);
    expect(likelyRange(code, 0, 3, 4)).toEqual({ low: 0, end: 4 });
  });
});

it('gives up what keeps failing at a place', () => {
  const sites = new FailingSites();
  expect(sites.failed(0x1000)).toBe(false);
  sites.watch(0x1000);
  let failures = 1;
  while (!sites.failed(0x1000)) failures++;
  expect(failures * FAILURES_HEARD_AS_ONE).toBeGreaterThan(50);
  expect(sites.isFailing(0x1000)).toBe(true);
  expect(sites.isFailing(0x1004)).toBe(false);
  sites.pageFailed(0x1000);
  expect(sites.isFailing(0x1004)).toBe(true);
  expect(sites.isFailing(0x2000)).toBe(false);
});

it('gives up what fails now and then where it gives up another', () => {
  const sites = new FailingSites();
  const region = new WatchedSites();
  const [often, seldom, never] = [0x1000, 0x1010, 0x1020];
  for (const host of [often, seldom, never]) region.add(sites, host);
  for (let failures = 0; !region.failed(sites, often); failures++) if (failures % 2 === 0) region.failed(sites, seldom);
  expect([often, seldom, never].map((host) => sites.isFailing(host))).toEqual([true, true, false]);
});

it('translates each region anew that took for granted what keeps failing, and no other', () => {
  const sites = new FailingSites();
  const [first, second, third] = [new WatchedSites(), new WatchedSites(), new WatchedSites()];
  first.add(sites, 0x1000);
  second.add(sites, 0x1000);
  third.add(sites, 0x2000);
  while (!first.failed(sites, 0x1000)) expect(sites.isFailing(0x1000)).toBe(false);
  expect(second.failed(sites, 0x1000)).toBe(true);
  expect(third.failed(sites, 0x1000)).toBe(false);
  expect(third.failed(sites, 0x2000)).toBe(false);
});
