// Splits a stream of set 1 scan codes into key movements, keys named as the keyboard device names them: by make
// code, E0h and E1h prefixed ones as E0xxh and E1xxh. Reference: IBM PS/2 technical reference, scan code set 1.

export interface KeyMovement {
  readonly key: number;
  readonly down: boolean;
}

const PAUSE_KEY = 0xe11d;
const BREAK = 0x80;
/** E0 2A and E0 36: shifts a keyboard fakes around some keys; the device fakes its own. */
const FAKE_SHIFTS: readonly number[] = [0x2a, 0x36];

export class ScanCodeReader {
  #prefix = 0;
  #pauseBytes = 0;

  read(scanCodes: Uint8Array): KeyMovement[] {
    const movements: KeyMovement[] = [];
    for (const code of scanCodes) {
      const movement = this.#take(code);
      if (movement !== undefined) movements.push(movement);
    }
    return movements;
  }

  #take(code: number): KeyMovement | undefined {
    if (this.#pauseBytes > 0) {
      // E1 1D 45 E1 9D C5: the second half is the release, which Pause reports at once.
      this.#pauseBytes -= 1;
      return this.#pauseBytes === 0 && code < BREAK ? { key: PAUSE_KEY, down: true } : undefined;
    }
    if (code === 0xe1) {
      this.#pauseBytes = 2;
      return undefined;
    }
    if (code === 0xe0) {
      this.#prefix = 0xe000;
      return undefined;
    }
    const prefix = this.#prefix;
    this.#prefix = 0;
    if (prefix !== 0 && FAKE_SHIFTS.includes(code & 0x7f)) return undefined;
    return { key: prefix | (code & 0x7f), down: (code & BREAK) === 0 };
  }
}
