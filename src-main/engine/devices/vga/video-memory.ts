// The adapter's memory and which of its pages were written since the last look. Planes are interleaved: byte
// 4n + p is offset n of plane p, so that a word holds all planes and 256-colour pictures lie in order.

const PAGE_SHIFT = 12;

/** How the processor reaches video memory without asking, given by the machine. */
export interface DirectAccess {
  /** As long as the window at A0000h: memory as chain-4 addressing shows it. */
  readonly copy: Uint8Array;
  /** Sets 1 for each page of 4 KiB that the processor wrote, of the memory and then of the copy; false when none. */
  takeDirtyPages(pages: Uint8Array): boolean;
  /** Lets the window lead to memory from `offset` on (behind its end: to the copy), or to the device again. */
  mapWindow(from: { readonly offset: number } | undefined): void;
}

export class VideoMemory {
  readonly bytes: Uint8Array;
  /** The planes of one offset; plane 0 in the lowest byte. */
  readonly words: Uint32Array;
  /** 1 for each written page of 4 KiB. */
  readonly pages: Uint8Array;
  /** Plane 2 changed, where text modes keep their fonts. */
  fontWritten = true;
  private written = true;
  private readonly direct: DirectAccess | undefined;
  private readonly taken: Uint8Array;
  private readonly copy: Uint32Array;
  private copying = false;

  constructor(bytes: Uint8Array, direct?: DirectAccess) {
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    this.pages = new Uint8Array((bytes.length + 0xfff) >>> PAGE_SHIFT).fill(1);
    this.direct = direct;
    const copy = direct?.copy ?? new Uint8Array(0);
    this.copy = new Uint32Array(copy.buffer, copy.byteOffset, copy.length >>> 2);
    this.taken = new Uint8Array(this.pages.length + (copy.length >>> PAGE_SHIFT));
  }

  /** Lays memory out as chain-4 addressing shows it: four dots, which stand at every fourth offset, next to each other. */
  beginCopy(): void {
    this.collect();
    const { copy, words } = this;
    for (let at = 0; at < copy.length; at++) copy[at] = words[at * 4]!;
    this.copying = true;
  }

  endCopy(): void {
    this.collect();
    this.copying = false;
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
    const { taken, pages } = this;
    if (this.direct?.takeDirtyPages(taken)) {
      for (let page = 0; page < taken.length; page++) {
        if (taken[page] === 0) continue;
        if (page >= pages.length) this.takeCopied(page - pages.length);
        else {
          pages[page] = 1;
          this.written = true;
          this.fontWritten = true;
        }
      }
      taken.fill(0);
    }
    return this.written;
  }

  private takeCopied(page: number): void {
    if (!this.copying) return;
    const first = page << (PAGE_SHIFT - 2);
    const end = first + (1 << (PAGE_SHIFT - 2));
    for (let at = first; at < end; at++) this.setPlanes(at * 4, this.copy[at]!, -1);
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
