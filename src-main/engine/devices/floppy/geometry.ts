// Formats of floppy disks by the size of their images. Reference: IBM PS/2 Hardware Interface Technical Reference,
// Diskette Drive Controller; 82077AA datasheet (290166), 3.3 (data rates).

export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
  /** Data rates that it can be read with, as in CCR: 0 500, 1 300, 2 250, 3 1000 kb/s. */
  readonly rates: readonly number[];
  /** Type of the drive, as CMOS register 10h has it. */
  readonly drive: 1 | 2 | 3 | 4 | 5;
}

const SECTOR = 512;
const HIGH = [0];
const DOUBLE = [1, 2];
const EXTENDED = [3];

const format = (cylinders: number, heads: number, sectors: number, rates: readonly number[], drive: Geometry['drive']): Geometry => ({
  cylinders, heads, sectors, rates, drive,
});

/** The smallest first. */
const FORMATS: readonly Geometry[] = [
  format(40, 1, 8, DOUBLE, 1), // 160K
  format(40, 1, 9, DOUBLE, 1),
  format(40, 2, 8, DOUBLE, 1),
  format(40, 2, 9, DOUBLE, 1), // 360K
  format(80, 2, 8, DOUBLE, 4),
  format(80, 2, 9, DOUBLE, 4), // 720K
  format(80, 2, 10, DOUBLE, 4),
  format(80, 2, 15, HIGH, 2), // 1.2M
  format(80, 2, 18, HIGH, 4), // 1.44M
  format(80, 2, 20, HIGH, 4),
  format(80, 2, 21, HIGH, 4), // 1.68M
  format(82, 2, 21, HIGH, 4),
  format(80, 2, 36, EXTENDED, 5), // 2.88M
];

export const sizeOf = ({ cylinders, heads, sectors }: Geometry): number => cylinders * heads * sectors * SECTOR;

/** The format of that size, or the smallest that holds it; what is too large is cut. */
export function geometryOf(bytes: number): Geometry {
  return FORMATS.find((one) => sizeOf(one) >= bytes) ?? FORMATS[FORMATS.length - 1]!;
}

/** The type of an empty drive is 1.44M. */
export function driveType(bytes: number | undefined): Geometry['drive'] {
  return bytes === undefined ? 4 : geometryOf(bytes).drive;
}
