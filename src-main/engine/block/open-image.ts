// Opens a disk image with all that lies behind it: finds out the format, follows backing names of any mix of formats,
// and refuses cycles and missing parents. Which names may be followed is the host's policy (`ImageFiles.resolve`).

import { BlockError } from './block-error.ts';
import type { ByteStore } from './byte-store.ts';
import { findFormat, foreignFormat, probeFormat } from './formats/index.ts';
import type { FormatName, ImageHost, ImageNode } from './image-format.ts';
import type { BlockNode } from './node.ts';

export const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024;
/** Of the file's start and of its end, for probing. */
const PROBE_BYTES = 64 * 1024;
const MAX_CHAIN = 256;

export interface OpenImageOptions {
  readonly path: string;
  /** Undefined: found out; what no format knows is raw. */
  readonly format?: FormatName | undefined;
  readonly write: boolean;
  /** Bound of the metadata cache of each image in the chain; default 32 MiB. */
  readonly cacheBytes?: number | undefined;
  /** Do not open what lies behind (info, rebase -u). */
  readonly noBacking?: boolean | undefined;
  /** What lies right behind, already open: the image closes it. */
  readonly behind?: BlockNode | undefined;
  /** The image in the chain that is opened for writing too, by the path it is found under (merging while in use). */
  readonly writeTo?: string | undefined;
}

/** Throws `BlockError`; nothing stays open then. */
export function openImage(host: ImageHost, options: OpenImageOptions): Promise<ImageNode> {
  return openLayer(host, options, []);
}

/** The start and the end of a file, as `ImageFormat.probe` wants them. */
export async function readEnds(store: ByteStore): Promise<{ head: Uint8Array; tail: Uint8Array }> {
  const count = Math.min(PROBE_BYTES, store.length);
  const head = new Uint8Array(count);
  await store.readAt(0, head);
  if (store.length === count) return { head, tail: head };
  const tail = new Uint8Array(count);
  await store.readAt(store.length - count, tail);
  return { head, tail };
}

async function openLayer(
  host: ImageHost,
  options: OpenImageOptions,
  above: readonly string[],
): Promise<ImageNode> {
  const { path } = options;
  refuseCycle(path, above);
  const store = await openFile(host, options, above);
  try {
    const format = await formatOf(store, options, above);
    return await format.open(store, host, {
      path,
      write: options.write,
      cacheBytes: options.cacheBytes ?? DEFAULT_CACHE_BYTES,
      ...(options.noBacking ? { noBacking: true } : {}),
      openBacking: async (backing, backingFormat) =>
        options.behind ??
        openLayer(
          host,
          {
            path: backing,
            format: backingFormat,
            write: backing === options.writeTo,
            writeTo: options.writeTo,
            cacheBytes: options.cacheBytes,
          },
          [...above, path],
        ),
    });
  } catch (error) {
    await store.close();
    throw error;
  }
}

function refuseCycle(path: string, above: readonly string[]): void {
  const file = above[0] ?? path;
  if (above.includes(path))
    throw new BlockError(
      'backing-cycle',
      `“${file}” cannot be opened: its backing files go in a circle (${[...above, path].join(' → ')}).`,
      { file, backing: path },
    );
  if (above.length >= MAX_CHAIN)
    throw new BlockError('backing-cycle', `“${file}” has more than ${MAX_CHAIN} images behind it.`, { file });
}

async function openFile(
  host: ImageHost,
  { path, write }: OpenImageOptions,
  above: readonly string[],
): Promise<ByteStore> {
  try {
    return await host.files.open(path, write ? 'write' : 'read');
  } catch (error) {
    const file = above.at(-1);
    if (file === undefined || !(error instanceof BlockError) || error.code !== 'not-found') throw error;
    throw new BlockError(
      'backing-missing',
      `“${file}” needs its backing file “${path}”, which does not exist. Put it back, or name another one with “boxwright img rebase -u -b FILE -F FORMAT”.`,
      { file, backing: path },
    );
  }
}

async function formatOf(store: ByteStore, options: OpenImageOptions, above: readonly string[]) {
  const name = options.format ?? (await probe(store, options, above));
  const format = findFormat(name);
  if (format !== undefined) return format;
  throw new BlockError('unsupported', `“${options.path}”: the format “${name}” is not known.`, {
    file: options.path,
    feature: name,
  });
}

async function probe(
  store: ByteStore,
  { path, write }: OpenImageOptions,
  above: readonly string[],
): Promise<FormatName> {
  const { head, tail } = await readEnds(store);
  const found = probeFormat(head, tail);
  if (found !== undefined) return found;
  const foreign = foreignFormat(head);
  if (foreign !== undefined)
    throw new BlockError(
      'unsupported',
      `“${path}” is an image of the format ${foreign}, which is not supported. If it is a raw disk that begins like one, say so: format raw (-f raw).`,
      { file: path, feature: foreign },
    );
  // A guest that writes a raw disk could make it look like another format next time.
  const file = above.at(-1);
  if (file !== undefined && write)
    throw new BlockError(
      'invalid-argument',
      `“${file}” does not say of which format its backing file “${path}” is. Say it: “boxwright img rebase -u -b ${path} -F raw ${file}”.`,
      { file, backing: path },
    );
  return 'raw';
}
