// Where in the video ROM things stand that services hand out pointers to.

import type { RomImage } from './rom/system-rom.ts';

const PLACES = [
  'font16', 'font14', 'font8', 'noAlternates', 'modeList', 'static', 'savePointers', 'edid', 'oem', 'vendor', 'product', 'revision', 'int10',
  'pm', 'pmWindow', 'pmStart', 'pmPalette', 'pmPorts', 'pmEnd',
] as const;

export type VideoRomPlaces = Readonly<Record<(typeof PLACES)[number], number>>;

export function videoRomPlaces(rom: RomImage): VideoRomPlaces {
  return Object.fromEntries(PLACES.map((name) => [name, rom.offsetOf(name)])) as VideoRomPlaces;
}
