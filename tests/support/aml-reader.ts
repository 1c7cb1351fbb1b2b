// Reads back the AML our tables use, written from the grammar alone (ACPI 6.5, 20.2), as an independent check of
// the encoder. Unknown opcodes throw.

export type AmlTerm =
  | {
      readonly op: 'name' | 'scope' | 'device' | 'processor' | 'method';
      readonly path: string;
      readonly value: AmlValue | undefined;
      readonly body: readonly AmlTerm[];
    }
  | { readonly op: 'store' | 'return'; readonly value: AmlValue; readonly path: string };

export type AmlValue = number | string | Uint8Array | { readonly argument: number } | readonly AmlValue[];

export class AmlReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  terms(end = this.#bytes.length): AmlTerm[] {
    const terms: AmlTerm[] = [];
    while (this.#at < end) terms.push(this.#term());
    if (this.#at !== end) throw new Error(`term runs over the end of its package at ${this.#at}`);
    return terms;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error('end of AML');
    return byte;
  }

  #term(): AmlTerm {
    const op = this.#byte();
    switch (op) {
      case 0x08:
        return { op: 'name', path: this.#path(), value: this.#value(), body: [] };
      case 0x10:
        return this.#block('scope');
      case 0x14:
        return this.#block('method');
      case 0x70:
        return { op: 'store', value: this.#value(), path: this.#path() };
      case 0xa4:
        return { op: 'return', value: this.#value(), path: '' };
      case 0x5b: {
        const extended = this.#byte();
        if (extended === 0x82) return this.#block('device');
        if (extended === 0x83) return this.#block('processor');
      }
    }
    throw new Error(`unknown opcode ${op.toString(16)} at ${this.#at - 1}`);
  }

  #block(op: 'scope' | 'method' | 'device' | 'processor'): AmlTerm {
    const end = this.#packageEnd();
    const path = this.#path();
    let value: AmlValue | undefined;
    if (op === 'method') value = this.#byte();
    if (op === 'processor') {
      value = this.#byte();
      this.#at += 5;
    }
    return { op, path, value, body: this.terms(end) };
  }

  #packageEnd(): number {
    const start = this.#at;
    const lead = this.#byte();
    const following = lead >> 6;
    let length = following === 0 ? lead & 0x3f : lead & 0x0f;
    for (let i = 0; i < following; i++) length |= this.#byte() << (4 + 8 * i);
    return start + length;
  }

  #path(): string {
    let text = '';
    let byte = this.#byte();
    while (byte === 0x5c || byte === 0x5e) {
      text += String.fromCharCode(byte);
      byte = this.#byte();
    }
    let count = 1;
    if (byte === 0x00) return text;
    if (byte === 0x2e) count = 2;
    else if (byte === 0x2f) count = this.#byte();
    else this.#at -= 1;
    const segments = Array.from({ length: count }, () => {
      const segment = String.fromCharCode(...this.#bytes.subarray(this.#at, this.#at + 4));
      if (!/^[A-Z_][A-Z0-9_]{3}$/.test(segment))
        throw new Error(`bad name segment ${JSON.stringify(segment)}`);
      this.#at += 4;
      return segment;
    });
    return text + segments.join('.');
  }

  #little(bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += this.#byte() * 2 ** (8 * i);
    return value;
  }

  #value(): AmlValue {
    const op = this.#byte();
    switch (op) {
      case 0x00:
        return 0;
      case 0x01:
        return 1;
      case 0x0a:
        return this.#little(1);
      case 0x0b:
        return this.#little(2);
      case 0x0c:
        return this.#little(4);
      case 0x68:
        return { argument: 0 };
      case 0x0d: {
        let text = '';
        for (let byte = this.#byte(); byte !== 0; byte = this.#byte()) text += String.fromCharCode(byte);
        return text;
      }
      case 0x11: {
        const end = this.#packageEnd();
        const length = this.#value() as number;
        const bytes = this.#bytes.slice(this.#at, end);
        if (bytes.length !== length) throw new Error('buffer length differs from its package');
        this.#at = end;
        return bytes;
      }
      case 0x12: {
        const end = this.#packageEnd();
        const count = this.#byte();
        const elements = Array.from({ length: count }, () => this.#value());
        if (this.#at !== end) throw new Error('package length differs from its elements');
        return elements;
      }
    }
    throw new Error(`unknown value ${op.toString(16)} at ${this.#at - 1}`);
  }
}

/** Finds a term by its path from the root, as "\\_SB_/PCI0/_PRT". */
export function findTerm(terms: readonly AmlTerm[], path: string): AmlTerm {
  let found: AmlTerm | undefined;
  let level = terms;
  for (const step of path.split('/')) {
    found = level.find((term) => term.path === step);
    if (found === undefined) throw new Error(`no ${step} of ${path}`);
    level = 'body' in found ? found.body : [];
  }
  if (found === undefined) throw new Error(`no ${path}`);
  return found;
}
