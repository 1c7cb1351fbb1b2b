// A folder of image files in memory with everything formats ask of their host; random numbers repeat. Files can be
// recorded (power-loss.ts). Names outside the folder are refused, as the host's policy does.

import {
  BlockError,
  type ByteStore,
  type CreateOptions,
  type FormatName,
  findFormat,
  type ImageHost,
  type ImageNode,
  MemoryStore,
  openImage,
} from '../../src-main/engine/block/index.ts';
import { nodeCodecs } from '../../src-main/host/node-codecs.ts';
import { Random } from '../cpu/differential/random.ts';

/** What formats get: the file itself stays when they close it. */
class Handle implements ByteStore {
  readonly name: string;
  readonly readOnly: boolean;
  readonly #file: ByteStore;

  constructor(file: ByteStore, readOnly: boolean) {
    this.#file = file;
    this.name = file.name;
    this.readOnly = readOnly;
  }

  get length(): number {
    return this.#file.length;
  }

  readAt(position: number, into: Uint8Array): Promise<void> {
    return this.#file.readAt(position, into);
  }

  writeAt(position: number, from: Uint8Array): Promise<void> {
    return this.readOnly ? this.#refuse() : this.#file.writeAt(position, from);
  }

  truncate(length: number): Promise<void> {
    return this.readOnly ? this.#refuse() : this.#file.truncate(length);
  }

  flush(): Promise<void> {
    return this.#file.flush();
  }

  async close(): Promise<void> {}

  #refuse(): never {
    throw new Error(`${this.name} was opened for reading and is written`);
  }
}

export class MemoryImages {
  readonly files = new Map<string, ByteStore>();
  readonly host: ImageHost;
  /** Makes the store of a new file. */
  makeStore: (name: string) => ByteStore = (name) => new MemoryStore(name);

  constructor(seed = 1) {
    const random = new Random(seed);
    this.host = {
      files: {
        open: async (path, access) => {
          const file = this.files.get(path);
          if (!file) throw new BlockError('not-found', `“${path}” does not exist.`, { file: path });
          return new Handle(file, access === 'read');
        },
        create: async (path) => {
          if (this.files.has(path)) throw new BlockError('exists', `“${path}” exists.`, { file: path });
          return new Handle(this.add(path), false);
        },
        resolve: (from, name) => {
          if (/^[\w{} .-]+$/.test(name) && name !== '..') return name;
          throw new BlockError('reference-refused', `“${from}” names “${name}”.`, {
            file: from,
            reference: name,
          });
        },
      },
      codecs: nodeCodecs,
      random: (bytes) => randomBytes(random, bytes),
      wallTimeMs: () => Date.UTC(2026, 0, 2),
    };
  }

  add(path: string, content?: Uint8Array): ByteStore {
    const store = this.makeStore(path);
    if (content) void store.writeAt(0, content);
    this.files.set(path, store);
    return store;
  }

  async create(format: FormatName, options: CreateOptions): Promise<void> {
    const store = await this.host.files.create(options.path);
    await findFormat(format)!.create!(store, this.host, options);
    await store.close();
  }

  open(path: string, write: boolean, format?: FormatName): Promise<ImageNode> {
    return openImage(this.host, { path, write, format, cacheBytes: 1 << 17 });
  }

  /** Without what lies behind it. */
  openAlone(path: string): Promise<ImageNode> {
    return openImage(this.host, { path, write: false, noBacking: true });
  }
}

export const contentOf = async (store: ByteStore): Promise<Uint8Array> => {
  const bytes = new Uint8Array(store.length);
  await store.readAt(0, bytes);
  return bytes;
};

export const randomBytes = (random: Random, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, () => random.below(256));
