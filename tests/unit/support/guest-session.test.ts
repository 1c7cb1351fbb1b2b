// A program that rests, as the machines of a benchmark do while another one is measured.

import { expect, it } from 'vitest';
import { canMeasureProcesses, GuestSession } from '../../support/guest-session.mjs';

it.runIf(canMeasureProcesses)('uses no processor while it rests, goes on when it is woken, and can be stopped while it rests', async () => {
  const session = new GuestSession(process.execPath, ['-e', 'console.log("up"); for (;;) {}']);
  const spent = async () => {
    const before = session.processorSeconds();
    await new Promise((done) => setTimeout(done, 300));
    return session.processorSeconds() - before;
  };
  try {
    await session.waitFor(/up/, 10_000);
    session.rest();
    expect(await spent()).toBeLessThan(0.02);
    session.wake();
    expect(await spent()).toBeGreaterThan(0);
    session.rest();
  } finally {
    await session.stop();
  }
  await expect(session.ended(1000)).rejects.toThrow('ended by SIGKILL');
});
