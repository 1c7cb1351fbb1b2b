// Orders the requests on an image: those that must be alone one at a time, all others together, in the order they came.
// Entering gives undefined when there is nothing to wait for, which spares the common case a promise.

interface Waiter {
  readonly alone: boolean;
  readonly enter: () => void;
}

export class RequestLock {
  #together = 0;
  #alone = false;
  readonly #waiting: Waiter[] = [];

  enterTogether(): Promise<void> | undefined {
    if (!this.#alone && this.#waiting.length === 0) {
      this.#together++;
      return undefined;
    }
    return new Promise((enter) => this.#waiting.push({ alone: false, enter }));
  }

  leaveTogether(): void {
    this.#together--;
    this.#admit();
  }

  /** Runs `work` with no other request inside. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#alone || this.#together > 0 || this.#waiting.length > 0)
      await new Promise<void>((enter) => this.#waiting.push({ alone: true, enter }));
    else this.#alone = true;
    try {
      return await work();
    } finally {
      this.#alone = false;
      this.#admit();
    }
  }

  #admit(): void {
    while (!this.#alone) {
      const next = this.#waiting[0];
      if (next === undefined || (next.alone && this.#together > 0)) return;
      this.#waiting.shift();
      if (next.alone) this.#alone = true;
      else this.#together++;
      next.enter();
    }
  }
}
