// What the CD-ROM answers to packet commands that ask about the drive or the disc: byte layouts only.
// Reference: MMC-5 (T10/1675-D), 6; SPC-3 (T10/1416-D), 6.4 (INQUIRY); SFF-8020i.

/** Blocks of 2048 bytes that a CD holds at most, with some overlength; larger discs are DVDs. */
const CD_BLOCKS = 405_000;
const LEAD_IN_FRAMES = 150;
const LEAD_OUT = 0xaa;
const PROFILE_CD_ROM = 0x0008;
const PROFILE_DVD_ROM = 0x0010;

export interface DiscInfo {
  /** Zero: no disc. */
  readonly blocks: number;
  readonly trayOpen: boolean;
  readonly locked: boolean;
}

export const isDvd = ({ blocks }: DiscInfo): boolean => blocks > CD_BLOCKS;

export const big16 = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];
export const big32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];

const padded = (text: string, length: number): number[] => Array.from(text.padEnd(length).slice(0, length), (c) => c.charCodeAt(0) & 0x7f);

/** Minutes, seconds and frames, or the block number. */
function address(block: number, msf: boolean): number[] {
  if (!msf) return big32(block);
  const frame = block + LEAD_IN_FRAMES;
  return [0, Math.floor(frame / 4500) & 0xff, Math.floor(frame / 75) % 60, frame % 75];
}

export function inquiry(vendor: string, product: string): number[] {
  const head = [0x05, 0x80, 0x05, 0x32, 31, 0, 0, 0]; // CD-ROM, removable, SPC-3, ATAPI
  return [...head, ...padded(vendor, 8), ...padded(product, 16), ...padded('1.0', 4)];
}

export function senseData(key: number, code: number): number[] {
  return [0xf0, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, ...big16(code), 0, 0, 0, 0];
}

/** Format 0: the one track and the lead-out. */
export function tableOfContents({ blocks }: DiscInfo, msf: boolean, start: number): number[] | undefined {
  if (start > 1 && start !== LEAD_OUT) return undefined;
  const track = start <= 1 ? [0, 0x14, 1, 0, ...address(0, msf)] : [];
  const body = [1, 1, ...track, 0, 0x16, LEAD_OUT, 0, ...address(blocks, msf)];
  return [...big16(body.length), ...body];
}

/** Format 1. */
export function sessions(msf: boolean): number[] {
  return [0, 10, 1, 1, 0, 0x14, 1, 0, ...address(0, msf)];
}

/** Format 2: points A0h, A1h, A2h and the track. */
export function fullTableOfContents({ blocks }: DiscInfo): number[] {
  const entry = (point: number, where: readonly number[]): number[] => [1, 0x14, 0, point, 0, 0, 0, 0, ...where];
  const minute = (block: number): number[] => address(block, true).slice(1);
  const body = [
    1, 1, ...entry(0xa0, [1, 0, 0]), ...entry(0xa1, [1, 0, 0]), ...entry(0xa2, minute(blocks)), ...entry(1, minute(0)),
  ];
  return [...big16(body.length), ...body];
}

export function modePages(page: number, disc: DiscInfo): number[] | undefined {
  const errorRecovery = [0x01, 6, 0, 5, 0, 0, 0, 0];
  const capabilities = [
    0x2a, 18, 0x3b, 0, 0x70, 0x60, 0x29 | (disc.locked ? 2 : 0), 0, ...big16(706), 0, 2, ...big16(512), ...big16(706), 0, 0, 0, 0,
  ];
  const audio = [0x0e, 14, 4, 0, 0, 0, 0, 0, 1, 0xff, 2, 0xff, 0, 0, 0, 0];
  switch (page) {
    case 0x01:
      return errorRecovery;
    case 0x0e:
      return audio;
    case 0x2a:
      return capabilities;
    case 0x3f:
      return [...errorRecovery, ...audio, ...capabilities];
    default:
      return undefined;
  }
}

/** Medium type, as drives with SFF-8020i report it. */
export function mediumType(disc: DiscInfo): number {
  return disc.trayOpen ? 0x71 : disc.blocks === 0 ? 0x70 : 0x01;
}

interface Feature {
  readonly code: number;
  /** Persistent. */
  readonly fixed: boolean;
  readonly present: boolean;
  readonly data: readonly number[];
}

function features(disc: DiscInfo): Feature[] {
  const loaded = disc.blocks > 0;
  const dvd = isDvd(disc);
  return [
    { code: 0, fixed: true, present: true, data: [...big16(PROFILE_DVD_ROM), loaded && dvd ? 1 : 0, 0, ...big16(PROFILE_CD_ROM), loaded && !dvd ? 1 : 0, 0] },
    { code: 1, fixed: true, present: true, data: [...big32(2), 1, 0, 0, 0] }, // ATAPI
    { code: 2, fixed: true, present: true, data: [2, 0, 0, 0] }, // morphing, operational change events
    { code: 3, fixed: true, present: true, data: [0x29, 0, 0, 0] }, // a tray that locks and ejects
    { code: 0x10, fixed: false, present: loaded, data: [...big32(2048), ...big16(16), 0, 0] },
    { code: 0x1e, fixed: false, present: loaded && !dvd, data: [0, 0, 0, 0] },
    { code: 0x1f, fixed: false, present: loaded && dvd, data: [0, 0, 0, 0] },
    { code: 0x100, fixed: true, present: true, data: [] },
  ];
}

/** `request`: 0 all, 1 those present, 2 the one at `start`. */
export function configuration(disc: DiscInfo, request: number, start: number): number[] {
  const wanted = features(disc).filter(({ code, present }) => (request === 2 ? code === start : code >= start && (request === 0 || present)));
  const body = wanted.flatMap(({ code, fixed, present, data }) => [...big16(code), (fixed ? 2 : 0) | (present ? 1 : 0), data.length, ...data]);
  const profile = disc.blocks === 0 ? 0 : isDvd(disc) ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
  return [...big32(body.length + 4), 0, 0, ...big16(profile), ...body];
}

export function eventStatus(classes: number, disc: DiscInfo, event: number): number[] {
  const supported = 0x10;
  if ((classes & supported) === 0) return [0, 2, 0x80, supported];
  const presence = (disc.trayOpen ? 1 : 0) | (disc.blocks > 0 ? 2 : 0);
  return [0, 6, 4, supported, event, presence, 0, 0];
}

export function discInformation(): number[] {
  // Complete, one session, one track, finalised; a CD-ROM or DVD-ROM.
  const body = [0x0e, 1, 1, 1, 1, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  return [...big16(body.length), ...body];
}

export function trackInformation({ blocks }: DiscInfo): number[] {
  const body = [1, 1, 0, 4, 1, 0, ...big32(0), ...big32(0), ...big32(0), ...big32(0), ...big32(blocks), ...big32(0), 0, 0, 0, 0];
  return [...big16(body.length), ...body];
}

export function mechanismStatus({ trayOpen }: DiscInfo): number[] {
  return [0, trayOpen ? 0x10 : 0, 0, 0, 0, 1, 0, 0];
}

export function subChannel(format: number): number[] {
  const noAudio = 0x15;
  return format === 1 ? [0, noAudio, 0, 12, 1, 0x14, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0] : [0, noAudio, 0, 0];
}

/** Formats 0 (physical), 1 (copyright), 3 (burst cutting area: none), 4 (manufacturer) and FFh (the list). */
export function dvdStructure(format: number, disc: DiscInfo): number[] | undefined {
  const wrap = (data: readonly number[]): number[] => [...big16(data.length + 2), 0, 0, ...data];
  switch (format) {
    case 0: {
      const last = 0x3_0000 + disc.blocks - 1;
      return wrap([0x01, 0x0f, 0x01, 0, ...big32(0x3_0000), ...big32(last), ...big32(0), 0, ...new Array(2031).fill(0)]);
    }
    case 1:
      return wrap([0, 0, 0, 0]);
    case 4:
      return wrap(new Array(2048).fill(0));
    case 0xff:
      return wrap([0, 0x40, ...big16(2052), 1, 0x40, ...big16(8), 4, 0x40, ...big16(2052), 0xff, 0x40, ...big16(20)]);
    default:
      return undefined;
  }
}

/** A raw sector of mode 1 around 2048 bytes: sync, header, and no error correction, which readers recompute. */
export function rawSector(block: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2352);
  bytes.fill(0xff, 1, 11);
  const bcd = (value: number): number => (Math.floor(value / 10) << 4) | value % 10;
  bytes.set(address(block, true).slice(1).map(bcd), 12);
  bytes[15] = 1;
  bytes.set(data, 16);
  return bytes;
}
