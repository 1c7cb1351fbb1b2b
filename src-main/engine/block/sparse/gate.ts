// Orders the calls on an image: reads overlap, everything that changes it is alone, first come first served.

interface Waiting {
  readonly shared: boolean;
  readonly enter: () => void;
}

export class Gate {
  #readers = 0;
  #writing = false;
  readonly #queue: Waiting[] = [];

  async shared<T>(body: () => Promise<T>): Promise<T> {
    if (this.#writing || this.#queue.length > 0)
      await new Promise<void>((enter) => this.#queue.push({ shared: true, enter }));
    else this.#readers++;
    try {
      return await body();
    } finally {
      this.#readers--;
      this.#admit();
    }
  }

  async exclusive<T>(body: () => Promise<T>): Promise<T> {
    if (this.#writing || this.#readers > 0 || this.#queue.length > 0)
      await new Promise<void>((enter) => this.#queue.push({ shared: false, enter }));
    else this.#writing = true;
    try {
      return await body();
    } finally {
      this.#writing = false;
      this.#admit();
    }
  }

  /** Counts who enters before waking them, so that nobody slips in between. */
  #admit(): void {
    while (!this.#writing) {
      const next = this.#queue[0];
      if (!next || (!next.shared && this.#readers > 0)) return;
      this.#queue.shift();
      if (next.shared) this.#readers++;
      else this.#writing = true;
      next.enter();
    }
  }
}
