// Which size a VHD has: some programs mean the geometry in the footer, others the exact size beside it. And the geometry
// of a size. Reference: VHD specification, appendix "CHS Calculation".

import { type Geometry, MAX_GEOMETRY, type VhdFooter } from './footer.ts';

const SECTOR = 512;

export const geometryBytes = ({ cylinders, heads, sectors }: Geometry): number =>
  cylinders * heads * sectors * SECTOR;

/** Hyper-V, disk2vhd, XenServer, Azure and qemu's forced size: the number counts. Everyone else: the geometry. */
const EXACT_CREATORS = ['win', 'qem2', 'd2v', 'tap', 'CTXS', 'wa'];

export const vhdLength = (footer: VhdFooter): number => {
  const bytes = geometryBytes(footer.geometry);
  const exact = EXACT_CREATORS.includes(footer.creator.trimEnd());
  // The largest geometry stands for everything that is larger.
  if (exact || bytes === geometryBytes(MAX_GEOMETRY))
    return footer.currentSize - (footer.currentSize % SECTOR);
  return bytes;
};

/** The geometry of the specification; it may hold fewer sectors than asked for. */
const geometryOf = (total: number): Geometry => {
  if (total > 65535 * 16 * 255) return MAX_GEOMETRY;
  if (total > 65535 * 16 * 63) return { cylinders: Math.floor(total / 255 / 16), heads: 16, sectors: 255 };
  let sectors = 17;
  let tracks = Math.floor(total / sectors);
  let heads = Math.max(4, Math.floor((tracks + 1023) / 1024));
  if (tracks >= heads * 1024 || heads > 16) {
    sectors = 31;
    heads = 16;
    tracks = Math.floor(total / sectors);
  }
  if (tracks >= heads * 1024) {
    sectors = 63;
    heads = 16;
    tracks = Math.floor(total / sectors);
  }
  return { cylinders: Math.floor(tracks / heads), heads, sectors };
};

/** The smallest geometry that holds all of `length`. */
export const geometryFor = (length: number): Geometry => {
  const wanted = Math.ceil(length / SECTOR);
  if (wanted >= 65535 * 16 * 255) return MAX_GEOMETRY;
  for (let total = wanted; ; total++) {
    const geometry = geometryOf(total);
    if (geometryBytes(geometry) >= wanted * SECTOR) return geometry;
  }
};
