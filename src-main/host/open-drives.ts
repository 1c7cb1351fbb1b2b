// Opens the images of a machine's drives before it starts, so that what is wrong with one is said in a sentence that
// names it. Afterwards the machine's runner owns them.

import { BlockError, type BlockNode, createTemporaryOverlay, type FormatName, type ImageNode, openImage, type OpenImageOptions } from '../engine/block/index.ts';
import type { DriveAttachment, DriveOptions } from '../engine/machine/options.ts';
import { type CacheMode, type DriveImage, mediumOf } from './drive-server.ts';
import { createImageHost } from './image-host.ts';

/** A drive as the user describes it. */
export interface DriveSpec {
  readonly id: string;
  readonly kind: DriveOptions['kind'];
  readonly attachment: DriveAttachment;
  /** Undefined: no medium. */
  readonly path: string | undefined;
  /** Undefined: found out. */
  readonly format: FormatName | undefined;
  readonly readOnly: boolean;
  /** What the guest writes is thrown away at the end. */
  readonly snapshot: boolean;
  readonly cache: CacheMode;
  /** The image may name others outside its own folder. */
  readonly anyReference?: boolean;
  readonly bootIndex?: number;
  readonly model?: string;
  readonly serial?: string;
}

export interface OpenedDrives {
  readonly drives: readonly DriveOptions[];
  readonly images: ReadonlyMap<string, DriveImage>;
}

/** `folders`: where images may name others, besides their own. Throws `BlockError`; nothing stays open then. */
export async function openDrives(specs: readonly DriveSpec[], folders?: readonly string[]): Promise<OpenedDrives> {
  const images = new Map<string, DriveImage>();
  const drives: DriveOptions[] = [];
  try {
    for (const spec of specs) {
      const image = spec.path === undefined ? undefined : await openDriveImage(spec, spec.path, folders);
      if (image !== undefined) images.set(spec.id, image);
      drives.push(driveOptions(spec, image));
    }
  } catch (error) {
    for (const { node } of images.values()) await node.close();
    throw error;
  }
  return { drives, images };
}

/** Also for a medium that is inserted while the machine runs. `behind`: what lies behind the image, when that is open. */
export async function openDriveImage(
  spec: Omit<DriveSpec, 'attachment'>, path: string, folders: readonly string[] = [], behind?: BlockNode,
): Promise<DriveImage> {
  const image = await openLayers(spec, path, folders, { behind });
  try {
    await checkMedium(image, spec.kind, path);
  } catch (error) {
    await image.close();
    throw error;
  }
  const scratch = spec.snapshot && !spec.readOnly && spec.kind !== 'cdrom';
  return { node: scratch ? createTemporaryOverlay(image) : image, cache: spec.cache };
}

export function openLayers(
  spec: Omit<DriveSpec, 'attachment'>, path: string, folders: readonly string[] = [], how: Pick<OpenImageOptions, 'writeTo' | 'behind'> = {},
): Promise<ImageNode> {
  const write = !spec.readOnly && !spec.snapshot && spec.kind !== 'cdrom';
  return openImage(createImageHost({ anyReference: spec.anyReference ?? false, folders }), { path, format: spec.format, write, ...how });
}

function driveOptions(spec: DriveSpec, image: DriveImage | undefined): DriveOptions {
  const { id, kind, attachment, bootIndex, model, serial } = spec;
  return {
    id,
    kind,
    attachment,
    medium: image && mediumOf(image),
    ...(bootIndex === undefined ? {} : { bootIndex }),
    ...(model === undefined ? {} : { model }),
    ...(serial === undefined ? {} : { serial }),
  };
}

const VOLUME_DESCRIPTOR = 0x8000;
const VOLUME_BLOCKS = 80;
const CD_BLOCK = 2048;
/** Programs that write discs leave out the padding at the end, at most 150 blocks. */
const PADDING_BLOCKS = 150;

/** Reference: ECMA-119, 8.4.8 (Volume Space Size). */
async function checkMedium(node: BlockNode, kind: DriveSpec['kind'], path: string): Promise<void> {
  if (node.length === 0) throw new BlockError('wrong-format', `“${path}” is empty.`, { file: path });
  if (kind !== 'cdrom' || node.length < VOLUME_DESCRIPTOR + CD_BLOCK) return;
  const descriptor = new Uint8Array(CD_BLOCK);
  await node.read(VOLUME_DESCRIPTOR, descriptor);
  if (String.fromCharCode(...descriptor.subarray(0, 6)) !== '\x01CD001') return;
  const blocks = new DataView(descriptor.buffer).getUint32(VOLUME_BLOCKS, true);
  if ((blocks - PADDING_BLOCKS) * CD_BLOCK > node.length) {
    throw new BlockError(
      'corrupt',
      `“${path}” is cut short: its volume takes ${blocks * CD_BLOCK} bytes, the file has ${node.length}. Download or copy it again.`,
      { file: path, offset: VOLUME_DESCRIPTOR, structure: 'volume descriptor' },
    );
  }
}
