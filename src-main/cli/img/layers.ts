// The images of a chain by their files, top first, each opened by itself (nothing behind it).

import { dirname, isAbsolute, join } from 'node:path';
import {
  BlockError,
  type FormatName,
  type ImageHost,
  type ImageNode,
  openImage,
} from '../../engine/block/index.ts';

export interface Layer {
  readonly path: string;
  readonly image: ImageNode;
}

const MAX_CHAIN = 256;

/** Calls `visit` for each image in turn, closed again afterwards; stops where `visit` returns false. */
export async function walkLayers(
  host: ImageHost,
  path: string,
  format: FormatName | undefined,
  visit: (layer: Layer) => Promise<boolean>,
): Promise<void> {
  const seen = new Set<string>();
  for (
    let next: { path: string; format: FormatName | undefined } | undefined = { path, format };
    next !== undefined;
  ) {
    const current: { path: string; format: FormatName | undefined } = next;
    if (seen.has(current.path) || seen.size >= MAX_CHAIN)
      throw new BlockError(
        'backing-cycle',
        `“${path}”: its backing files go in a circle at “${current.path}”.`,
        { file: path, backing: current.path },
      );
    seen.add(current.path);
    const image = await openImage(host, { ...current, write: false, noBacking: true });
    try {
      const more = await visit({ path: current.path, image });
      next =
        more === false || image.backingName === undefined
          ? undefined
          : { path: host.files.resolve(current.path, image.backingName), format: image.backingFormat };
    } finally {
      await image.close();
    }
  }
}

/** Where a name inside an image leads, for showing it; nothing is opened and nothing refused. */
export function backingPath(from: string, name: string): string {
  const plain = name.replace(/^file:/, '');
  return isAbsolute(plain) ? plain : join(dirname(from), plain);
}
