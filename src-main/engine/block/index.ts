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
export { MergingDisk } from './merging-disk.ts';
export type { BlockNode, BlockStatus } from './node.ts';
export { DEFAULT_CACHE_BYTES, type OpenImageOptions, openImage, readEnds } from './open-image.ts';
export { createTemporaryOverlay } from './temporary-overlay.ts';
export { commitInto, type CommitOptions } from './operations/commit.ts';
export { commitInUse } from './operations/commit-in-use.ts';
export { type CompareOptions, compareContent, type Comparison } from './operations/compare.ts';
export { Concatenation } from './operations/concatenate.ts';
export { type CopyOptions, copyContent } from './operations/convert.ts';
export type { Apart } from './operations/job.ts';
export { LayerStack } from './operations/layer-stack.ts';
export { mapContent, type MapEntry } from './operations/map.ts';
export { type Measurement, type MeasureRequest, measureImage } from './operations/measure.ts';
export { copyDifferences, type RebaseRequest } from './operations/rebase.ts';
export { transferBuffer } from './operations/transfer-buffer.ts';
export { WindowNode } from './operations/window.ts';
