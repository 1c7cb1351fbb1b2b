// The calling side of a contract. Outputs and events are parsed like inputs: the other side may be a process that
// a guest has taken over, so an answer of the wrong form is a failure of that call, never a value.

import type { Channel } from './channel.ts';
import type { CallName, Client, Contract, EventName } from './contract.ts';
import { answerMessage } from './envelope.ts';
import { FailureError, fromFailure } from './failure.ts';
import { say } from '../units/phrase.ts';

interface Pending {
  readonly name: string;
  resolve(output: unknown): void;
  reject(error: FailureError): void;
}

const CLOSED = () => new FailureError('rpc.closed', 'The connection was closed before the answer came.');

export function connect<C extends Contract>(contract: C, channel: Channel): Client<C> {
  const pending = new Map<number, Pending>();
  const listeners = new Map<string, Set<(payload: never) => void>>();
  const closeHandlers: (() => void)[] = [];
  let nextId = 1;
  let closed = false;

  const settle = (id: number, finish: (call: Pending) => void) => {
    const call = pending.get(id);
    if (!call) return;
    pending.delete(id);
    finish(call);
  };
  const deliver = (name: string, payload: unknown) => {
    const parser = own(contract.events, name);
    const handlers = listeners.get(name);
    if (!parser || !handlers) return;
    const parsed = attempt(() => parser.parse(payload));
    if (!parsed.ok) return;
    for (const handler of [...handlers]) handler(parsed.value as never);
  };

  channel.onMessage((raw) => {
    const message = answerMessage.safeParse(raw);
    if (!message.success) return;
    const answer = message.data;
    if (answer.type === 'event') deliver(answer.name, answer.payload);
    else if (answer.type === 'failed') settle(answer.id, (call) => call.reject(fromFailure(answer.failure)));
    else
      settle(answer.id, (call) => {
        const parsed = attempt(() => own(contract.calls, call.name)?.output.parse(answer.output));
        if (parsed.ok) call.resolve(parsed.value);
        else
          call.reject(new FailureError('rpc.invalidOutput', say`The answer to ${call.name} has a wrong form.`));
      });
  });
  channel.onClose(() => {
    closed = true;
    for (const call of pending.values()) call.reject(CLOSED());
    pending.clear();
    for (const handler of closeHandlers) handler();
  });

  return {
    call: (<K extends CallName<C>>(name: K, input?: unknown) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(CLOSED());
        const id = nextId++;
        pending.set(id, { name, resolve, reject });
        channel.send({ type: 'call', id, name, input });
      })) as Client<C>['call'],
    on: (<E extends EventName<C>>(name: E, handler: (payload: never) => void) => {
      const handlers = listeners.get(name) ?? new Set();
      listeners.set(name, handlers.add(handler));
      return () => void handlers.delete(handler);
    }) as Client<C>['on'],
    onClose: (handler) => void closeHandlers.push(handler),
  };
}

/** Own properties only: "constructor" is no call. */
export function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function attempt<T>(work: () => T): { ok: true; value: T } | { ok: false } {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    if (error instanceof Error) return { ok: false };
    throw error;
  }
}
