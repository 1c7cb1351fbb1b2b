// Blocks that are not hot are compiled while the guest sleeps, and only then.

import { describe, expect, it } from 'vitest';
import { MOST_TOGETHER } from '../../../../src-main/engine/execution/jit/region-compiler.ts';
import { drivenRegions } from '../../../support/driven-regions.ts';
import { CODE, type FlatGuest } from '../../../support/flat-guest.ts';

/** xor eax, eax; mov ecx, 2000; next: add eax, ecx; dec ecx; jnz next */
const SUM = '31c0 b9d0070000 01c8 49 75fb';
const SUM_RESULT = 2_001_000;
const LONG_NS = 1e9;
const SHORT_NS = 1e6;
/** So many instructions have to retire between two searches. */
const SEARCH_AFTER = 25_000_000;

/** As if so many instructions had retired. */
function retire(guest: FlatGuest, count: number): void {
  const { cpu } = guest.machine;
  cpu.set64('retired', cpu.get64('retired') + BigInt(count));
}

/** A guest that has run a program, whose loop is warm. */
function started(program = SUM, hotThreshold = 8000) {
  const driven = drivenRegions({ hotThreshold });
  // That the thread is ready is heard of by then.
  driven.guest.run('90');
  driven.guest.run(program);
  retire(driven.guest, SEARCH_AFTER);
  return { ...driven, engine: driven.guest.machine.engine };
}

describe('a sleeping guest', () => {
  it('has compiled what is not hot', () => {
    const { guest, engine, requests, compile, pass } = started();
    expect(requests).toEqual([]);
    engine.rest(false, LONG_NS);
    expect(requests).toHaveLength(1);
    compile();
    pass();
    // What comes is installed without the guest's doing anything.
    engine.rest(false, LONG_NS);
    expect(engine.stats.regionsCompiled).toBe(1);
    guest.run(SUM);
    expect([guest.machine.cpu.get32('gpr'), engine.stats.regionsCompiled]).toEqual([SUM_RESULT, 1]);
  });

  it('has it compiled for the address that it is known by', () => {
    const { engine, requests } = started();
    engine.rest(false, LONG_NS);
    const [request] = requests;
    // By its linear address, and so allowed to reach into other pages.
    expect([request?.mayAsk, request?.linear]).toEqual([true, CODE + 7]);
  });

  it('has nothing compiled in a short sleep', () => {
    const { engine, requests } = started();
    engine.rest(true, SHORT_NS);
    expect(requests).toEqual([]);
  });

  it('is not searched again before it has done much', () => {
    const { guest, engine, requests, compile, pass } = started();
    engine.rest(false, LONG_NS);
    compile();
    pass();
    guest.run(SUM.replace('01c8', '29c8'));
    engine.rest(false, LONG_NS);
    expect(requests).toEqual([]);
    retire(guest, SEARCH_AFTER);
    engine.rest(false, LONG_NS);
    expect(requests).toHaveLength(1);
  });

  it('has nothing compiled for what cannot be, more than once', () => {
    // mov eax, cr0; mov ecx, 2000; next: jmp to what follows; mov cr0, eax, which regions leave out; dec ecx; jnz next
    const { guest, engine, requests, compile, pass, outcomes } = started('0f20c0 b9d0070000 eb00 0f22c0 49 75f8');
    engine.rest(false, LONG_NS);
    compile();
    pass();
    expect(outcomes().flat()).toContain('refused');
    engine.rest(false, LONG_NS);
    retire(guest, SEARCH_AFTER);
    engine.rest(false, LONG_NS);
    expect(requests).toEqual([]);
  });

  it('has no more under way than the thread takes, and the rest later', () => {
    const loops = 3 * MOST_TOGETHER;
    // mov ecx, 150; next: dec ecx; jnz next
    const { engine, requests, compile, pass } = started('b996000000 49 75fd'.repeat(loops), 800);
    engine.rest(false, LONG_NS);
    expect(requests).toHaveLength(2 * MOST_TOGETHER);
    compile();
    pass();
    engine.rest(false, LONG_NS);
    expect([requests.length, engine.stats.regionsCompiled]).toEqual([MOST_TOGETHER, 2 * MOST_TOGETHER]);
  });
});
