// A small assembler for the firmware's own code: labels, data and the few 16-bit instructions that stubs, interrupt
// handlers and the demo consist of. Not a general one: each method makes one encoding. The tests run its output through
// the decoder.
// Reference: Intel SDM vol. 2, opcode tables.

/** Registers by their number in an encoding. */
export const R16 = { ax: 0, cx: 1, dx: 2, bx: 3, sp: 4, bp: 5, si: 6, di: 7 } as const;
export type Reg16 = keyof typeof R16;
const SEGMENT_PUSH = { es: 0x06, cs: 0x0e, ss: 0x16, ds: 0x1e } as const;
const SREG = { es: 0, cs: 1, ss: 2, ds: 3 } as const;
type Segment = keyof typeof SEGMENT_PUSH;
const CONDITION = { c: 2, nc: 3, z: 4, nz: 5, b: 2, ae: 3, be: 6, a: 7, l: 12, ge: 13, le: 14, g: 15 } as const;

type Patch = { readonly at: number; readonly label: string; readonly kind: 'rel8' | 'rel16' | 'rel32' | 'abs16' };

/** An instruction that only the firmware of this board understands: where it stands and what it asks for. */
export interface ServicePoint {
  readonly offset: number;
  readonly name: string;
}

/** From the service instruction to the code for each outcome. */
export const EXIT_DONE = 2;
export const EXIT_HALT = 4;
export const EXIT_SPIN = 9;

export class Assembler {
  readonly bytes: Uint8Array;
  readonly services: ServicePoint[] = [];
  readonly #labels = new Map<string, number>();
  readonly #patches: Patch[] = [];
  #at = 0;
  #unique = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  get here(): number {
    return this.#at;
  }

  /** Goes on at an offset that nothing has been written to. */
  org(offset: number): this {
    if (this.bytes.subarray(offset, offset + 1).some((byte) => byte !== 0)) throw new RangeError(`ROM offset ${offset.toString(16)}h is taken`);
    this.#at = offset;
    return this;
  }

  align(unit: number): this {
    this.#at = Math.ceil(this.#at / unit) * unit;
    return this;
  }

  label(name: string): this {
    if (this.#labels.has(name)) throw new RangeError(`label ${name} twice`);
    this.#labels.set(name, this.#at);
    return this;
  }

  offsetOf(name: string): number {
    const offset = this.#labels.get(name);
    if (offset === undefined) throw new RangeError(`no label ${name}`);
    return offset;
  }

  db(...values: number[]): this {
    for (const value of values) {
      if (this.#at >= this.bytes.length || this.bytes[this.#at] !== 0) throw new RangeError(`ROM offset ${this.#at.toString(16)}h is taken`);
      this.bytes[this.#at++] = value;
    }
    return this;
  }

  dw(...values: number[]): this {
    for (const value of values) this.db(value & 0xff, (value >> 8) & 0xff);
    return this;
  }

  dd(...values: number[]): this {
    for (const value of values) this.dw(value & 0xffff, value >>> 16);
    return this;
  }

  data(bytes: Uint8Array): this {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  ascii(text: string): this {
    for (const character of text) this.db(character.charCodeAt(0));
    return this;
  }

  /** A 16-bit offset of a label. */
  dwLabel(label: string): this {
    return this.#patched('abs16', label);
  }

  // Services.

  /** #UD on any other processor or place; here the firmware acts on it and goes on behind. */
  service(name: string): this {
    this.services.push({ offset: this.#at, name });
    return this.db(0x0f, 0x0b);
  }

  /** A service that may have to wait, by HLT or by turning round, with interrupts on meanwhile. */
  waitingService(name: string): this {
    const again = `${name}.again${this.#unique}`;
    const done = `${name}.done${this.#unique++}`;
    this.label(again).service(name).jmpShort(done);
    this.sti().hlt().cli().jmpShort(again);
    this.sti().nop().cli().jmpShort(again);
    return this.label(done);
  }

  // Instructions.

  cli(): this { return this.db(0xfa); }
  sti(): this { return this.db(0xfb); }
  cld(): this { return this.db(0xfc); }
  stc(): this { return this.db(0xf9); }
  hlt(): this { return this.db(0xf4); }
  nop(): this { return this.db(0x90); }
  iret(): this { return this.db(0xcf); }
  ret(): this { return this.db(0xc3); }
  retf(): this { return this.db(0xcb); }
  pusha(): this { return this.db(0x60); }
  popa(): this { return this.db(0x61); }
  int(vector: number): this { return this.db(0xcd, vector); }
  push(register: Reg16): this { return this.db(0x50 + R16[register]); }
  pop(register: Reg16): this { return this.db(0x58 + R16[register]); }
  pushSegment(segment: Segment): this { return this.db(SEGMENT_PUSH[segment]); }
  popSegment(segment: Exclude<Segment, 'cs'>): this { return this.db(SEGMENT_PUSH[segment] + 1); }
  movImmediate(register: Reg16, value: number): this { return this.db(0xb8 + R16[register]).dw(value); }
  movLabel(register: Reg16, label: string): this { return this.db(0xb8 + R16[register]).#patched('abs16', label); }
  movAl(value: number): this { return this.db(0xb0, value); }
  movAh(value: number): this { return this.db(0xb4, value); }
  movToSegment(segment: Exclude<Segment, 'cs'>, from: Reg16): this { return this.db(0x8e, 0xc0 | (SREG[segment] << 3) | R16[from]); }
  movRegister(to: Reg16, from: Reg16): this { return this.db(0x89, 0xc0 | (R16[from] << 3) | R16[to]); }
  xorSame(register: Reg16): this { return this.db(0x31, 0xc0 | (R16[register] * 9)); }
  addSp(bytes: number): this { return this.db(0x83, 0xc4, bytes); }
  testAl(mask: number): this { return this.db(0xa8, mask); }
  inAl(port: number): this { return this.db(0xe4, port); }
  outAl(port: number): this { return this.db(0xe6, port); }
  outDxAx(): this { return this.db(0xef); }
  outDxAl(): this { return this.db(0xee); }
  inAxDx(): this { return this.db(0xed); }
  /** `far [offset]` in DS. */
  callFarMemory(offset: number): this { return this.db(0xff, 0x1e).dw(offset); }
  jmpFar(segment: number, label: string): this { return this.db(0xea).#patched('abs16', label).dw(segment); }
  jmpShort(label: string): this { return this.db(0xeb).#patched('rel8', label); }
  jmp(label: string): this { return this.db(0xe9).#patched('rel16', label); }
  call(label: string): this { return this.db(0xe8).#patched('rel16', label); }
  jcc(condition: keyof typeof CONDITION, label: string): this { return this.db(0x70 + CONDITION[condition]).#patched('rel8', label); }

  jccNear(condition: keyof typeof CONDITION, label: string): this { return this.db(0x0f, 0x80 + CONDITION[condition]).#patched('rel16', label); }
  loop(label: string): this { return this.db(0xe2).#patched('rel8', label); }

  /** The image with all labels filled in. */
  build(): Uint8Array {
    for (const { at, label, kind } of this.#patches) this.#fill(at, this.offsetOf(label), kind);
    this.#patches.length = 0;
    return this.bytes;
  }

  #patched(kind: Patch['kind'], label: string): this {
    this.#patches.push({ at: this.#at, label, kind });
    this.#at += kind === 'rel8' ? 1 : kind === 'rel32' ? 4 : 2;
    return this;
  }

  #fill(at: number, target: number, kind: Patch['kind']): void {
    const bytes = kind === 'rel8' ? 1 : kind === 'rel32' ? 4 : 2;
    const value = kind === 'abs16' ? target : target - (at + bytes);
    if (kind === 'rel8' && (value < -128 || value > 127)) throw new RangeError(`jump at ${at.toString(16)}h is too far`);
    for (let i = 0; i < bytes; i++) this.bytes[at + i] = (value >> (8 * i)) & 0xff;
  }
}
