// The public face of the block layer: contracts, and opening images of any format.

export { BlockError, type BlockErrorCode, type BlockErrorDetail } from './block-error.ts';
export type { ByteStore, ImageFiles } from './byte-store.ts';
export type { Codecs, CompressionKind } from './codecs.ts';
export type { Drive, DriveMedium, DriveOutcome, DriveRequest } from './drive.ts';
export { findFormat, IMAGE_FORMATS, probeFormat } from './formats/index.ts';
export type {
  BlockJob,
  CheckOptions,
  CheckReport,
  CreateOptions,
  FormatName,
  ImageFault,
  ImageFormat,
  ImageHost,
  ImageNode,
  ImageSnapshot,
  ImageSnapshots,
  MeasureOptions,
  OpenOptions,
} from './image-format.ts';
export { type OpticalVolume, readOpticalVolume } from './iso9660.ts';
export { MemoryStore } from './memory-store.ts';
export type { BlockNode, BlockStatus } from './node.ts';
export { DEFAULT_CACHE_BYTES, type OpenImageOptions, openImage, readEnds } from './open-image.ts';
export { createTemporaryOverlay } from './temporary-overlay.ts';
