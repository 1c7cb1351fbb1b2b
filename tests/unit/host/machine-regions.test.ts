// Machines on their threads whose regions another thread compiles, or none: what is under way when something happens to them
// does no harm, and regions come again.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { MachineOptions } from '../../../src-main/engine/index.ts';
import { type RunnerHost, runnersOn } from '../../../src-main/host/create-machine-runner.ts';
import { startWorker } from '../../../src-main/host/guest-thread.ts';
import type { MachineRunner, RunnerExtras } from '../../../src-main/host/machine-runner.ts';
import { COUNT, rewritingKernel, rightSum, stillKernel } from '../../support/rewriting-kernel.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { code, tinyKernel } from '../../support/tiny-kernel.ts';
import { testOptions } from '../../support/machine-options.ts';

const ANSWER_BYTES = 8;
/** Two machines, on a computer that may be busy. */
const PATIENCE_MS = 180_000;

const runners: MachineRunner[] = [];
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.powerOff();
});

interface RewriterOptions {
  readonly host?: Partial<RunnerHost>;
  readonly options?: Partial<MachineOptions>;
  readonly extras?: RunnerExtras;
  readonly isStill?: boolean;
}

/** A machine with the kernel that always has regions to compile, or with the one that has as many as functions. */
class Rewriter {
  readonly runner: MachineRunner;
  /** The threads that were started to compile regions. */
  readonly threads: Worker[] = [];
  #serial: number[] = [];
  #changed = (): void => {};
  #crash: Error | undefined;
  /** Rewritings that it has answered for. */
  #rewritten = 0;

  /** Of its log. */
  readonly warnings: string[] = [];

  /** Whether it rewrites nothing. */
  readonly #isStill: boolean;

  constructor({ host = {}, options = {}, extras = {}, isStill = false }: RewriterOptions = {}) {
    this.#isStill = isStill;
    const createRunner = runnersOn({
      processors: () => 2,
      startWorker: (task, transfer) => {
        const thread = startWorker(task, transfer);
        if (task.role === 'regions') this.threads.push(thread);
        return thread;
      },
      ...host,
    });
    this.runner = createRunner(testOptions(isStill ? stillKernel() : rewritingKernel(), { time: 'host', accelerator: 'jit', ...options }), undefined, extras);
    this.runner.on('log', (_level, message) => void this.warnings.push(message));
    runners.push(this.runner);
    this.runner.on('crashed', (error) => {
      this.#crash = error;
      this.#changed();
    });
    this.runner.on('serial', (_port, bytes) => {
      this.#serial.push(...bytes);
      this.#changed();
    });
  }

  async #take(bytes: number): Promise<number[]> {
    while (this.#serial.length < bytes) {
      if (this.#crash !== undefined) throw this.#crash;
      await new Promise<void>((resolve) => { this.#changed = resolve; });
    }
    return this.#serial.splice(0, bytes);
  }

  async greeted(): Promise<void> {
    expect(String.fromCharCode(...(await this.#take(1)))).toBe('>');
    this.#rewritten = 0;
  }

  /** Asks for the sum, which must be right, and of more than the last time. */
  async answers(): Promise<void> {
    this.runner.serialWrite(0, Uint8Array.of(0));
    const answer = new DataView(Uint8Array.from(await this.#take(ANSWER_BYTES)).buffer);
    const rewritten = answer.getUint32(0, true);
    expect(answer.getUint32(4, true)).toBe(this.#isStill ? 0 : rightSum(rewritten));
    expect(rewritten).toBeGreaterThan(this.#rewritten);
    this.#rewritten = rewritten;
  }

  /** Until so many regions more have been compiled, and others are under way. */
  async compiles(more = 1): Promise<void> {
    const before = (await this.runner.stats()).regionsCompiled;
    for (;;) {
      await this.answers();
      const { regionsCompiled, regionsAwaited } = await this.runner.stats();
      if (regionsCompiled >= before + more && regionsAwaited > 0) return;
    }
  }

  /** Until its functions have been compiled, and nothing else is under way. */
  async settles(): Promise<void> {
    for (;;) {
      await this.answers();
      const { regionsCompiled, regionsAwaited } = await this.runner.stats();
      if (regionsCompiled >= COUNT && regionsAwaited === 0) return;
    }
  }
}

describe('regions that a thread of their own compiles', () => {
  it('are compiled on a thread of their own, and come again after resets and once that is lost', async () => {
    const machine = new Rewriter();
    await machine.runner.start();
    await machine.greeted();
    await machine.compiles(20);
    expect(machine.threads).toHaveLength(1);
    const { tierNs } = await machine.runner.stats();
    expect(tierNs['compilerThread']).toBeGreaterThan(tierNs['compiler'] as number);
    for (let resets = 0; resets < 2; resets++) {
      machine.runner.reset();
      await machine.greeted();
      await machine.compiles();
    }
    await machine.threads[0]?.terminate();
    const { regionsCompiled } = await machine.runner.stats();
    while ((await machine.runner.stats()).regionsCompiled < regionsCompiled + 10) await machine.answers();
  });

  it.each([
    ['where there is one processor', { host: { processors: () => 1 } }],
    ['where time is counted in instructions', { options: { time: 'instructions' } }],
  ] as const)("are compiled on the guest's own %s", async (_where, change) => {
    const machine = new Rewriter(change);
    await machine.runner.start();
    await machine.greeted();
    while ((await machine.runner.stats()).regionsCompiled < 10) await machine.answers();
    expect(machine.threads).toEqual([]);
    expect((await machine.runner.stats()).tierNs).not.toHaveProperty('compilerThread');
  });

  it('are under way when its state is saved, which both machines go on with', async () => {
    const path = join(temporaryFolder(), 'rewriting.state');
    const first = new Rewriter();
    await first.runner.start();
    await first.greeted();
    await first.compiles();
    first.runner.pause();
    expect((await first.runner.stats()).regionsAwaited).toBeGreaterThan(0);
    await first.runner.saveState({ path, parent: undefined, layers: [], onReleased: () => {}, onProgress: () => {} });
    first.runner.resume();
    await first.compiles();
    await first.runner.powerOff();

    const second = new Rewriter();
    await second.runner.start(path);
    await second.compiles();
  }, PATIENCE_MS);

  it('are kept for the next start', async () => {
    const codeArchive = join(temporaryFolder(), 'machine.code');
    const first = new Rewriter({ extras: { codeArchive }, isStill: true });
    await first.runner.start();
    await first.greeted();
    await first.settles();
    await first.runner.powerOff();
    const { size } = statSync(codeArchive);
    expect(size).toBeGreaterThan(10_000);

    const second = new Rewriter({ extras: { codeArchive }, isStill: true });
    await second.runner.start();
    await second.greeted();
    await second.settles();
    await second.runner.powerOff();
    // All of it was seen before, but for code around it that has become hot since.
    expect(statSync(codeArchive).size).toBeLessThan(1.5 * size);
    expect([first.warnings, second.warnings]).toEqual([[], []]);
  }, PATIENCE_MS);

  it('are compiled all the same where they cannot be kept, which is said', async () => {
    const codeArchive = temporaryFolder();
    const machine = new Rewriter({ extras: { codeArchive } });
    await machine.runner.start();
    await machine.greeted();
    await machine.compiles(5);
    expect(machine.warnings).toEqual([expect.stringContaining(codeArchive)]);
  });
});

describe('the thread that compiles regions', () => {
  it('does not keep a guest from having ended that has switched itself off', async () => {
    const stuck: Worker[] = [];
    const create = runnersOn({
      processors: () => 2,
      startWorker: (task, transfer) => {
        if (task.role !== 'regions') return startWorker(task, transfer);
        stuck.push(new Worker('setInterval(() => {}, 1000)', { eval: true }));
        return stuck[0] as Worker;
      },
    });
    const options = testOptions(tinyKernel([...code.powerOff(), ...code.spin()]), { time: 'host', accelerator: 'jit' });
    const runner = create(options, undefined, { codeArchive: join(temporaryFolder(), 'machine.code') });
    runners.push(runner);
    const stopped = new Promise((resolve) => runner.on('stopped', resolve));
    await runner.start();
    expect(await stopped).toEqual({ kind: 'power-off' });
    expect(stuck.map(({ threadId }) => threadId)).toEqual([-1]);
  });

  it.each([
    ['at once where code may be there already', true],
    ['not before there is something to compile elsewhere', false],
  ])('is started %s', async (_when, isKept) => {
    const roles: string[] = [];
    const create = runnersOn({
      processors: () => 2,
      startWorker: (task, transfer) => {
        roles.push(task.role);
        return startWorker(task, transfer);
      },
    });
    const kernel = tinyKernel([...code.print('>'), ...code.cli(), ...code.hlt()]);
    const options = testOptions(kernel, { time: 'host', accelerator: 'jit' });
    const runner = create(options, undefined, isKept ? { codeArchive: join(temporaryFolder(), 'machine.code') } : {});
    runners.push(runner);
    const greeted = new Promise((resolve) => runner.on('serial', resolve));
    await runner.start();
    await greeted;
    expect(roles.includes('regions')).toBe(isKept);
  });
});
