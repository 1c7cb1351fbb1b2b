// A look at a disk, CD or floppy image: its format, its size, and which system's installation medium it is.

import { guestProfile, type MediumText, recognise } from '../../shared/machine/guest-profiles.ts';
import type { DriveKind } from '../../shared/machine/config.ts';
import { formatBytes } from '../../shared/units/bytes.ts';
import { BlockError, type ImageNode, openImage, type OpticalVolume, readOpticalVolume } from '../engine/block/index.ts';
import type { Finding } from './finding.ts';
import { createImageHost } from './image-host.ts';

const SECTOR = 512;
const MAX_TEXT = 200;
const INFO_FILES = ['/.DISK/INFO'];
/** The largest floppy is one of 2.88 MB; formatted a little tighter than usual, some are larger. */
const MAX_FLOPPY_BYTES = 3 * 1024 * 1024;

/** Damaged images and foreign files are findings with a `problem`. */
export async function imageFinding(path: string, kind: DriveKind): Promise<Finding> {
  let node: ImageNode | undefined;
  try {
    node = await openImage(createImageHost({ forceShare: true }), { path, write: false, noBacking: true });
    return await describe(node, kind);
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    return { kind: null, problem: error.message.slice(0, 1000) };
  } finally {
    await node?.close();
  }
}

async function describe(node: ImageNode, kind: DriveKind): Promise<Finding> {
  const image = { format: node.format, virtualBytes: node.length };
  if (node.length === 0) return { kind: null, image, problem: 'The file is empty.' };
  const volume = node.format === 'raw' ? await readOpticalVolume(node) : undefined;
  if (kind === 'cdrom') return opticalFinding(image, volume);
  if (kind === 'floppy' && node.length > MAX_FLOPPY_BYTES)
    return { kind: 'Image', image, problem: `A floppy holds no ${formatBytes(node.length)}; use it as a disk.` };
  const name = node.format === 'raw' ? 'Raw image' : `${node.format} image`;
  const bootable = await hasBootSector(node);
  return { kind: `${name}, ${formatBytes(node.length)}${bootable ? ', with a boot sector' : ''}`, image };
}

async function opticalFinding(image: NonNullable<Finding['image']>, volume: OpticalVolume | undefined): Promise<Finding> {
  if (volume === undefined)
    return { kind: null, image, problem: 'This is no CD image: there is no ISO 9660 file system on it.' };
  const found = recognise(await textsOf(volume));
  const boots = volume.bootable ? 'a system can be started from it' : 'no system can be started from it';
  return {
    kind: `CD image “${volume.volumeId}”, ${boots}`,
    image,
    guest: found
      ? { profile: found.profile.id, from: found.evidence.from, text: found.evidence.text.slice(0, MAX_TEXT) }
      : { profile: guestProfile('other')?.id ?? 'other', from: 'volume', text: volume.volumeId.slice(0, MAX_TEXT) },
  };
}

async function textsOf(volume: OpticalVolume): Promise<MediumText[]> {
  const texts: MediumText[] = [
    { from: 'volume', text: volume.volumeId },
    { from: 'application', text: volume.applicationId },
    { from: 'publisher', text: volume.publisherId },
  ];
  for (const path of INFO_FILES) {
    const bytes = await volume.readFile(path, MAX_TEXT);
    if (bytes !== undefined) texts.unshift({ from: 'info', text: Buffer.from(bytes).toString('utf8').split('\n')[0] ?? '' });
  }
  return texts.filter(({ text }) => text.trim() !== '');
}

/** The signature of a boot sector. Reference: IBM PC/AT technical reference, BIOS listing, INT 19h. */
async function hasBootSector(node: ImageNode): Promise<boolean> {
  if (node.length < SECTOR) return false;
  const sector = new Uint8Array(SECTOR);
  await node.read(0, sector);
  return sector[510] === 0x55 && sector[511] === 0xaa;
}
