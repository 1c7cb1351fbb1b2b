// Regions that a thread of their own compiles: they come, and what became of their code meanwhile is seen.

import { MessageChannel, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { ATTENTION_COMPILED } from '../../../src-main/engine/execution/cpu-words.ts';
import type { RegionThreadMessage } from '../../../src-main/engine/execution/index.ts';
import { MOST_TOGETHER } from '../../../src-main/engine/execution/jit/region-compiler.ts';
import { startWorker } from '../../../src-main/host/guest-thread.ts';
import { GPR_INDEX } from '../../../src-main/engine/x86/state/cpu-state.ts';
import { eventually } from '../../support/eventually.ts';
import { drivenRegions } from '../../support/driven-regions.ts';
import { CODE, FlatGuest } from '../../support/flat-guest.ts';

const NOP = '90';
/** xor eax, eax; mov ecx, 20000; next: add eax, ecx; dec ecx; jnz next */
const SUM = '31c0 b9204e0000 01c8 49 75fb';
const SUM_RESULT = 200_010_000;
/** Where its loop begins. */
const ADD = CODE + 7;

let worker: Worker | undefined;
afterEach(async () => {
  await worker?.terminate();
});

/** A guest whose regions another thread compiles, once that is started; so many of its messages are let in as `passes` says. */
function guestWithChannel() {
  const { port1, port2 } = new MessageChannel();
  const arrived: RegionThreadMessage[] = [];
  const seen: RegionThreadMessage[] = [];
  const arrive = () => {
    const message = receiveMessageOnPort(port1)?.message as RegionThreadMessage | undefined;
    if (message !== undefined) arrived.push(message);
    return arrived.length;
  };
  const state = { posted: 0, passes: Number.POSITIVE_INFINITY, opened: 0 };
  const regionChannel = {
    open: () => void state.opened++,
    post: (request: unknown) => {
      state.posted++;
      port1.postMessage(request);
    },
    receive: () => {
      arrive();
      const message = state.passes > 0 ? arrived.shift() : undefined;
      if (message === undefined) return undefined;
      state.passes--;
      seen.push(message);
      return message;
    },
  };
  const guest = new FlatGuest({ bits: 32, accel: 'jit', regionChannel });
  const { engine, cpu } = guest.machine;
  const start = (): Worker => {
    worker = startWorker({ role: 'regions', task: engine.regionThread, port: port2 }, [port2]);
    return worker;
  };
  const sum = () => {
    guest.run(SUM);
    expect(cpu.get32('gpr')).toBe(SUM_RESULT);
  };
  const answers = () => seen.reduce((sum, message) => sum + (message.kind === 'answers' ? message.answers.length : 0), 0);
  return { guest, engine, start, state, seen, arrive, answers, sum, installed: () => engine.stats.regionsCompiled };
}

/** With that thread at work, which has answered for what ran until then. */
async function guestWithThread() {
  const it = guestWithChannel();
  const thread = it.start();
  await eventually(() => it.guest.run(NOP) === -1 && it.answers() > 0, 'the thread is ready');
  expect(it.engine.stats.regionsAwaited).toBe(0);
  it.state.posted = 0;
  it.seen.length = 0;
  return { ...it, thread };
}

/** Runs the loop until its region has been compiled, and holds the answer back. */
async function asked({ state, arrive, sum }: Awaited<ReturnType<typeof guestWithThread>>): Promise<void> {
  state.passes = 0;
  sum();
  expect(state.posted).toBe(1);
  await eventually(() => arrive() === 1, 'the thread has answered');
}

/** Lets the answer in, and no other, while the guest runs what does not have the loop. */
function answered({ guest, engine, state, answers }: Awaited<ReturnType<typeof guestWithThread>>, run: () => void = () => guest.run(NOP)): void {
  state.passes = 1;
  // What the thread has said of it was perhaps seen while the answer was held back.
  Atomics.or(new Int32Array(engine.memory.buffer, engine.attentionAddress, 1), 0, ATTENTION_COMPILED);
  run();
  expect(answers()).toBe(1);
}

it('compiles while the guest goes on, which then runs what has come', async () => {
  const it = await guestWithThread();
  const before = it.installed();
  const refused = () => it.engine.inspection.jit?.refused as number;
  const refusedBefore = refused();
  await eventually(() => {
    it.sum();
    return it.installed() > before;
  }, 'a region comes');
  const { tierNs, instructions } = it.engine.stats;
  expect(tierNs['compilerThread']).toBeGreaterThan(0);
  it.sum();
  expect(it.engine.stats.instructions - instructions).toBe(60_003);
  // HLT, which ends the program and is hot by then, has no region.
  expect(it.answers()).toBe(it.installed() - before + refused() - refusedBefore);
});

it('compiles regions that go on in one another', async () => {
  const it = await guestWithThread();
  await asked(it);
  answered(it);
  const modules = it.seen.map((message) => (message.kind === 'answers' ? message.compiled?.module : undefined));
  // The table that they find the next one in.
  expect(modules.map((module) => module && WebAssembly.Module.imports(module).some(({ kind }) => kind === 'table'))).toEqual([true]);
});

it('lets regions wait until the thread is ready', async () => {
  const it = guestWithChannel();
  expect(it.state.opened).toBe(0);
  it.sum();
  it.sum();
  expect(it.state.opened).toBe(1);
  const { regionsAwaited } = it.engine.stats;
  expect(regionsAwaited).toBeGreaterThan(0);
  expect([it.state.posted, it.installed()]).toEqual([0, 0]);
  it.start();
  await eventually(() => {
    it.sum();
    return it.installed() >= regionsAwaited;
  }, 'the regions come');
  expect(it.answers()).toBeGreaterThanOrEqual(it.installed());
});

it('throws away what was compiled from code that is gone', async () => {
  const it = await guestWithThread();
  const before = it.installed();
  await asked(it);
  // Running another program writes its bytes, and says so.
  answered(it);
  expect(it.installed()).toBe(before);
  expect(it.engine.inspection.jit?.outdated).toBe(1);
});

it('compares the bytes that a region was made from', async () => {
  const it = await guestWithThread();
  const before = it.installed();
  await asked(it);
  // Not told to the engine, as with bytes that nobody has decoded.
  it.guest.view.setUint8(ADD, 0x29);
  answered(it, it.sum);
  expect(it.installed()).toBe(before);
  expect(it.engine.inspection.jit?.outdated).toBe(1);
});

it('forgets what is under way with the code', async () => {
  const it = await guestWithThread();
  await asked(it);
  it.engine.forgetCode();
  const before = it.installed();
  answered(it);
  expect([it.installed(), it.engine.inspection.jit?.outdated]).toEqual([before, 0]);
});

it('compiles by itself once the thread is lost', async () => {
  const it = await guestWithThread();
  const before = it.installed();
  await asked(it);
  await it.thread.terminate();
  it.engine.loseRegionThread();
  expect(it.installed()).toBe(before);
  it.sum();
  expect(it.installed()).toBe(before + 1);
  expect(it.answers()).toBe(0);
});

it('compiles by itself where the thread never begins', () => {
  const it = guestWithChannel();
  it.sum();
  it.engine.loseRegionThread();
  expect([it.engine.stats.regionsAwaited, it.installed()]).toEqual([0, 0]);
  it.sum();
  expect(it.installed()).toBeGreaterThan(0);
});

/** mov ecx, 10000; first: inc eax; dec ecx; jnz first; mov ecx, 10000; second: inc ebx; dec ecx; jnz second */
const TWO_LOOPS = 'b910270000 40 49 75fc b910270000 43 49 75fc';

it('compiles in one module what comes in a short time', () => {
  const { guest, requests, outcomes, compile, pass } = drivenRegions();
  const { engine, cpu } = guest.machine;
  guest.run(TWO_LOOPS);
  const wanted = requests.length;
  expect(wanted).toBeGreaterThanOrEqual(2);
  compile();
  expect(outcomes()).toEqual([]);
  pass();
  expect(outcomes()).toEqual([Array.from({ length: wanted }, () => 'compiled')]);
  const [eax, ebx] = [cpu.get32('gpr'), cpu.get32('gpr', GPR_INDEX.rbx)];
  guest.run(TWO_LOOPS);
  expect(engine.stats.regionsCompiled).toBe(wanted);
  expect([cpu.get32('gpr') - eax, cpu.get32('gpr', GPR_INDEX.rbx) - ebx]).toEqual([10_000, 10_000]);
});

it('does not wait for others once a module is full', () => {
  const { guest, requests, outcomes, compile, pass } = drivenRegions();
  // One loop behind another: mov ecx, 100; next: inc eax; dec ecx; jnz next
  guest.run('b964000000 40 49 75fc'.repeat(MOST_TOGETHER + 4));
  expect(requests.length).toBeGreaterThan(MOST_TOGETHER);
  const others = requests.length - MOST_TOGETHER;
  compile();
  expect(outcomes().map((answers) => answers.length)).toEqual([MOST_TOGETHER]);
  // The time of the module that was full is not the next one's.
  pass(1);
  expect(outcomes()).toHaveLength(1);
  pass();
  expect(outcomes().map((answers) => answers.length)).toEqual([MOST_TOGETHER, others]);
});

it('says so where the module cannot be made, and the guest goes on', () => {
  const tooLarge = 0x1_0001;
  const { guest, requests, outcomes, compile, pass } = drivenRegions({ change: (task) => ({ ...task, layout: { ...task.layout, pages: tooLarge } }) });
  guest.run(TWO_LOOPS);
  const wanted = requests.length;
  compile();
  pass();
  expect(outcomes()).toEqual([Array.from({ length: wanted }, () => 'refused')]);
  guest.run(TWO_LOOPS);
  const { engine } = guest.machine;
  expect([engine.inspection.jit?.refused, engine.stats.regionsCompiled]).toEqual([wanted, 0]);
});
