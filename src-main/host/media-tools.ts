// The media process's work on disk images: what an image is, converting and checking, with progress and cancelling.
// Failures are worded for people; the operations are those of the command line (image-tools.ts).

import * as fs from 'node:fs';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import type { InputOf, OutputOf } from '../../shared/rpc/contract.ts';
import { formatBytes } from '../../shared/units/bytes.ts';
import type { ImageCheck, ImageInfo, MediaContract } from '../../shared/rpc/media-contract.ts';
import {
  BlockError,
  findFormat,
  type FormatName,
  type ImageFormat,
  openImage,
  probeFormat,
  readEnds,
} from '../engine/block/index.ts';
import { inspectAppliance, unpackAppliance } from './appliance/appliance-import.ts';
import { packBundle } from './appliance/bundle.ts';
import { packOvf } from './appliance/ovf-export.ts';
import { compactImage } from './compact-image.ts';
import { createImageHost } from './image-host.ts';
import { imageFailure } from './image-failure.ts';
import { convertImages } from './image-tools.ts';
import { createOverlay, mergeLayers, setBacking } from './layer-tools.ts';
import { resizeImage } from './resize-image.ts';
import { StepwiseJob } from './stepwise-job.ts';
import { verifyState } from './verify-state.ts';

export type EmitProgress = (progress: { job: string; done: number; total: number }) => void;

const MAX_DETAILS = 64;
const MAX_FAULTS = 100;
export class MediaTools {
  readonly #emit: EmitProgress;
  readonly #jobs = new Map<string, StepwiseJob>();

  constructor(emit: EmitProgress) {
    this.#emit = emit;
  }

  /** Nothing behind the image is opened, and who has it open does not matter. */
  async imageInfo({ path, format }: InputOf<MediaContract, 'imageInfo'>): Promise<ImageInfo> {
    return this.#worded(path, async () => {
      const image = await openImage(createImageHost({ forceShare: true }), {
        path,
        format,
        write: false,
        noBacking: true,
      });
      try {
        const { blocks, size } = fs.statSync(path);
        const details = Object.entries(image.details()).slice(0, MAX_DETAILS);
        return {
          path,
          format: image.format,
          virtualBytes: image.length,
          diskBytes: process.platform === 'win32' ? size : blocks * 512,
          backing:
            image.backingName === undefined
              ? null
              : { name: image.backingName.slice(0, 4096), format: image.backingFormat ?? null },
          snapshots: (image.snapshots?.list() ?? []).map((snapshot) => ({
            id: snapshot.id.slice(0, 200),
            name: snapshot.name.slice(0, 1024),
            takenMs: snapshot.dateSeconds * 1000,
            vmStateBytes: snapshot.vmStateSize,
          })),
          details: Object.fromEntries(
            details.flatMap(([name, value]) => (isPlain(value) ? [[name.slice(0, 100), plain(value)]] : [])),
          ),
        };
      } finally {
        await image.close();
      }
    });
  }

  async convertImage(request: InputOf<MediaContract, 'convertImage'>): Promise<void> {
    const { source, sourceFormat, snapshot, target, targetFormat, compressed, options, folders = [] } = request;
    await this.#asJob(request.job, target, async (job) =>
      convertImages({
        sources: [{ path: source, format: sourceFormat }],
        snapshot,
        target: { path: target, format: requireFormat(target, targetFormat), options },
        replace: 'refuse',
        copy: { compressed },
        files: { durable: true, folders },
        job,
      }),
    );
  }

  async resizeImage({ path, bytes: length, shrink }: InputOf<MediaContract, 'resizeImage'>): Promise<void> {
    await this.#worded(path, () =>
      resizeImage({
        path,
        lengthFor: (now) => {
          if (length >= now || shrink) return length;
          throw new BlockError(
            'invalid-argument',
            `“${path}” has ${formatBytes(now)}; everything behind ${formatBytes(length)} would be lost.`,
            { file: path },
          );
        },
      }),
    );
  }

  async compactImage({ job: name, path }: InputOf<MediaContract, 'compactImage'>): Promise<void> {
    await this.#asJob(name, path, (job) => compactImage({ path, compressed: false, job }));
  }

  async checkImage({
    job: name,
    path,
    format,
    repair,
  }: InputOf<MediaContract, 'checkImage'>): Promise<ImageCheck> {
    return this.#asJob(name, path, async (job) => {
      const host = createImageHost();
      const store = await host.files.open(path, repair === 'none' ? 'read' : 'write');
      try {
        const { head, tail } = await readEnds(store);
        const known = requireFormat(path, format ?? probeFormat(head, tail) ?? 'raw');
        const report = await requireCheck(path, known)(store, host, { path, repair, job });
        if (repair !== 'none') await store.flush();
        const { corruptions, leaks, corruptionsFixed, leaksFixed, checkErrors } = report;
        const faults = report.faults.slice(0, MAX_FAULTS).map(({ kind, structure, offset, message }) => ({
          kind,
          structure: structure.slice(0, 200),
          offset,
          message: message.slice(0, 1000),
        }));
        return { corruptions, leaks, corruptionsFixed, leaksFixed, checkErrors, faults };
      } finally {
        await store.close();
      }
    });
  }

  async verifyState({ job: name, path }: InputOf<MediaContract, 'verifyState'>): Promise<void> {
    await this.#asJob(name, path, (job) => verifyState(path, job));
  }

  createOverlay(request: InputOf<MediaContract, 'createOverlay'>): Promise<OutputOf<MediaContract, 'createOverlay'>> {
    return this.#worded(request.path, () => createOverlay(request));
  }

  mergeLayers({ job, ...request }: InputOf<MediaContract, 'mergeLayers'>): Promise<void> {
    return this.#asJob(job, request.upper, (watched) => mergeLayers(request, watched));
  }

  setBacking(request: InputOf<MediaContract, 'setBacking'>): Promise<void> {
    return this.#worded(request.path, () => setBacking(request));
  }

  inspectAppliance(request: InputOf<MediaContract, 'inspectAppliance'>): Promise<OutputOf<MediaContract, 'inspectAppliance'>> {
    return this.#worded(request.path, async () => inspectAppliance(request));
  }

  unpackAppliance({ job, ...request }: InputOf<MediaContract, 'unpackAppliance'>): Promise<OutputOf<MediaContract, 'unpackAppliance'>> {
    return this.#asJob(job, request.path, (watched) => unpackAppliance(request, watched));
  }

  packBundle({ job, ...request }: InputOf<MediaContract, 'packBundle'>): Promise<void> {
    return this.#asJob(job, request.path, (watched) => packBundle(request, watched));
  }

  packOvf({ job, ...request }: InputOf<MediaContract, 'packOvf'>): Promise<OutputOf<MediaContract, 'packOvf'>> {
    return this.#asJob(job, request.path, (watched) => packOvf(request, watched));
  }

  cancel({ job }: { readonly job: string }): void {
    const found = this.#jobs.get(job);
    if (found) found.cancelled = true;
  }

  async #asJob<T>(name: string, path: string, work: (job: StepwiseJob) => Promise<T>): Promise<T> {
    if (this.#jobs.has(name)) throw new FailureError('rpc.invalidInput', say`There is a job “${name}” already.`);
    const job = new StepwiseJob((done, total) => this.#emit({ job: name, done, total }));
    this.#jobs.set(name, job);
    try {
      return await this.#worded(path, () => work(job));
    } finally {
      this.#jobs.delete(name);
    }
  }

  async #worded<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw imageFailure(error, path);
    }
  }
}

function requireFormat(file: string, name: FormatName): ImageFormat {
  const format = findFormat(name);
  if (format) return format;
  throw new BlockError('unsupported', `“${file}”: the format ${name} is not known.`, { file, feature: name });
}

function requireCheck(
  file: string,
  format: ImageFormat,
): (...args: Parameters<NonNullable<ImageFormat['check']>>) => ReturnType<NonNullable<ImageFormat['check']>> {
  if (format.check) return format.check.bind(format);
  throw new BlockError('unsupported', `“${file}”: images of the format ${format.name} cannot be checked.`, {
    file,
    feature: 'check',
  });
}

const isPlain = (value: unknown): value is string | number | boolean =>
  ['string', 'number', 'boolean'].includes(typeof value);
const plain = (value: string | number | boolean) =>
  typeof value === 'string' ? value.slice(0, 1000) : value;
