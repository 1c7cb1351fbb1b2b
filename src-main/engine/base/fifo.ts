// A bounded first-in first-out queue of bytes, as found in UARTs and keyboards. One thread only; the
// queue between threads is `ring.ts`.

export class ByteFifo {
  readonly capacity: number;
  private readonly items: Uint8Array;
  private head = 0;
  private count = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.items = new Uint8Array(capacity);
  }

  get length(): number {
    return this.count;
  }

  get room(): number {
    return this.capacity - this.count;
  }

  /** False when full; the byte is then dropped. */
  push(byte: number): boolean {
    if (this.count === this.capacity) return false;
    this.items[(this.head + this.count) % this.capacity] = byte;
    this.count++;
    return true;
  }

  /** The oldest byte, or -1 when empty. */
  shift(): number {
    if (this.count === 0) return -1;
    const byte = this.items[this.head]!;
    this.head = (this.head + 1) % this.capacity;
    this.count--;
    return byte;
  }

  /** The byte at `index` from the front without removing it, or -1. */
  peek(index = 0): number {
    if (index < 0 || index >= this.count) return -1;
    return this.items[(this.head + index) % this.capacity]!;
  }

  /** Replaces the most recently pushed byte; nothing happens when empty. */
  replaceLast(byte: number): void {
    if (this.count > 0) this.items[(this.head + this.count - 1) % this.capacity] = byte;
  }

  clear(): void {
    this.head = 0;
    this.count = 0;
  }
}
