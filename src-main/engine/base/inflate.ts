// Deflate, unpacked as a stream that can be left and taken up again at the start of any block. For data too large to
// unpack as a whole; what fits in memory goes through the host's codecs. Reference: RFC 1951.

/** What comes before does not follow the format. `offset`: bytes of the packed stream. */
export class InflateError extends Error {
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(problem);
    this.name = 'InflateError';
    this.offset = offset;
  }
}

/** Where a block starts, and the bytes before it that it may refer to. */
export interface InflatePoint {
  /** Of the packed stream: the byte and the bit in it. */
  readonly byte: number;
  readonly bit: number;
  readonly window: Uint8Array;
}

export const INFLATE_WINDOW = 32768;
const CHUNK = 65536;
/** A longest match may follow when a chunk is full but for one byte. */
const SLACK = 258;
const INPUT = 65536;
/** More than the longest code with all its extra bits needs. */
const MARGIN = 8;

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
];
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Every value of `bits` bits gives the symbol (high) and how many of them are its code (low 4 bits); 0: no code. */
interface CodeTable {
  readonly bits: number;
  readonly entries: Uint16Array;
}

/** Reads packed bytes at a position; fewer than asked for only at the end. */
export type PackedSource = (position: number, into: Uint8Array) => Promise<number>;

export class Inflater {
  readonly #source: PackedSource;
  readonly #input = new Uint8Array(INPUT + MARGIN);
  /** Of the first byte of `#input` in the stream. */
  #inputStart: number;
  #inputEnd = 0;
  #at = 0;
  #ended = false;
  #hold = 0;
  #held = 0;
  /** The window before, then what was made. */
  readonly #output = new Uint8Array(INFLATE_WINDOW + CHUNK + SLACK);
  #made = INFLATE_WINDOW;
  #known: number;
  #block: 'none' | 'stored' | 'codes' = 'none';
  #last = false;
  #storedLeft = 0;
  #literals: CodeTable = FIXED_LITERALS;
  #distances: CodeTable = FIXED_DISTANCES;
  #skipBits: number;

  constructor(source: PackedSource, from: InflatePoint) {
    this.#source = source;
    this.#inputStart = from.byte;
    this.#skipBits = from.bit;
    this.#known = from.window.length;
    this.#output.set(from.window, INFLATE_WINDOW - from.window.length);
  }

  /** Between blocks, and the last was not reached. */
  get atBlockStart(): boolean {
    return this.#block === 'none' && !this.#last;
  }

  get finished(): boolean {
    return this.#block === 'none' && this.#last;
  }

  /** Where the next block starts; only at a block's start. */
  point(): InflatePoint {
    const bits = this.#position() * 8 - this.#held;
    const window = this.#output.slice(
      Math.max(this.#made - this.#known, this.#made - INFLATE_WINDOW),
      this.#made,
    );
    return { byte: Math.floor(bits / 8), bit: bits % 8, window };
  }

  /** Of the first byte behind the stream, once finished. */
  endPosition(): number {
    return this.#position() - (this.#held >> 3);
  }

  /**
   * Goes on, at most to the end of a block and to 64 KiB of output. The result is a view that the next call
   * overwrites; it may be empty.
   */
  async next(): Promise<Uint8Array> {
    if (this.#made > INFLATE_WINDOW) {
      this.#known = Math.min(INFLATE_WINDOW, this.#known);
      this.#output.copyWithin(0, this.#made - INFLATE_WINDOW, this.#made);
      this.#made = INFLATE_WINDOW;
    }
    await this.#fill();
    if (this.#skipBits > 0) {
      this.#take(this.#skipBits);
      this.#skipBits = 0;
    }
    if (this.#block === 'none') {
      if (this.#last) return this.#output.subarray(INFLATE_WINDOW, INFLATE_WINDOW);
      await this.#startBlock();
    }
    if (this.#block === 'stored') await this.#copyStored();
    else
      while (this.#block === 'codes' && this.#made < INFLATE_WINDOW + CHUNK) {
        this.#decode();
        await this.#fill();
      }
    const fresh = this.#output.subarray(INFLATE_WINDOW, this.#made);
    this.#known = Math.min(INFLATE_WINDOW, this.#known + fresh.length);
    return fresh;
  }

  #position(): number {
    return this.#inputStart + this.#at;
  }

  #fail(problem: string): never {
    throw new InflateError(problem, this.#position());
  }

  /** Afterwards there is enough for a code, or what there is is all. */
  async #fill(): Promise<void> {
    const left = this.#inputEnd - this.#at;
    if (left < 0) this.#fail('it ends in the middle');
    if (this.#ended || left >= INPUT / 2) return;
    this.#input.copyWithin(0, this.#at, this.#inputEnd);
    this.#inputStart += this.#at;
    this.#at = 0;
    const room = this.#input.subarray(left, INPUT);
    const got = await this.#source(this.#inputStart + left, room);
    this.#inputEnd = left + got;
    if (got < room.length) {
      this.#ended = true;
      this.#input.fill(0, this.#inputEnd);
    }
  }

  /** Up to 16 bits. */
  #take(count: number): number {
    while (this.#held < count) {
      if (this.#at >= this.#inputEnd) this.#fail('it ends in the middle');
      this.#hold |= this.#input[this.#at++]! << this.#held;
      this.#held += 8;
    }
    const value = this.#hold & ((1 << count) - 1);
    this.#hold >>>= count;
    this.#held -= count;
    return value;
  }

  async #startBlock(): Promise<void> {
    this.#last = this.#take(1) === 1;
    switch (this.#take(2)) {
      case 0:
        this.#startStored();
        return;
      case 1:
        this.#literals = FIXED_LITERALS;
        this.#distances = FIXED_DISTANCES;
        break;
      case 2:
        this.#readCodes();
        break;
      default:
        this.#fail('a block is of an unknown kind');
    }
    this.#block = 'codes';
  }

  #startStored(): void {
    this.#take(this.#held & 7);
    const length = this.#take(16);
    if (length !== (~this.#take(16) & 0xffff)) this.#fail('the length of a stored block is wrong');
    this.#storedLeft = length;
    this.#block = length > 0 ? 'stored' : 'none';
  }

  async #copyStored(): Promise<void> {
    while (this.#storedLeft > 0 && this.#made < INFLATE_WINDOW + CHUNK) {
      await this.#fill();
      if (this.#held > 0) {
        this.#output[this.#made++] = this.#take(8);
        this.#storedLeft--;
        continue;
      }
      const room = INFLATE_WINDOW + CHUNK - this.#made;
      const count = Math.min(this.#storedLeft, room, this.#inputEnd - this.#at);
      if (count === 0) this.#fail('it ends in the middle');
      this.#output.set(this.#input.subarray(this.#at, this.#at + count), this.#made);
      this.#at += count;
      this.#made += count;
      this.#storedLeft -= count;
    }
    if (this.#storedLeft === 0) this.#block = 'none';
  }

  #readCodes(): void {
    const literals = this.#take(5) + 257;
    const distances = this.#take(5) + 1;
    const count = this.#take(4) + 4;
    if (literals > 286 || distances > 30) this.#fail('a block has too many codes');
    const lengths = new Uint8Array(19);
    for (let i = 0; i < count; i++) lengths[CODE_LENGTH_ORDER[i]!] = this.#take(3);
    const table = buildTable(lengths) ?? this.#fail('the codes of code lengths are wrong');
    const all = new Uint8Array(literals + distances);
    for (let i = 0; i < all.length; ) {
      const symbol = this.#symbol(table);
      if (symbol < 16) {
        all[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) this.#fail('a code length repeats nothing');
      const value = symbol === 16 ? all[i - 1]! : 0;
      const repeat =
        symbol === 16 ? 3 + this.#take(2) : symbol === 17 ? 3 + this.#take(3) : 11 + this.#take(7);
      if (i + repeat > all.length) this.#fail('code lengths go too far');
      all.fill(value, i, i + repeat);
      i += repeat;
    }
    this.#literals = buildTable(all.subarray(0, literals)) ?? this.#fail('the literal codes are wrong');
    this.#distances = buildTable(all.subarray(literals)) ?? this.#fail('the distance codes are wrong');
  }

  #symbol(table: CodeTable): number {
    while (this.#held < table.bits && this.#at < this.#inputEnd) {
      this.#hold |= this.#input[this.#at++]! << this.#held;
      this.#held += 8;
    }
    const entry = table.entries[this.#hold & ((1 << table.bits) - 1)]!;
    const bits = entry & 15;
    if (bits === 0 || bits > this.#held)
      this.#fail(bits === 0 ? 'a code is not defined' : 'it ends in the middle');
    this.#hold >>>= bits;
    this.#held -= bits;
    return entry >>> 4;
  }

  /** Decodes until the chunk is full, the block ends or input runs low. */
  #decode(): void {
    const output = this.#output;
    const limit = INFLATE_WINDOW + CHUNK;
    const low = this.#ended ? Number.POSITIVE_INFINITY : this.#inputEnd - MARGIN;
    while (this.#made < limit && this.#at < low) {
      const symbol = this.#symbol(this.#literals);
      if (symbol < 256) {
        output[this.#made++] = symbol;
        continue;
      }
      if (symbol === 256) {
        this.#block = 'none';
        return;
      }
      this.#match(symbol - 257);
    }
  }

  #match(code: number): void {
    const base = LENGTH_BASE[code] ?? this.#fail('a length is not defined');
    const length = base + this.#take(LENGTH_EXTRA[code]!);
    const distanceCode = this.#symbol(this.#distances);
    const from = DISTANCE_BASE[distanceCode] ?? this.#fail('a distance is not defined');
    const distance = from + this.#take(distanceCode < 4 ? 0 : (distanceCode >> 1) - 1);
    const made = this.#made;
    if (distance > Math.min(INFLATE_WINDOW, this.#known + made - INFLATE_WINDOW))
      this.#fail('a distance goes before the start');
    const output = this.#output;
    if (distance >= length) output.copyWithin(made, made - distance, made - distance + length);
    else for (let i = made; i < made + length; i++) output[i] = output[i - distance]!;
    this.#made = made + length;
  }
}

/** Undefined for a set of code lengths that no code has. One code alone, or none, is allowed. */
function buildTable(lengths: Uint8Array): CodeTable | undefined {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length]!++;
  counts[0] = 0;
  let bits = 15;
  while (bits > 1 && counts[bits] === 0) bits--;
  const next = new Uint16Array(17);
  let code = 0;
  let left = 1;
  for (let length = 1; length <= 15; length++) {
    code = (code + counts[length - 1]!) << 1;
    next[length] = code;
    left = left * 2 - counts[length]!;
    if (left < 0) return undefined;
  }
  const used = counts.reduce((sum, count) => sum + count, 0);
  if (left > 0 && used > 1) return undefined;
  const entries = new Uint16Array(1 << bits);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    const reversed = reverseBits(next[length]!++, length);
    for (let at = reversed; at < entries.length; at += 1 << length) entries[at] = (symbol << 4) | length;
  }
  return { bits, entries };
}

function reverseBits(value: number, count: number): number {
  let reversed = 0;
  for (let i = 0; i < count; i++) reversed |= ((value >> i) & 1) << (count - 1 - i);
  return reversed;
}

const fixedLengths = (): Uint8Array =>
  new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);

const FIXED_LITERALS: CodeTable = buildTable(fixedLengths())!;
const FIXED_DISTANCES: CodeTable = buildTable(new Uint8Array(32).fill(5))!;
