// The files of an OVF package: beside its descriptor in a folder, or with it in one tar archive (.ova).

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { blockFileError } from '../file-store.ts';
import { damaged, shown, unsupported } from './appliance-error.ts';
import { readSpan, type Span } from './copying.ts';
import { type Digest, readManifest } from './manifest.ts';
import { memberName } from './member-name.ts';
import { type OvfDocument, type OvfFile, readOvf } from './ovf-document.ts';
import { readTar } from './tar-reader.ts';

const MAX_TEXT_BYTES = 16 * 1024 * 1024;

export interface OvfPackage {
  readonly kind: 'ovf' | 'ova';
  readonly document: OvfDocument;
  /** By file; empty where there is no manifest. */
  readonly digests: ReadonlyMap<string, Digest>;
  readonly isSigned: boolean;
  /** Throws where the package has no such file. */
  find(file: OvfFile): Span & { readonly name: string };
  close(): void;
}

/** Throws `FailureError`. With `verify` the descriptor's own checksum has to agree. */
export function openPackage(path: string, isArchive: boolean, verify: boolean): OvfPackage {
  const fds: number[] = [];
  const close = () => {
    for (const fd of fds.splice(0)) fs.closeSync(fd);
  };
  const open = (file: string) => {
    const fd = openFile(file);
    fds.push(fd);
    return fd;
  };
  try {
    const files = isArchive ? filesOfArchive(open(path), path) : filesBeside(path, open);
    const descriptor = files.descriptor;
    const bytes = wholeOf(descriptor, path);
    const manifest = files.get(`${descriptor.name.replace(/\.ovf$/i, '')}.mf`);
    const digests = manifest === undefined ? new Map<string, Digest>() : readManifest(Buffer.from(wholeOf(manifest, path)).toString('utf8'), path);
    const own = digests.get(descriptor.name);
    if (verify && own && createHash(own.algorithm).update(bytes).digest('hex') !== own.hex)
      throw damaged(path, `is damaged, or was changed: the checksum of “${shown(descriptor.name)}” does not agree with the manifest.`);
    return {
      kind: isArchive ? 'ova' : 'ovf',
      document: readOvf(bytes, path),
      digests,
      isSigned: files.get(`${descriptor.name.replace(/\.ovf$/i, '')}.cert`) !== undefined,
      find: (file) => findFile(files, file, path),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

type NamedSpan = Span & { readonly name: string };

interface PackageFiles {
  readonly descriptor: NamedSpan;
  get(name: string): NamedSpan | undefined;
}

function filesOfArchive(fd: number, file: string): PackageFiles {
  const members = new Map(readTar(fd, file).map(({ name, offset, bytes }) => [name, { name, fd, file, offset, bytes }]));
  const descriptors = [...members.values()].filter(({ name }) => /\.ovf$/i.test(name));
  const [descriptor] = descriptors;
  if (descriptor === undefined) throw unsupported(file, 'holds no OVF descriptor.');
  if (descriptors.length > 1) throw unsupported(file, 'holds several OVF descriptors.');
  return { descriptor, get: (name) => members.get(name) };
}

function filesBeside(path: string, open: (file: string) => number): PackageFiles {
  const opened = new Map<string, NamedSpan>();
  const span = (name: string): NamedSpan => {
    const known = opened.get(name);
    if (known) return known;
    const file = join(dirname(path), name);
    const fd = open(file);
    const found = { name, fd, file, offset: 0, bytes: fs.fstatSync(fd).size };
    opened.set(name, found);
    return found;
  };
  return { descriptor: span(basename(path)), get: (name) => (fs.existsSync(join(dirname(path), name)) ? span(name) : undefined) };
}

/** A reference is a URI; most programs write plain names nevertheless. */
function findFile(files: PackageFiles, { href }: OvfFile, path: string): NamedSpan {
  if (/^[a-z][a-z0-9+.-]*:/i.test(href)) throw unsupported(path, `needs “${shown(href)}”, which is not in the package; download it and correct the descriptor.`);
  for (const name of [href, unescaped(href)]) {
    const plain = memberName(name);
    if (plain === undefined) throw unsupported(path, `names a file “${shown(name)}” that leads out of its folder.`);
    const found = files.get(plain);
    if (found) return found;
  }
  throw damaged(path, `needs “${shown(href)}”, which is not in the package. Put it beside the descriptor.`);
}

function unescaped(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}

function openFile(file: string): number {
  try {
    const fd = fs.openSync(file, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    if (fs.fstatSync(fd).isFile()) return fd;
    fs.closeSync(fd);
  } catch (error) {
    throw blockFileError(error, file, 'opened');
  }
  throw unsupported(file, 'is no file.');
}

function wholeOf(span: Span, path: string): Uint8Array {
  if (span.bytes > MAX_TEXT_BYTES) throw unsupported(path, 'has a description that is too long.');
  return readSpan(span);
}
