// Compiled code of an earlier run: found where memory holds what it was made from and nothing speaks against it, else compiled.

import { describe, expect, it } from 'vitest';
import type { CodeArchive, FoundModule, KeptModule, MadeModule } from '../../../../src-main/engine/execution/index.ts';
import { MOST_WARM } from '../../../../src-main/engine/execution/jit/hot-blocks.ts';
import { type KeptRegion, KeptRegions } from '../../../../src-main/engine/execution/jit/kept-regions.ts';
import type { RegionRequest, RequestPage } from '../../../../src-main/engine/execution/jit/region-request.ts';
import { codeKey } from '../../../../src-main/engine/execution/interpreter/code-key.ts';
import { drivenRegions } from '../../../support/driven-regions.ts';

/** xor eax, eax; mov ecx, 10000; next: add eax, ecx; dec ecx; jnz next */
const SUM = '31c0 b910270000 01c8 49 75fb';
const SUM_RESULT = 50_005_000;
/** With sub eax, ecx. */
const DIFFERENCE = SUM.replace('01c8', '29c8');

/** What `keep` was given, and found later. */
class Memory implements CodeArchive {
  readonly found: FoundModule[] = [];
  readonly kept: { readonly kept: KeptModule; readonly made: MadeModule }[] = [];
  loads = 0;

  keep(kept: KeptModule, made: MadeModule): void {
    this.kept.push({ kept: structuredClone(kept), made });
  }

  /** For the next run. */
  next({ isLost = false } = {}): Memory {
    const next = new Memory();
    for (const [number, { kept, made }] of this.kept.entries())
      next.found.push({
        ...kept,
        number,
        load: () => {
          next.loads++;
          return isLost ? undefined : made.module;
        },
      });
    return next;
  }
}

/** Runs a program until it is compiled, and once more. */
function run(archive: CodeArchive, program: string, hotThreshold = 2) {
  const driven = drivenRegions({ archive, hotThreshold });
  const { guest, compile, pass } = driven;
  for (let rounds = 0; rounds < 3; rounds++) {
    guest.run(program);
    compile();
    pass();
  }
  guest.run(program);
  const { engine, cpu } = guest.machine;
  return { installed: engine.stats.regionsCompiled, eax: cpu.get32('gpr'), ...driven };
}

describe('compiled code that is kept', () => {
  it('is found by the next run, which compiles nothing', () => {
    const first = new Memory();
    const { installed, eax } = run(first, SUM);
    expect([installed > 0, eax]).toEqual([true, SUM_RESULT]);
    expect(first.kept.flatMap(({ kept }) => kept.regions)).toHaveLength(installed);
    const second = first.next();
    const again = run(second, SUM);
    expect([again.installed, again.eax, second.kept]).toEqual([installed, SUM_RESULT, []]);
    expect(second.loads).toBe(installed);
  });

  it('is an instance of its module for all its regions', () => {
    const first = new Memory();
    const twice = `${SUM} ${SUM}`;
    const { installed } = run(first, twice);
    const together = first.kept.find(({ kept }) => kept.regions.length > 1);
    expect(together).toBeDefined();
    const again = run(first.next(), twice);
    expect(again.installed).toBe(installed);
    const { regions, bytes } = again.guest.machine.engine.inspection.regions as { regions: number; bytes: number };
    // Each module is counted with what it takes besides its regions.
    const modules = first.kept.length;
    expect([regions, bytes]).toEqual([installed, first.kept.reduce((sum, { kept }) => sum + 6 * kept.bytes.reduce((all, one) => all + one, 0), modules * 12 * 1024)]);
  });

  it('is not taken for other code', () => {
    const first = new Memory();
    run(first, SUM);
    const second = first.next();
    const { eax } = run(second, DIFFERENCE);
    expect([eax, second.kept.length > 0]).toEqual([-SUM_RESULT >>> 0, true]);
  });

  it('is compiled anew where it cannot be loaded', () => {
    const first = new Memory();
    const { installed } = run(first, SUM);
    const second = first.next({ isLost: true });
    const again = run(second, SUM);
    expect([again.installed, again.eax, second.kept.length]).toEqual([installed, SUM_RESULT, first.kept.length]);
  });

  it('is made of what nearly became hot when the guest has ended', () => {
    const [often, seldom] = [SUM.replace('10270000', '88130000'), DIFFERENCE.replace('10270000', 'b80b0000')];
    const program = `${seldom} ${often}`;
    const started = (archive?: CodeArchive) => {
      const driven = drivenRegions({ hotThreshold: 8000, ...(archive && { archive }) });
      // What the thread knows, and whether it keeps code, is heard of when it is ready.
      driven.guest.run('90');
      driven.guest.run(program);
      return driven;
    };
    const nowhere = started();
    nowhere.guest.machine.engine.keepWarmCode();
    expect(nowhere.requests).toEqual([]);
    const archive = new Memory();
    const { guest, requests, compile, thread } = started(archive);
    expect(requests).toEqual([]);
    guest.machine.engine.keepWarmCode();
    const entries = requests.map(({ entry }) => entry);
    compile();
    expect(archive.kept).toEqual([]);
    thread.end();
    expect(archive.kept.flatMap(({ kept }) => kept.regions.map(({ entry }) => entry))).toEqual(entries);
    expect(entries).toHaveLength(1);
    const second = archive.next();
    const again = started(second);
    again.compile();
    again.guest.run(program);
    expect([again.guest.machine.engine.stats.regionsCompiled, second.loads, second.kept]).toEqual([1, 1, []]);
  });

  it('is not made of everything that a guest can bring about', () => {
    const { guest, requests } = drivenRegions({ hotThreshold: 8, archive: new Memory() });
    guest.run('90');
    // mov ecx, 6; next: dec ecx; jnz next
    guest.run('b906000000 49 75fd'.repeat(MOST_WARM + 100));
    expect(requests).toEqual([]);
    guest.machine.engine.keepWarmCode();
    expect(requests).toHaveLength(MOST_WARM);
  });

  it('comes sooner than other code', () => {
    const first = new Memory();
    run(first, SUM, 8000);
    const awaited = [first.next(), new Memory()].map((archive) => {
      const { guest } = drivenRegions({ archive, hotThreshold: 8000 });
      // What the thread knows is heard of when it is ready.
      guest.run('90');
      guest.run(SUM.replace('10270000', '2c010000'));
      return guest.machine.engine.stats.regionsAwaited;
    });
    expect(awaited).toEqual([1, 0]);
  });
});

const MODE = 5;
const ENTRY = 0xff8;
/** The region's code is in two pages. */
const [FIRST, SECOND] = [0x3000, 0x7000];
const CODE = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

/** Guest memory with the code, and a region of it. */
function keptRegion(facts: Partial<KeptRegion['facts']> = {}, region: Partial<KeptRegion> = {}) {
  const memory = new Uint8Array(0x8000);
  memory.set(CODE.subarray(0, 8), FIRST + ENTRY);
  memory.set(CODE.subarray(8), SECOND);
  const whole: KeptRegion = {
    key: codeKey(memory, FIRST + ENTRY, MODE), mode: MODE, entry: ENTRY, function: 0, fcw: undefined,
    facts: {
      instructions: 4, pages: [0, 1], code: { places: [ENTRY, 8, 0x1000, 8], bytes: CODE },
      wide: [], supposing: [], deviceCalls: [], supposesControl: false, ...facts,
    },
    ...region,
  };
  const module: FoundModule = { number: 0, bytes: [1], regions: [whole], load: () => undefined };
  return { memory, kept: new KeptRegions([module], memory), match: { module, region: whole } };
}

const page = (index: number, host: number | undefined, learned: Partial<RequestPage> = {}): RequestPage => ({
  index, host, entered: [], narrow: [], cautious: [], devices: [], ...learned,
});
const request = (pages: readonly RequestPage[], more: Partial<RegionRequest> = {}): RegionRequest => ({
  ticket: 1, linear: 0, mode: MODE, entry: ENTRY, pages, mayAsk: true, fcw: undefined, ...more,
});
const BOTH = [page(0, FIRST), page(1, SECOND)];

describe('a region that is kept', () => {
  it('asks for the other pages that its code is in', () => {
    const { kept, match } = keptRegion();
    expect(kept.find(request([page(0, FIRST)]))).toEqual({ wanted: [1] });
    expect(kept.find(request(BOTH))).toEqual(match);
    expect(kept.find(request([page(0, FIRST)], { mayAsk: false }))).toBeUndefined();
    expect(kept.find(request([page(0, FIRST), page(1, undefined)]))).toBeUndefined();
  });

  it('is for one mode, and one place in a page', () => {
    const { memory, kept } = keptRegion();
    expect(kept.find(request(BOTH, { mode: MODE + 1 }))).toBeUndefined();
    memory.copyWithin(FIRST + ENTRY - 1, FIRST + ENTRY, FIRST + 0x1000);
    expect(kept.find(request(BOTH, { entry: ENTRY - 1 }))).toBeUndefined();
  });

  it('is of the same code to its last byte', () => {
    const { memory, kept } = keptRegion();
    memory[SECOND + 7] = 0;
    expect(kept.find(request(BOTH))).toBeUndefined();
    memory[SECOND + 7] = 16;
    expect(kept.find(request(BOTH))).toBeDefined();
  });

  const LEARNED: readonly [what: string, facts: Partial<KeptRegion['facts']>, known: Partial<RequestPage>, suits: boolean][] = [
    ['a check that is too wide', { wide: [0x1004] }, { narrow: [4] }, false],
    ['another check', { wide: [0x1004] }, { narrow: [0] }, true],
    ['the same offset in another page', { wide: [ENTRY] }, { narrow: [ENTRY] }, true],
    ['numbers that are unusual', { supposing: [0x1004] }, { cautious: [4] }, false],
    ['a page of such numbers', { supposing: [0x1004] }, { cautious: 'all' }, false],
    ['a page of such numbers elsewhere', { supposing: [ENTRY] }, { cautious: 'all' }, true],
    ['an instruction that reaches devices', {}, { devices: [4] }, false],
    ['one that is known to', { deviceCalls: [0x1004] }, { devices: [4] }, true],
    ['one behind it', {}, { devices: [8] }, true],
  ];
  it.each(LEARNED)('has to know of %s', (_what, facts, known, suits) => {
    const { kept } = keptRegion(facts);
    expect(kept.find(request([page(0, FIRST), page(1, SECOND, known)])) !== undefined).toBe(suits);
  });

  it('may be for one x87 control word', () => {
    const { kept } = keptRegion({ supposesControl: true }, { fcw: 0x37f });
    expect([0x37f, 0x27f, undefined].map((fcw) => kept.find(request(BOTH, { fcw })) !== undefined)).toEqual([true, false, false]);
  });

  it('is not found again once it is lost', () => {
    const { kept, match } = keptRegion();
    kept.lose(match.module);
    expect(kept.find(request(BOTH))).toBeUndefined();
  });

  it('gives way to one that was made later', () => {
    const { memory, match } = keptRegion();
    const later: FoundModule = { ...match.module, number: 1 };
    expect(new KeptRegions([match.module, later], memory).find(request(BOTH))).toEqual({ ...match, module: later });
  });
});
