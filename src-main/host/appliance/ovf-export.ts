// A machine's disks as an OVF 1.0 package: streamOptimized VMDK images, descriptor and manifest, in one archive (.ova) or
// side by side in a folder. Reference: DMTF DSP0243 1.0.0, sections 5 and 6.

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { InputOf, OutputOf } from '../../../shared/rpc/contract.ts';
import type { MediaContract } from '../../../shared/rpc/media-contract.ts';
import { type BlockJob, findFormat, openImage } from '../../engine/block/index.ts';
import { createImageHost } from '../image-host.ts';
import { convertImages } from '../image-tools.ts';
import { addFile, existsAlready, writeWhole } from './bundle.ts';
import { digestOf, Steps } from './copying.ts';
import { manifestLine } from './manifest.ts';
import { ovfLosses, type PackedDisk, writeOvf } from './ovf-writer.ts';
import { TarWriter } from './tar-writer.ts';

type Request = Omit<InputOf<MediaContract, 'packOvf'>, 'job'>;

interface Packed extends PackedDisk {
  readonly path: string;
}

export async function packOvf(request: Request, job: BlockJob): Promise<OutputOf<MediaContract, 'packOvf'>> {
  const { path, config, disks } = request;
  const lengths = disks.map(({ path: file }) => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0);
  const steps = new Steps(job, lengths.reduce((sum, bytes) => sum + 2 * bytes, 0));
  const share = (drive: string) => lengths[disks.findIndex((one) => one.drive === drive)] ?? 0;
  const stem = basename(path).replace(/\.(ova|ovf)$/i, '');
  if (request.kind === 'ova')
    await writeWhole(path, async (fd, temporary) => {
      fs.mkdirSync(`${temporary}.disks`, { mode: 0o700 });
      const packed = await packDisks(disks, stem, `${temporary}.disks`, steps);
      const descriptor = Buffer.from(writeOvf(config, packed));
      const writer = new TarWriter(fd, path);
      const sums = [manifestLine(`${plain(stem)}.ovf`, sha256(descriptor))];
      writer.add(`${plain(stem)}.ovf`, descriptor);
      // The manifest may stand at the end, and has to where the archive is written in one go.
      for (const one of packed) sums.push(manifestLine(one.href, await steps.step(share(one.drive), (part) => addFile(writer, { name: one.href, path: one.path, bytes: one.bytes }, part))));
      writer.add(`${plain(stem)}.mf`, Buffer.from(sums.join('')));
      writer.end();
    });
  else await packBeside(request, stem, steps, share);
  return { notes: ovfLosses(config) };
}

/** Disks first, the descriptor last: where it is, the package is whole. */
async function packBeside({ path, config, disks }: Request, stem: string, steps: Steps, share: (drive: string) => number): Promise<void> {
  const folder = dirname(path);
  const name = basename(path).replace(/\.ovf$/i, '');
  const made: string[] = [];
  const add = (file: string, content: string) => {
    refuseExisting(join(folder, file));
    fs.writeFileSync(join(folder, file), content, { flag: 'wx', mode: 0o600 });
    made.push(join(folder, file));
  };
  refuseExisting(path);
  try {
    const packed = await packDisks(disks, stem, folder, steps, made);
    const descriptor = writeOvf(config, packed);
    const sums = [manifestLine(basename(path), sha256(Buffer.from(descriptor)))];
    for (const one of packed) {
      const fd = fs.openSync(one.path, 'r');
      try {
        sums.push(manifestLine(one.href, await steps.step(share(one.drive), (part) => digestOf({ fd, file: one.path, offset: 0, bytes: one.bytes }, 'sha256', part))));
      } finally {
        fs.closeSync(fd);
      }
    }
    add(`${name}.mf`, sums.join(''));
    add(basename(path), descriptor);
  } catch (error) {
    for (const file of made) fs.rmSync(file, { force: true });
    throw error;
  }
}

async function packDisks(disks: Request['disks'], stem: string, folder: string, steps: Steps, made: string[] = []): Promise<Packed[]> {
  const vmdk = findFormat('vmdk');
  if (vmdk === undefined) throw new Error('the format vmdk is missing');
  const packed: Packed[] = [];
  for (const [index, { drive, path, format, folders }] of disks.entries()) {
    const href = `${plain(stem)}-disk${index + 1}.vmdk`;
    const target = join(folder, href);
    refuseExisting(target);
    const image = await openImage(createImageHost({ folders }), { path, format: format ?? undefined, write: false });
    const virtualBytes = Math.ceil(image.length / 512) * 512;
    await image.close();
    await steps.step(fs.statSync(path).size, (part) =>
      convertImages({
        sources: [{ path, format: format ?? undefined }],
        target: { path: target, format: vmdk, options: { subformat: 'streamOptimized' } },
        replace: 'refuse',
        copy: { compressed: true },
        files: { durable: true, folders },
        job: part,
      }),
    );
    made.push(target);
    packed.push({ drive, href, path: target, bytes: fs.statSync(target).size, virtualBytes });
  }
  return packed;
}

/** A name that every program reads the same: letters, digits and a few signs. */
const plain = (stem: string) => stem.normalize('NFKD').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '').slice(0, 60) || 'machine';

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function refuseExisting(path: string): void {
  if (fs.existsSync(path)) throw existsAlready(path);
}
