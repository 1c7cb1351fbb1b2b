// What disk images need of Node, put together for the block layer.

import type { ImageHost } from '../engine/block/index.ts';
import { createImageFiles, type ImageFilesOptions } from './image-files.ts';
import { nodeCodecs } from './node-codecs.ts';

export function createImageHost(options: ImageFilesOptions = {}): ImageHost {
  return {
    files: createImageFiles(options),
    codecs: nodeCodecs,
    // Of Node's two ways to random bytes the one that is loaded only when somebody asks.
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    wallTimeMs: () => Date.now(),
  };
}
