// The terminal as the other end of a machine's serial port, over the calls of the service.

import { FailureError } from '../../../shared/rpc/failure.ts';
import { Terminal } from '../terminal.ts';
import type { ControlClient } from './verb.ts';

const POLL_MS = 30;

/** Resolves when the user leaves or the machine has ended. */
export async function serialConsole(client: ControlClient, id: string): Promise<void> {
  let left = false;
  let sent: Promise<unknown> = Promise.resolve();
  const terminal = new Terminal(
    {
      input: (bytes) => {
        const base64 = Buffer.from(bytes).toString('base64');
        sent = sent.then(() => client.call('machines.serialWrite', { id, base64 })).catch(ignoreEnd);
      },
      quit: () => {
        left = true;
      },
    },
    true,
  );
  let after = 0;
  terminal.open();
  try {
    while (!left) {
      const { base64, next } = await client.call('machines.serialRead', { id, after });
      after = next;
      if (base64 !== '') process.stdout.write(Buffer.from(base64, 'base64'));
      else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } catch (error) {
    ignoreEnd(error);
  } finally {
    terminal.close();
  }
}

/** A machine that ends takes its serial port along. */
function ignoreEnd(error: unknown): void {
  if (!(error instanceof FailureError && (error.code === 'machine.wrongState' || error.code === 'rpc.closed'))) throw error;
}
