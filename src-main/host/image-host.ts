// What disk images need of Node, put together for the block layer.

import { randomBytes } from 'node:crypto';
import type { ImageHost } from '../engine/block/index.ts';
import { createImageFiles, type ImageFilesOptions } from './image-files.ts';
import { nodeCodecs } from './node-codecs.ts';

export function createImageHost(options: ImageFilesOptions = {}): ImageHost {
  return {
    files: createImageFiles(options),
    codecs: nodeCodecs,
    random: (bytes) => randomBytes(bytes),
    wallTimeMs: () => Date.now(),
  };
}
