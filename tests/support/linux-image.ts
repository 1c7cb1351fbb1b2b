// Makes small files in the shape of a Linux bzImage, for loader tests.

export interface ImageShape {
  readonly version?: number;
  readonly loadedHigh?: boolean;
  readonly is64Bit?: boolean;
  readonly initSize?: number;
  readonly initrdMax?: number;
  readonly commandLineSize?: number;
  readonly preferred?: number;
  readonly payload?: Uint8Array;
}

const SETUP_SECTS = 2;
export const SETUP_BYTES = (SETUP_SECTS + 1) * 512;

export function linuxImage(shape: ImageShape = {}): Uint8Array {
  const payload = shape.payload ?? Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);
  const bytes = new Uint8Array(SETUP_BYTES + payload.length);
  const data = new DataView(bytes.buffer);
  data.setUint8(0x1f1, SETUP_SECTS);
  data.setUint16(0x1fe, 0xaa55, true);
  data.setUint16(0x200, 0x6aeb, true);
  data.setUint32(0x202, 0x5372_6448, true);
  data.setUint16(0x206, shape.version ?? 0x20f, true);
  data.setUint16(0x20e, 0x100, true);
  data.setUint8(0x211, shape.loadedHigh === false ? 0 : 1);
  data.setUint32(0x214, 0x10_0000, true);
  data.setUint32(0x22c, shape.initrdMax ?? 0x7fff_ffff, true);
  data.setUint32(0x230, 0x20_0000, true);
  data.setUint8(0x234, 1);
  data.setUint16(0x236, shape.is64Bit === true ? 1 : 0, true);
  data.setUint32(0x238, shape.commandLineSize ?? 2047, true);
  data.setBigUint64(0x258, BigInt(shape.preferred ?? 0x100_0000), true);
  data.setUint32(0x260, shape.initSize ?? 0x40_0000, true);
  bytes.set(
    [...'6.1.0-test (gcc)'].map((c) => c.charCodeAt(0)),
    0x300,
  );
  bytes.set(payload, SETUP_BYTES);
  return bytes;
}
