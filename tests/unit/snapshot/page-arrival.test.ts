// Memory that comes while the guest runs: nobody sees a page before its content, and who waits is served first.

import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { PageArrival, PageBringer, type PageGroup } from '../../../src-main/engine/snapshot/page-arrival.ts';
import { STATE_PAGE } from '../../../src-main/engine/snapshot/index.ts';

const RAM = 40;
const TAIL = 2;
const BASE = 3 * STATE_PAGE;

/** Group n has pages n, n + 10, n + 20, n + 30; the last one those behind RAM. Page p is full of p + 1. */
function build() {
  const memory = new SharedArrayBuffer(BASE + (RAM + TAIL) * STATE_PAGE);
  const order: number[] = [];
  const gates: (() => void)[] = [];
  const lists = [...Array.from({ length: 10 }, (_, n) => [n, n + 10, n + 20, n + 30]), [40, 41]];
  const groups: PageGroup[] = lists.map((pages, n) => ({
    pages: Uint32Array.from(pages),
    load: async (into) => {
      order.push(n);
      if (n < 10) await new Promise<void>((resolve) => gates.push(resolve));
      for (const page of pages) into.fill(page + 1, page * STATE_PAGE, (page + 1) * STATE_PAGE);
    },
  }));
  const guest = new Uint8Array(memory, BASE);
  return { memory, guest, order, gates, bringer: new PageBringer(guest, RAM, groups) };
}

/** Lets groups in until all are. */
async function open(gates: (() => void)[], until: Promise<void>): Promise<void> {
  let isOver = false;
  void until.then(() => { isOver = true; });
  while (!isOver) {
    gates.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('memory that arrives while the guest runs', () => {
  it('is there before what stands behind RAM is needed, and whole at the end', async () => {
    const { guest, order, gates, bringer } = build();
    await bringer.beforehand();
    expect(order).toEqual([10]);
    expect(guest[41 * STATE_PAGE]).toBe(42);
    await open(gates, bringer.rest(() => false));
    expect(order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (let page = 0; page < RAM + TAIL; page++) expect(guest[page * STATE_PAGE]).toBe(page + 1);
    // Nothing is waited for any more, nor ever was what no group has.
    new PageArrival(BASE, bringer.pages).waitAll(0, BASE + (RAM + TAIL) * STATE_PAGE);
  });

  it('comes first where somebody waits, who sees it whole', async () => {
    const { memory, order, gates, bringer } = build();
    const wanted = [28, 9, 17, 0];
    const worker = new Worker(new URL('../../support/page-waiter.mjs', import.meta.url), { workerData: { memory, base: BASE, pages: bringer.pages, wanted } });
    const answers: unknown[] = [];
    await new Promise((resolve) => worker.once('message', resolve));
    worker.on('message', (message) => answers.push(message));
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    const bell = new Int32Array(bringer.pages.bell);
    while (Atomics.load(bell, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
    const rest = bringer.rest(() => false);
    expect(order.slice(0, 4)).toEqual([8, 0, 1, 2]);
    await open(gates, rest);
    await exited;
    expect(answers).toEqual(wanted.map((page) => ({ page, found: page + 1 })));
  });

  it('is given up when nobody needs it any more', async () => {
    const { order, gates, bringer } = build();
    let isOver = false;
    const rest = bringer.rest(() => isOver);
    isOver = true;
    await open(gates, rest);
    expect(order).toEqual([0, 1, 2, 3]);
  });
});
