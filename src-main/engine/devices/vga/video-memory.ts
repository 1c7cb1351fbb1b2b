// The adapter's memory and which of its pages were written since the last look. Planes are interleaved: byte
// 4n + p is offset n of plane p, so that a word holds all planes and 256-colour pictures lie in order.

const PAGE_SHIFT = 12;

export class VideoMemory {
  readonly bytes: Uint8Array;
  /** The planes of one offset; plane 0 in the lowest byte. */
  readonly words: Uint32Array;
  /** 1 for each written page of 4 KiB. */
  readonly pages: Uint8Array;
  /** Plane 2 changed, where text modes keep their fonts. */
  fontWritten = true;
  private written = true;
  private readonly takeDirtyPages: ((pages: Uint8Array) => boolean) | undefined;
  private readonly taken: Uint8Array;

  /** `takeDirtyPages` says which pages the processor wrote without asking this device; false when there are none. */
  constructor(bytes: Uint8Array, takeDirtyPages?: (pages: Uint8Array) => boolean) {
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    this.pages = new Uint8Array((bytes.length + 0xfff) >>> PAGE_SHIFT).fill(1);
    this.takeDirtyPages = takeDirtyPages;
    this.taken = new Uint8Array(this.pages.length);
  }

  setByte(at: number, value: number): void {
    if (this.bytes[at] === value) return;
    this.bytes[at] = value;
    this.pages[at >>> PAGE_SHIFT] = 1;
    this.written = true;
  }

  /** Writes the planes of offset `at` that `mask` covers. */
  setPlanes(at: number, value: number, mask: number): void {
    const old = this.words[at]!;
    const changed = (old ^ value) & mask;
    if (changed === 0) return;
    this.words[at] = old ^ changed;
    this.pages[at >>> (PAGE_SHIFT - 2)] = 1;
    this.written = true;
    if ((changed & 0xff_0000) !== 0) this.fontWritten = true;
  }

  markAll(): void {
    this.pages.fill(1);
    this.written = true;
    this.fontWritten = true;
  }

  /** Whether `pages` says anything new; what it says stays until `clean`. */
  collect(): boolean {
    if (this.takeDirtyPages?.(this.taken)) {
      for (let page = 0; page < this.taken.length; page++) this.pages[page]! |= this.taken[page]!;
      this.taken.fill(0);
      this.written = true;
      this.fontWritten = true;
    }
    return this.written;
  }

  clean(): void {
    if (!this.written) return;
    this.pages.fill(0);
    this.written = false;
    this.fontWritten = false;
  }

  /** Whether any byte of a range was written. */
  isDirty(from: number, to: number): boolean {
    const last = (to - 1) >>> PAGE_SHIFT;
    for (let page = from >>> PAGE_SHIFT; page <= last; page++) if (this.pages[page] === 1) return true;
    return false;
  }
}
