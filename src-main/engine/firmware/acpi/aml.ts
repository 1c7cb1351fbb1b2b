// Encodes ACPI Machine Language: each function makes the bytes of one term. Only what our tables need.
// Reference: ACPI Specification 6.5, chapter 20 (AML), 6.4 (resource descriptors).

import { ByteBuilder, byteSum } from '../byte-builder.ts';

export type Aml = Uint8Array;

const ZERO_OP = 0x00;
const ONE_OP = 0x01;
const NAME_OP = 0x08;
const BYTE_PREFIX = 0x0a;
const WORD_PREFIX = 0x0b;
const DWORD_PREFIX = 0x0c;
const STRING_PREFIX = 0x0d;
const SCOPE_OP = 0x10;
const BUFFER_OP = 0x11;
const PACKAGE_OP = 0x12;
const METHOD_OP = 0x14;
const DUAL_NAME_PREFIX = 0x2e;
const MULTI_NAME_PREFIX = 0x2f;
const EXT_OP = 0x5b;
const DEVICE_OP = 0x82;
const PROCESSOR_OP = 0x83;
const ARG0_OP = 0x68;
const STORE_OP = 0x70;
const RETURN_OP = 0xa4;

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new ByteBuilder();
  for (const part of parts) out.bytes(part);
  return out.build();
}

/** "\_SB.PCI0", "^LNKA", "_HID": segments are padded to four characters with underscores. */
export function path(text: string): Aml {
  const match = /^(\\|\^*)(.*)$/.exec(text);
  const prefix = match?.[1] ?? '';
  const segments = (match?.[2] ?? '').split('.').filter((segment) => segment !== '');
  const out = new ByteBuilder().text(prefix);
  if (segments.length === 0) out.u8(0);
  if (segments.length === 2) out.u8(DUAL_NAME_PREFIX);
  if (segments.length > 2) out.u8(MULTI_NAME_PREFIX, segments.length);
  for (const segment of segments) out.text(segment.padEnd(4, '_'));
  return out.build();
}

export function integer(value: number): Aml {
  const out = new ByteBuilder();
  if (value === 0) return out.u8(ZERO_OP).build();
  if (value === 1) return out.u8(ONE_OP).build();
  if (value <= 0xff) return out.u8(BYTE_PREFIX, value).build();
  if (value <= 0xffff) return out.u8(WORD_PREFIX).u16(value).build();
  return out.u8(DWORD_PREFIX).u32(value).build();
}

export function text(value: string): Aml {
  return new ByteBuilder().u8(STRING_PREFIX).text(value).u8(0).build();
}

/** A compressed EISA id such as "PNP0A03". */
export function eisaId(id: string): Aml {
  const letter = (index: number): number => (id.charCodeAt(index) - 0x40) & 0x1f;
  const product = Number.parseInt(id.slice(3), 16);
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2);
  return new ByteBuilder().u8(DWORD_PREFIX, vendor >> 8, vendor & 0xff, product >> 8, product & 0xff).build();
}

export function name(target: string, value: Aml): Aml {
  return concat([Uint8Array.of(NAME_OP), path(target), value]);
}

export function pkg(...elements: Aml[]): Aml {
  return withLength([PACKAGE_OP], concat([Uint8Array.of(elements.length), ...elements]));
}

export function buffer(bytes: Uint8Array): Aml {
  return withLength([BUFFER_OP], concat([integer(bytes.length), bytes]));
}

export function scope(target: string, ...terms: Aml[]): Aml {
  return withLength([SCOPE_OP], concat([path(target), ...terms]));
}

export function device(target: string, ...terms: Aml[]): Aml {
  return withLength([EXT_OP, DEVICE_OP], concat([path(target), ...terms]));
}

export function processor(target: string, id: number): Aml {
  return withLength([EXT_OP, PROCESSOR_OP], concat([path(target), new ByteBuilder().u8(id).u32(0).u8(0).build()]));
}

export function method(target: string, argumentCount: number, ...terms: Aml[]): Aml {
  return withLength([METHOD_OP], concat([path(target), Uint8Array.of(argumentCount), ...terms]));
}

export const arg0: Aml = Uint8Array.of(ARG0_OP);

export function store(value: Aml, target: string): Aml {
  return concat([Uint8Array.of(STORE_OP), value, path(target)]);
}

export function returns(value: Aml): Aml {
  return concat([Uint8Array.of(RETURN_OP), value]);
}

/** Opcode, package length and body; the length counts its own bytes. */
function withLength(opcode: readonly number[], body: Uint8Array): Aml {
  return concat([Uint8Array.from(opcode), packageLength(body.length), body]);
}

function packageLength(bodyBytes: number): Uint8Array {
  if (bodyBytes + 1 <= 0x3f) return Uint8Array.of(bodyBytes + 1);
  for (let following = 1; following <= 3; following++) {
    const total = bodyBytes + 1 + following;
    if (total >= 1 << (4 + 8 * following)) continue;
    const out = new Uint8Array(1 + following);
    out[0] = (following << 6) | (total & 0xf);
    for (let i = 0; i < following; i++) out[1 + i] = (total >> (4 + 8 * i)) & 0xff;
    return out;
  }
  throw new RangeError(`AML package of ${bodyBytes} bytes is too long`);
}

/** A resource template: descriptors, end tag and its checksum. */
export function resources(...descriptors: Uint8Array[]): Aml {
  const body = concat([...descriptors, Uint8Array.of(0x79, 0)]);
  body[body.length - 1] = (256 - byteSum(body)) & 0xff;
  return buffer(body);
}

/** Small I/O port descriptor, 16-bit decode. */
export function ioPorts(base: number, length: number): Uint8Array {
  return new ByteBuilder().u8(0x47, 1).u16(base, base).u8(1, length).build();
}

/** Small IRQ descriptor: edge-triggered, active high, exclusive. */
export function irq(line: number): Uint8Array {
  return new ByteBuilder().u8(0x22).u16(1 << line).build();
}

export function dmaChannel(channel: number): Uint8Array {
  return new ByteBuilder().u8(0x2a, 1 << channel, 0).build();
}

const RESOURCE_PRODUCER_FIXED = 0x0c;

export function busNumbers(first: number, last: number): Uint8Array {
  return new ByteBuilder().u8(0x88).u16(13).u8(2, RESOURCE_PRODUCER_FIXED, 0).u16(0, first, last, 0, last - first + 1).build();
}

/** I/O window of a bridge, whole range. */
export function ioWindow(first: number, last: number): Uint8Array {
  return new ByteBuilder().u8(0x88).u16(13).u8(1, RESOURCE_PRODUCER_FIXED, 3).u16(0, first, last, 0, last - first + 1).build();
}

/** Memory window of a bridge; `last` is inclusive. */
export function memoryWindow(first: number, last: number, cacheable: boolean): Uint8Array {
  const specific = cacheable ? 3 : 1;
  return new ByteBuilder().u8(0x87).u16(23).u8(0, RESOURCE_PRODUCER_FIXED, specific).u32(0, first, last, 0, last - first + 1).build();
}
