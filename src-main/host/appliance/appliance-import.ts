// Bundles and OVF packages as a media process reads them: what is in one, and its machine unpacked into an empty folder.
// Whoever asked owns that folder and removes it when this fails.

import * as fs from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Transform } from 'node:stream';
import { type ApplianceNote, type ApplianceSummary, applianceKindOf } from '../../../shared/appliance/appliance-view.ts';
import type { InputOf, OutputOf } from '../../../shared/rpc/contract.ts';
import type { MediaContract } from '../../../shared/rpc/media-contract.ts';
import { MIB } from '../../../shared/units/bytes.ts';
import { type BlockJob, findFormat, type FormatName, openImage, probeFormat } from '../../engine/block/index.ts';
import { blockFileError } from '../file-store.ts';
import { createImageHost } from '../image-host.ts';
import { convertImages, createImage, stageFiles } from '../image-tools.ts';
import { damaged, refuseCancelled, shown, unsupported } from './appliance-error.ts';
import { BUNDLE_VERSION } from '../../../shared/appliance/bundle.ts';
import { openBundle, unpackBundle } from './bundle.ts';
import { digestOf, extract, Steps } from './copying.ts';
import type { OvfSystem } from './ovf-document.ts';
import { type OvfDrivePlan, type OvfPlan, planMachine } from './ovf-machine.ts';
import { openPackage, type OvfPackage } from './ovf-package.ts';

type Unpacked = OutputOf<MediaContract, 'unpackAppliance'>;

/** By the file itself, then by its name. */
function kindOf(path: string): 'bundle' | 'ovf' | 'ova' {
  const fd = openIt(path);
  try {
    const head = Buffer.alloc(512);
    const length = fs.readSync(fd, head, 0, 512, 0);
    const isTar = head.toString('latin1', 257, 262) === 'ustar';
    if (isTar) return head.toString('latin1', 0, 13) === 'machine.json\0' ? 'bundle' : 'ova';
    const text = head.toString('utf8', 0, length).replace(/\0/g, '');
    if (/^\uFEFF?\s*</.test(text) || (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return 'ovf';
    const named = applianceKindOf(path);
    // An archive in the oldest form has no sign of its own.
    if (named === 'ova' && length === 512) return 'ova';
    throw unsupported(path, 'is no bundle of Boxwright and no OVF package.');
  } finally {
    fs.closeSync(fd);
  }
}

function openIt(path: string): number {
  try {
    const fd = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    if (fs.fstatSync(fd).isFile()) return fd;
    fs.closeSync(fd);
  } catch (error) {
    throw blockFileError(error, path, 'opened');
  }
  throw unsupported(path, 'is no file.');
}

export function inspectAppliance({ path, system }: InputOf<MediaContract, 'inspectAppliance'>): ApplianceSummary {
  const kind = kindOf(path);
  return kind === 'bundle' ? inspectBundle(path) : inspectPackage(path, kind === 'ova', system);
}

function inspectBundle(path: string): ApplianceSummary {
  const fd = openIt(path);
  try {
    const { taken, members } = openBundle(fd, path);
    const { config, tree, notes } = taken;
    const disks = config.drives.filter(({ kind, path: file }) => kind === 'disk' && file !== null);
    return {
      kind: 'bundle',
      format: `Boxwright bundle, version ${BUNDLE_VERSION}`,
      name: config.name,
      description: config.description,
      guest: config.guest,
      memoryMiB: config.memoryMiB,
      disks: disks.map(({ id, path: file }) => ({ drive: id, name: file ?? '', virtualBytes: null, packedBytes: members.find(({ name }) => name === file)?.bytes ?? null })),
      snapshots: tree?.snapshots.length ?? 0,
      systems: [{ id: config.id, name: config.name }],
      needsBytes: members.reduce((sum, { bytes }) => sum + bytes, 0),
      checksums: 'sha256',
      notes: [...notes],
    };
  } finally {
    fs.closeSync(fd);
  }
}

function inspectPackage(path: string, isArchive: boolean, wanted: string | undefined): ApplianceSummary {
  const opened = openPackage(path, isArchive, false);
  try {
    const { document, digests, kind } = opened;
    const system = chosenSystem(opened, wanted, path);
    const plan = planMachine(document, system, path);
    const disks = plan.drives.map(({ drive, label, file, capacityBytes }) => ({
      drive, name: label, virtualBytes: capacityBytes ?? null, packedBytes: file === undefined ? 0 : opened.find(file).bytes,
    }));
    const [first] = digests.values();
    return {
      kind,
      format: `OVF ${document.version}`,
      name: plan.settings.name,
      description: plan.settings.description,
      guest: plan.settings.guest,
      memoryMiB: plan.settings.memoryMiB,
      disks,
      snapshots: 0,
      systems: document.systems.map(({ id, name }) => ({ id: shown(id, 900), name: shown(name, 900) })),
      needsBytes: disks.reduce((sum, { packedBytes }) => sum + (packedBytes ?? 0), 0),
      checksums: first?.algorithm ?? 'none',
      notes: allNotes(opened, plan, system),
    };
  } finally {
    opened.close();
  }
}

/** The one of this id or name; without either the first. */
function chosenSystem({ document: { systems } }: OvfPackage, wanted: string | undefined, path: string): OvfSystem {
  const found = systems.find(({ id, name }) => wanted === undefined || shown(id, 900) === wanted || shown(name, 900) === wanted);
  if (found) return found;
  throw unsupported(path, `holds no machine “${shown(wanted ?? '')}”; there is ${systems.map(({ id }) => `“${shown(id)}”`).join(', ')}.`);
}

function allNotes({ document, digests, isSigned }: OvfPackage, plan: OvfPlan, system: OvfSystem): ApplianceNote[] {
  const notes = [...plan.notes];
  const others = document.systems.filter((one) => one !== system).map(({ name }) => `“${shown(name)}”`);
  if (others.length > 0) notes.push({ level: 'info', text: `Left out: the other machines of the package, ${others.join(', ')}.`.slice(0, 1000) });
  if (digests.size === 0) notes.push({ level: 'info', text: 'The package has no manifest: nothing tells whether its files are whole.' });
  if (isSigned) notes.push({ level: 'info', text: 'The package is signed; the signature is not checked.' });
  return notes;
}

export async function unpackAppliance(request: Omit<InputOf<MediaContract, 'unpackAppliance'>, 'job'>, job: BlockJob): Promise<Unpacked> {
  const { path, folder, system, verify } = request;
  const kind = kindOf(path);
  if (kind === 'bundle') {
    const fd = openIt(path);
    try {
      return await unpackBundle(fd, path, { folder, verify }, job);
    } finally {
      fs.closeSync(fd);
    }
  }
  const opened = openPackage(path, kind === 'ova', verify);
  try {
    const chosen = chosenSystem(opened, system, path);
    const plan = planMachine(opened.document, chosen, path);
    await fillDrives(opened, plan, { path, folder, verify }, job);
    return { settings: plan.settings, uuid: null, notes: allNotes(opened, plan, chosen) };
  } finally {
    opened.close();
  }
}

interface Filling {
  readonly path: string;
  readonly folder: string;
  readonly verify: boolean;
}

async function fillDrives(opened: OvfPackage, { drives }: OvfPlan, filling: Filling, job: BlockJob): Promise<void> {
  const sizes = drives.map(({ file }) => (file === undefined ? 0 : opened.find(file).bytes));
  const steps = new Steps(job, sizes.reduce((sum, bytes) => sum + 3 * bytes, 0));
  const scratch = join(filling.folder, '.unpacking');
  fs.mkdirSync(scratch, { mode: 0o700 });
  for (const plan of drives) await fillDrive(opened, plan, filling, scratch, steps);
  fs.rmSync(scratch, { recursive: true, force: true });
}

async function fillDrive(opened: OvfPackage, plan: OvfDrivePlan, { path, folder, verify }: Filling, scratch: string, steps: Steps): Promise<void> {
  const target = join(folder, plan.target);
  if (plan.file === undefined) return makeEmpty(target, plan.capacityBytes ?? 0);
  const span = opened.find(plan.file);
  const digest = verify ? opened.digests.get(span.name) : undefined;
  // A name of our own: what the package calls it decides nothing here.
  let file = join(scratch, `${plan.drive}.image`);
  const algorithm = digest === undefined ? [] : [digest.algorithm];
  const isBeside = opened.kind === 'ovf';
  const found = await steps.step(span.bytes, async (part) => {
    if (!isBeside) return (await extract(span, file, algorithm, part)).get(digest?.algorithm ?? '');
    return digest && digestOf(span, digest.algorithm, part);
  });
  if (digest !== undefined && found !== digest.hex)
    throw damaged(path, `is damaged: the checksum of “${shown(span.name)}” does not agree with the manifest. Download or copy it again.`);
  // Beside its descriptor it is read where it is: its extents may lie there too.
  if (isBeside) file = span.file;
  if (plan.file.isGzip) file = await steps.step(span.bytes, (part) => unzipped(file, join(scratch, `${plan.drive}.plain`), limitOf(plan), part));
  await steps.step(span.bytes, (part) => intoPlace(file, plan, target, part));
  if (!isBeside || plan.file.isGzip) fs.rmSync(file, { force: true });
}

/** What a packed disk may come to: a little more than it is said to hold. */
function limitOf({ capacityBytes }: OvfDrivePlan): number {
  return capacityBytes === undefined ? 64 * 1024 ** 3 : capacityBytes * 1.1 + 8 * MIB;
}

async function unzipped(file: string, target: string, limit: number, job: BlockJob): Promise<string> {
  let bytes = 0;
  const bound = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > limit) return done(damaged(file, 'unpacks to more than the package says it holds.'));
      try {
        refuseCancelled(job, file);
      } catch (error) {
        return done(error as Error);
      }
      done(null, chunk);
    },
  });
  try {
    await pipeline(fs.createReadStream(file), createGunzip(), bound, fs.createWriteStream(target, { flags: 'wx', mode: 0o600 }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) throw damaged(file, 'is no whole gzip file.');
    throw error;
  }
  return target;
}

async function makeEmpty(path: string, bytes: number): Promise<void> {
  const format = requireFormat('qcow2');
  await stageFiles({ durable: true, existing: 'refuse' }, (host) => createImage(host, { path, format, length: Math.ceil(bytes / 512) * 512, options: {} }));
}

async function intoPlace(source: string, plan: OvfDrivePlan, target: string, job: BlockJob): Promise<void> {
  if (plan.kind !== 'disk') return copyWhole(source, target, job);
  await convertImages({
    sources: [{ path: source, format: await formatOf(source, plan) }],
    target: { path: target, format: requireFormat('qcow2'), options: {} },
    replace: 'refuse',
    copy: { compressed: false },
    files: { durable: true },
    job,
  });
  await enlarge(target, plan.capacityBytes);
}

async function copyWhole(file: string, target: string, job: BlockJob): Promise<void> {
  const fd = openIt(file);
  try {
    await extract({ fd, file, offset: 0, bytes: fs.fstatSync(fd).size }, target, [], job);
  } finally {
    fs.closeSync(fd);
  }
}

/** What the package says, where we know it; an image that cannot be told is not taken for raw by guessing. */
async function formatOf(file: string, { format, label }: OvfDrivePlan): Promise<FormatName> {
  const store = await createImageHost().files.open(file, 'read');
  try {
    const head = new Uint8Array(Math.min(store.length, 4096));
    const tail = new Uint8Array(Math.min(store.length, 512));
    await store.readAt(0, head);
    await store.readAt(store.length - tail.length, tail);
    const probed = probeFormat(head, tail);
    if (probed !== undefined && probed !== 'raw') return probed;
  } finally {
    await store.close();
  }
  if (/raw|iso/i.test(format)) return 'raw';
  throw unsupported(file, `holds the disk “${label}” in a format that is not known (${shown(format) || 'none is named'}).`);
}

/** A disk may be said to be larger than the image that is packed. */
async function enlarge(path: string, bytes: number | undefined): Promise<void> {
  if (bytes === undefined || bytes > 64 * 1024 ** 4) return;
  const image = await openImage(createImageHost(), { path, format: 'qcow2', write: true });
  try {
    const wanted = Math.ceil(bytes / 512) * 512;
    if (wanted > image.length) await image.resize?.(wanted);
    await image.flush();
  } finally {
    await image.close();
  }
}

function requireFormat(name: FormatName) {
  const format = findFormat(name);
  if (format === undefined) throw new Error(`the format ${name} is missing`);
  return format;
}
