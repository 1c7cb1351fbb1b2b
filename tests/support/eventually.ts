// Waits for a condition that other processes or turns of the event loop bring about; fails loudly when it never holds.

import { setTimeout as pause } from 'node:timers/promises';

export async function eventually(condition: () => boolean, what: string, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited ${limitMs} ms in vain: ${what}`);
    await pause(5);
  }
}
