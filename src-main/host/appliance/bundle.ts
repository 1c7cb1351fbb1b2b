// A machine with its snapshots as one file, ".boxwright". It is a tar archive (POSIX ustar) that is written, read and
// checked from its beginning to its end, and that `tar` and `sha256sum -c` can open without this program:
//
//   machine.json        the description: format, version, settings, tree of snapshots, and the name and size of each file
//   …                   the files: disks and kernels at the top, `snapshots/` with layers, memory and pictures
//   checksums.sha256    "hex  name" for every member before it

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  BUNDLE_CHECKSUMS,
  BUNDLE_DESCRIPTION,
  BUNDLE_VERSION,
  type BundleDescription,
  bundleDescription,
  type TakenBundle,
  takeBundle,
} from '../../../shared/appliance/bundle.ts';
import { settingsOf } from '../../../shared/machine/config.ts';
import type { InputOf, OutputOf } from '../../../shared/rpc/contract.ts';
import { FailureError } from '../../../shared/rpc/failure.ts';
import type { MediaContract } from '../../../shared/rpc/media-contract.ts';
import { type Layer, treeFault } from '../../../shared/snapshot/snapshot-tree.ts';
import { cannot, systemErrorCode, systemErrorWords } from '../../../shared/units/system-error.ts';
import { parseJson } from '../../../shared/units/parse-json.ts';
import { type BlockJob, openImage } from '../../engine/block/index.ts';
import { createImageHost } from '../image-host.ts';
import { setBacking } from '../layer-tools.ts';
import { damaged, unsupported } from './appliance-error.ts';
import { eachChunk, extract, readSpan, Steps } from './copying.ts';
import { asPlainImage } from './plain-image.ts';
import { readTar, type TarMember } from './tar-reader.ts';
import { TarWriter } from './tar-writer.ts';

const MAX_DESCRIPTION_BYTES = 64 * 1024 * 1024;

export interface OpenBundle {
  readonly description: BundleDescription;
  readonly taken: TakenBundle;
  readonly members: readonly TarMember[];
  readonly first: TarMember;
  readonly last: TarMember;
}

/** Throws `FailureError`: what is wrong with it. Nothing but its description has been read. */
export function openBundle(fd: number, file: string): OpenBundle {
  const members = readTar(fd, file);
  const [first, last] = [members[0], members.at(-1)];
  if (first?.name !== BUNDLE_DESCRIPTION) throw unsupported(file, 'is no bundle of Boxwright.');
  if (last?.name !== BUNDLE_CHECKSUMS) throw damaged(file, 'is cut short: its checksums are missing.');
  if (first.bytes > MAX_DESCRIPTION_BYTES || last.bytes > MAX_DESCRIPTION_BYTES) throw unsupported(file, 'has a description that is too long.');
  const value = parseJson(textOf(fd, file, first));
  const version = typeof value === 'object' && value !== null && 'version' in value ? Number(value.version) : 0;
  if (version > BUNDLE_VERSION) throw unsupported(file, 'was made by a newer version of Boxwright.');
  const parsed = bundleDescription.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw damaged(file, `has a wrong value in its description, at “${issue?.path.join('.')}”: ${issue?.message}.`);
  }
  const description = parsed.data;
  const fault = description.tree === null ? undefined : treeFault(description.tree);
  const taken = takeBundle(description);
  if (fault !== undefined || typeof taken === 'string') throw damaged(file, `cannot be used: its description ${fault ?? taken}.`);
  const files = members.slice(1, -1);
  for (const [index, { name, bytes }] of description.files.entries())
    if (files[index]?.name !== name || files[index]?.bytes !== bytes) throw damaged(file, `does not hold “${name}” as its description says.`);
  if (files.length > description.files.length) throw damaged(file, 'holds files that its description does not name.');
  return { description, taken, members: files, first, last };
}

function textOf(fd: number, file: string, { offset, bytes }: TarMember): string {
  return readSpan({ fd, file, offset, bytes }).toString('utf8');
}

/** Into an empty folder. Throws when a checksum does not agree, or an image reaches for files that are not its machine's. */
export async function unpackBundle(fd: number, file: string, { folder, verify }: { readonly folder: string; readonly verify: boolean }, job: BlockJob): Promise<OutputOf<MediaContract, 'unpackAppliance'>> {
  const { taken, members, first, last } = openBundle(fd, file);
  const sums = checksums(file, textOf(fd, file, last));
  const total = members.reduce((sum, { bytes }) => sum + bytes, 0);
  const steps = new Steps(job, total);
  const compare = (name: string, found: string) => {
    if (verify && sums.get(name) !== found) throw damaged(file, `is damaged: the checksum of “${name}” does not agree. Download or copy it again.`);
  };
  compare(first.name, createHash('sha256').update(textOf(fd, file, first)).digest('hex'));
  fs.mkdirSync(join(folder, 'snapshots'), { mode: 0o700 });
  for (const { name, offset, bytes } of members) {
    const hashes = await steps.step(bytes, (part) => extract({ fd, file, offset, bytes }, join(folder, name), ['sha256'], part));
    compare(name, hashes.get('sha256') ?? '');
  }
  const { config, tree, notes } = taken;
  const layers = tree?.layers ?? [];
  for (const layer of layers) await nameParent(file, folder, layer, layers);
  for (const { kind, path, format } of config.drives)
    if (kind === 'disk' && path !== null && !layers.some((one) => one.path === path)) await refuseReferences(file, join(folder, path), format ?? undefined);
  if (tree !== null) fs.writeFileSync(join(folder, 'snapshots', 'tree.json'), `${JSON.stringify(tree, null, 2)}\n`, { flag: 'wx', mode: 0o600 });
  return { settings: settingsOf(config), uuid: config.uuid ?? null, notes: [...notes] };
}

/** What stands in an image is not believed: the tree says what lies behind it. */
async function nameParent(file: string, folder: string, layer: Layer, layers: readonly Layer[]): Promise<void> {
  const path = join(folder, layer.path);
  const parent = layers.find(({ id }) => id === layer.parent);
  if (parent === undefined) return refuseReferences(file, path, layer.format);
  if (layer.format !== 'qcow2') throw damaged(file, `has a layer, “${layer.path}”, that cannot lie on another.`);
  const [from, to] = [dirname(layer.path), parent.path];
  await setBacking({ path, backing: { name: from === '.' ? to : dirname(to) === from ? basename(to) : `../${to}`, format: parent.format } });
}

async function refuseReferences(file: string, path: string, format: Layer['format'] | undefined): Promise<void> {
  const image = await openImage(createImageHost(), { path, format, write: false, noBacking: true });
  const { backingName } = image;
  await image.close();
  if (backingName !== undefined) throw unsupported(file, `holds a disk, “${basename(path)}”, that needs “${backingName.slice(0, 200)}”, which is not in it.`);
}

function checksums(file: string, text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, sum, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sum === undefined || name === undefined || found.has(name)) throw damaged(file, 'has a damaged list of checksums.');
    found.set(name, sum);
  }
  return found;
}

/** Appears under its name when it is whole; fails when there is a file of that name. */
export async function packBundle({ path, files, description }: Omit<InputOf<MediaContract, 'packBundle'>, 'job'>, job: BlockJob): Promise<void> {
  const steps = new Steps(job, files.reduce((sum, { path: from }) => sum + 2 * (fs.statSync(from, { throwIfNoEntry: false })?.size ?? 0), 0));
  await writeWhole(path, async (fd, temporary) => {
    const packed: { name: string; path: string; bytes: number }[] = [];
    const converted = new Map<string, { from: string; format: string }>();
    for (const [index, { name, path: from, image }] of files.entries()) {
      const size = fs.statSync(from).size;
      const plain = image === null ? undefined : await steps.step(size, (part) => asPlainImage({ ...image, path: from }, `${temporary}.${index}`, part));
      if (plain !== undefined) converted.set(name, { from: plain.path, format: plain.format });
      const source = plain?.path ?? from;
      packed.push({ name, path: source, bytes: fs.statSync(source).size });
    }
    const formats = (known: string, name: string) => converted.get(name)?.format ?? known;
    const parsed = bundleDescription.parse(withFormats({ ...description, files: packed.map(({ name, bytes }) => ({ name, bytes })) }, formats));
    const writer = new TarWriter(fd, path);
    const sums: string[] = [];
    const content = Buffer.from(`${JSON.stringify(parsed, null, 2)}\n`);
    writer.add(BUNDLE_DESCRIPTION, content);
    sums.push(`${createHash('sha256').update(content).digest('hex')}  ${BUNDLE_DESCRIPTION}`);
    for (const member of packed) sums.push(`${await steps.step(member.bytes, (part) => addFile(writer, member, part))}  ${member.name}`);
    writer.add(BUNDLE_CHECKSUMS, Buffer.from(`${sums.join('\n')}\n`));
    writer.end();
  });
}

type Described = InputOf<MediaContract, 'packBundle'>['description'] & Pick<BundleDescription, 'files'>;

/** Images that were written anew are named with their new format wherever they are named. */
function withFormats(described: Described, formatOf: (known: string, name: string) => string): unknown {
  const config = (one: Described['config']) => ({
    ...one,
    drives: one.drives.map((drive) => (drive.path === null || drive.format === null ? drive : { ...drive, format: formatOf(drive.format, drive.path) })),
  });
  const { tree } = described;
  return {
    ...described,
    config: config(described.config),
    tree: tree && {
      ...tree,
      layers: tree.layers.map((one) => ({ ...one, format: formatOf(one.format, one.path) })),
      snapshots: tree.snapshots.map((one) => ({ ...one, config: config(one.config) })),
    },
  };
}

/** Returns its checksum. */
export async function addFile(writer: TarWriter, { name, path, bytes }: { readonly name: string; readonly path: string; readonly bytes: number }, job: BlockJob, algorithm = 'sha256'): Promise<string> {
  const fd = fs.openSync(path, 'r');
  try {
    const hash = createHash(algorithm);
    writer.begin(name, bytes);
    await eachChunk({ fd, file: path, offset: 0, bytes }, job, (chunk) => {
      hash.update(chunk);
      writer.write(chunk);
    });
    writer.endMember();
    return hash.digest('hex');
  } finally {
    fs.closeSync(fd);
  }
}

/** A rename would replace what came into being meanwhile; a link does not, but some file systems have none. */
function placeNew(temporary: string, path: string): void {
  try {
    fs.linkSync(temporary, path);
  } catch (error) {
    if (fs.existsSync(path)) throw existsAlready(path);
    if (systemErrorCode(error) === '') throw error;
    fs.renameSync(temporary, path);
  }
}

export function existsAlready(path: string): FailureError {
  return new FailureError('files.exists', `“${path}” exists already; choose another name, or remove it first.`, { path });
}

/** A file that takes its name when `write` is through. What is called like the temporary file and more goes with it. */
export async function writeWhole(path: string, write: (fd: number, temporary: string) => Promise<void>): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  if (fs.existsSync(path)) throw existsAlready(path);
  const temporary = join(folder, `.${name}.${process.pid}.part`);
  let fd: number;
  try {
    fd = fs.openSync(temporary, 'w', 0o600);
  } catch (error) {
    throw new FailureError('store.writeFailed', cannot(path, 'made', systemErrorWords(error)), { path });
  }
  const cleanUp = () => {
    for (const found of fs.readdirSync(folder)) if (found.startsWith(basename(temporary))) fs.rmSync(join(folder, found), { force: true, recursive: true });
  };
  process.once('exit', cleanUp);
  try {
    await write(fd, temporary);
    fs.fsyncSync(fd);
    placeNew(temporary, path);
  } finally {
    fs.closeSync(fd);
    cleanUp();
    process.removeListener('exit', cleanUp);
  }
}
