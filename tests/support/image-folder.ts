// Disk images in a folder of a test: made, opened and checked with the product's own parts on real files.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CheckReport,
  type CreateOptions,
  findFormat,
  type ImageHost,
  type ImageNode,
  type OpenImageOptions,
  openImage,
} from '../../src-main/engine/block/index.ts';
import { createImageHost } from '../../src-main/host/image-host.ts';

export class ImageFolder {
  readonly folder: string;
  readonly host: ImageHost;

  constructor(folder: string) {
    this.folder = folder;
    this.host = createImageHost({ lockFolder: join(folder, '.locks'), durable: false });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async create(
    name: string,
    format: string,
    options: Partial<CreateOptions> & { length: number },
  ): Promise<string> {
    const path = this.path(name);
    const store = await this.host.files.create(path);
    try {
      await findFormat(format)?.create?.(store, this.host, { path, options: {}, ...options });
    } finally {
      await store.close();
    }
    return path;
  }

  open(name: string, options: Partial<OpenImageOptions> = {}): Promise<ImageNode> {
    return openImage(this.host, { path: this.path(name), write: true, ...options });
  }

  async check(name: string, format: string, repair: 'none' | 'leaks' | 'all' = 'none'): Promise<CheckReport> {
    const path = this.path(name);
    const store = await this.host.files.open(path, repair === 'none' ? 'read' : 'write');
    try {
      const report = await findFormat(format)?.check?.(store, this.host, { path, repair });
      if (report === undefined) throw new Error(`${format} has no check`);
      return report;
    } finally {
      await store.close();
    }
  }

  /** A raw file with this content. */
  raw(name: string, content: Uint8Array): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  bytes(name: string): Uint8Array {
    return readFileSync(this.path(name));
  }
}

export async function wholeContent(node: {
  readonly length: number;
  read(offset: number, into: Uint8Array): Promise<void>;
}): Promise<Uint8Array> {
  const all = new Uint8Array(node.length);
  await node.read(0, all);
  return all;
}
