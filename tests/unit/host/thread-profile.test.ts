// Where a thread's time goes: samples of V8 sorted by what they are for.

import type { Profiler } from 'node:inspector';
import { describe, expect, it } from 'vitest';
import { profileRows, ThreadProfiler } from '../../../src-main/host/thread-profile.ts';

const frame = (functionName: string, url = 'file:///engine.js') => ({
  functionName, url, scriptId: '1', lineNumber: 0, columnNumber: 0,
});
const WASM = 'wasm://wasm/1';

describe('a profile of the machine\'s thread', () => {
  it('counts own time by what a function does for the guest', () => {
    const nodes: Profiler.ProfileNode[] = [
      { id: 1, callFrame: frame('(root)', ''), children: [2, 9] },
      { id: 2, callFrame: frame('run'), children: [3] },
      { id: 3, callFrame: frame('#runUntilStop'), children: [4, 8] },
      { id: 4, callFrame: frame('dispatch', WASM), children: [5, 6] },
      { id: 5, callFrame: frame('region c0100000', WASM), children: [7] },
      { id: 6, callFrame: frame('slowRead'), children: [] },
      { id: 7, callFrame: frame('f2xm1'), children: [] },
      { id: 8, callFrame: frame('#compile'), children: [10] },
      { id: 9, callFrame: frame('(idle)', ''), children: [] },
      { id: 10, callFrame: frame('lowerFunction'), children: [] },
    ];
    const samples = [5, 5, 5, 4, 6, 7, 10, 9];
    const rows = profileRows({ nodes, startTime: 0, endTime: 8000, samples, timeDeltas: samples.map(() => 1000) });
    expect(rows[0]).toEqual({ kind: 'region', name: 'c0100000', ms: 3 });
    const kinds = Object.fromEntries(rows.map(({ name, kind }) => [name, kind]));
    expect(kinds).toEqual({
      c0100000: 'region', dispatch: 'interpreter', slowRead: 'memory', f2xm1: 'helper', lowerFunction: 'compile', '(idle)': 'idle',
    });
  });

  it('is taken of the thread that asks', () => {
    const profiler = new ThreadProfiler();
    let sum = 0;
    const slowRead = (): void => {
      const end = performance.now() + 50;
      while (performance.now() < end) sum += Math.sqrt(sum + 1);
    };
    slowRead();
    const own = profiler.finish().filter(({ kind }) => kind === 'memory');
    expect(own.reduce((total, { ms }) => total + ms, 0)).toBeGreaterThan(5);
  });
});
