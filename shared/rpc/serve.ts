// The serving side of a contract: parses each input, runs the handler, parses its output and answers. A message
// that is no call is dropped; the number of calls in progress is bounded.

import type { Channel } from './channel.ts';
import { own } from './connect.ts';
import type { Contract, EventName, Handlers, Server } from './contract.ts';
import { type CallMessage, callMessage } from './envelope.ts';
import { FailureError, toFailure } from './failure.ts';

export interface ServeOptions {
  readonly maxInProgress?: number;
  /** Told of every failure that is not an expected one; its text does not cross the boundary. */
  readonly onUnexpected?: (name: string, error: unknown) => void;
}

type Handler = (input: unknown) => unknown;

export function serve<C extends Contract>(
  contract: C,
  channel: Channel,
  handlers: Handlers<C>,
  options: ServeOptions = {},
): Server<C> {
  const limit = options.maxInProgress ?? 256;
  let inProgress = 0;
  let open = true;
  channel.onClose(() => {
    open = false;
  });
  const send = (message: unknown) => {
    if (open) channel.send(message);
  };

  const run = async (message: CallMessage) => {
    const call = own(contract.calls, message.name);
    const handler = own(handlers as Readonly<Record<string, Handler>>, message.name);
    if (!call || !handler) throw new FailureError('rpc.unknownCall', 'There is no such call.');
    if (inProgress > limit) throw new FailureError('rpc.tooManyCalls', 'Too many calls are in progress.');
    const input = parseInput(message, call.input);
    return call.output.parse(await handler(input));
  };

  channel.onMessage((raw) => {
    const parsed = callMessage.safeParse(raw);
    if (!parsed.success) return;
    const message = parsed.data;
    inProgress += 1;
    void run(message)
      .then(
        (output) => send({ type: 'done', id: message.id, output }),
        (error: unknown) => {
          if (!(error instanceof FailureError)) options.onUnexpected?.(message.name, error);
          send({ type: 'failed', id: message.id, failure: toFailure(error) });
        },
      )
      .finally(() => {
        inProgress -= 1;
      });
  });

  return {
    emit: <E extends EventName<C>>(name: E, payload: unknown) => send({ type: 'event', name, payload }),
    dispose: () => {
      open = false;
    },
  };
}

function parseInput(message: CallMessage, parser: { parse(value: unknown): unknown }): unknown {
  try {
    return parser.parse(message.input);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 1000) : '';
    throw new FailureError('rpc.invalidInput', `The input of ${message.name} has a wrong form.`, { reason });
  }
}
