// The serving side of a contract: parses each input, runs the handler, parses its output and answers. A message
// that is no call is dropped; the number of calls in progress is bounded.

import type { Channel } from './channel.ts';
import { own } from './connect.ts';
import type { Contract, EventName, Handlers, Parser, Server } from './contract.ts';
import { type AnswerMessage, callMessage } from './envelope.ts';
import { FailureError, type Outcome, toFailure } from './failure.ts';
import { say } from '../units/phrase.ts';

export interface ServeOptions {
  readonly maxInProgress?: number;
  /** Told of every failure that is not an expected one; its text does not cross the boundary. */
  readonly onUnexpected?: (name: string, error: unknown) => void;
}

type Handler = (input: unknown) => unknown;

/** One call by name, for transports that have requests and answers of their own. Never rejects. */
export type Dispatch = (name: string, input: unknown) => Promise<Outcome>;

export function dispatcher<C extends Contract>(
  contract: C,
  handlers: Handlers<C>,
  options: ServeOptions = {},
): Dispatch {
  const limit = options.maxInProgress ?? 256;
  let inProgress = 0;
  const run = async (name: string, raw: unknown) => {
    const call = own(contract.calls, name);
    const handler = own(handlers as Readonly<Record<string, Handler>>, name);
    if (!call || !handler) throw new FailureError('rpc.unknownCall', 'There is no such call.');
    if (inProgress > limit) throw new FailureError('rpc.tooManyCalls', 'Too many calls are in progress.');
    return call.output.parse(await handler(parseInput(name, raw, call.input)));
  };
  return async (name, input) => {
    inProgress += 1;
    try {
      return { ok: true, output: await run(name, input) };
    } catch (error) {
      if (!(error instanceof FailureError)) options.onUnexpected?.(name, error);
      return { ok: false, failure: toFailure(error) };
    } finally {
      inProgress -= 1;
    }
  };
}

export function serve<C extends Contract>(
  contract: C,
  channel: Channel,
  handlers: Handlers<C>,
  options: ServeOptions = {},
): Server<C> {
  const dispatch = dispatcher(contract, handlers, options);
  let open = true;
  channel.onClose(() => {
    open = false;
  });
  const send = (message: AnswerMessage) => {
    if (open) channel.send(message);
  };
  channel.onMessage((raw) => {
    const parsed = callMessage.safeParse(raw);
    if (!parsed.success) return;
    const { id, name, input } = parsed.data;
    void dispatch(name, input).then((outcome) =>
      send(
        outcome.ok
          ? { type: 'done', id, output: outcome.output }
          : { type: 'failed', id, failure: outcome.failure },
      ),
    );
  });
  return {
    emit: <E extends EventName<C>>(name: E, payload: unknown) => send({ type: 'event', name, payload }),
    dispose: () => {
      open = false;
    },
  };
}

function parseInput(name: string, input: unknown, parser: Parser<unknown>): unknown {
  try {
    return parser.parse(input);
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 1000) : '';
    throw new FailureError('rpc.invalidInput', say`The input of ${name} has a wrong form.`, { reason });
  }
}
