// Two joined ends of a channel in one process, with the copying and the order of a real one.

import type { ByteChannel, Channel } from '../../shared/rpc/channel.ts';

class End<T> {
  other: End<T> | undefined;
  readonly #copy: (message: T) => T;
  #handler: (message: T) => void = () => undefined;
  readonly #closeHandlers: (() => void)[] = [];
  closed = false;
  unsent = 0;

  constructor(copy: (message: T) => T) {
    this.#copy = copy;
  }

  send(message: T): void {
    const copy = this.#copy(message);
    const { other } = this;
    queueMicrotask(() => {
      if (other && !other.closed) other.#handler(copy);
    });
  }

  unsentBytes(): number {
    return this.unsent;
  }

  onMessage(handler: (message: T) => void): void {
    this.#handler = handler;
  }

  onClose(handler: () => void): void {
    this.#closeHandlers.push(handler);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const handler of this.#closeHandlers) handler();
    const { other } = this;
    queueMicrotask(() => other?.close());
  }
}

function joined<T>(copy: (message: T) => T): [End<T>, End<T>] {
  const left = new End(copy);
  const right = new End(copy);
  left.other = right;
  right.other = left;
  return [left, right];
}

/** Messages are copied as JSON, the poorest of the transports. */
export function channelPair(): [Channel & { closed: boolean }, Channel & { closed: boolean }] {
  return joined<unknown>((message) => JSON.parse(JSON.stringify(message)));
}

export function byteChannelPair(): [ByteEnd, ByteEnd] {
  return joined<Uint8Array>((bytes) => bytes.slice());
}

/** A test may say that nobody reads: `unsent`. */
interface ByteEnd extends ByteChannel {
  readonly closed: boolean;
  unsent: number;
}
