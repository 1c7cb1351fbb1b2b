// Work of media processes: files nobody vouches for are touched by a process that lives no longer than that.

import { randomUUID } from 'node:crypto';
import { connect } from '../../shared/rpc/connect.ts';
import type { Client, InputOf, OutputOf } from '../../shared/rpc/contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { type MediaContract, mediaContract } from '../../shared/rpc/media-contract.ts';
import { currentWatch } from './job-watch.ts';
import type { VerifierMedia } from './machine-verifier.ts';
import type { LaunchProcess } from './process-handle.ts';
import type { SnapshotMedia } from './snapshot-io.ts';
import { within } from './within.ts';

/** Copying takes as long as the disk is large. */
const COPY_LIMIT_MS = 24 * 3600 * 1000;
const SMALL_LIMIT_MS = 60_000;
/** What does not answer to a cancel is ended. */
const CANCEL_LIMIT_MS = 5_000;

export class MediaWork {
  readonly #launch: LaunchProcess;

  constructor(launch: LaunchProcess) {
    this.#launch = launch;
  }

  async use<T>(name: string, limitMs: number, failure: string, work: (client: Client<MediaContract>) => Promise<T>): Promise<T> {
    const handle = this.#launch('media', name);
    try {
      return await within(work(connect(mediaContract, handle.channel)), limitMs, failure);
    } finally {
      handle.kill();
    }
  }

  /** Long work, as part of the job that is under way: with its progress, and ended when that is cancelled. */
  async useWatched<T>(name: string, work: (client: Client<MediaContract>, job: string) => Promise<T>): Promise<T> {
    const watch = currentWatch();
    const job = watch?.id ?? randomUUID();
    if (watch?.signal.aborted) throw cancelled();
    const handle = this.#launch('media', name);
    const client = connect(mediaContract, handle.channel);
    client.on('progress', ({ job: of, done, total }) => {
      if (of === job) watch?.progress(done, total);
    });
    let timer: NodeJS.Timeout | undefined;
    const cancel = () => {
      client.call('cancel', { job }).catch(() => handle.kill());
      timer = setTimeout(() => handle.kill(), CANCEL_LIMIT_MS);
    };
    watch?.signal.addEventListener('abort', cancel, { once: true });
    try {
      return await within(work(client, job), COPY_LIMIT_MS, 'The work on the disks took too long.');
    } catch (error) {
      throw watch?.signal.aborted ? cancelled() : error;
    } finally {
      clearTimeout(timer);
      watch?.signal.removeEventListener('abort', cancel);
      handle.kill();
    }
  }

  /** The calls that snapshots make, each in a process of its own. */
  forSnapshots(): SnapshotMedia {
    const call = <K extends keyof SnapshotMedia>(name: K, limitMs: number) =>
      (input: InputOf<MediaContract, K>): Promise<OutputOf<MediaContract, K>> =>
        this.use('disk layers', limitMs, 'The disk could not be changed in time.', (client) => client.call(name, input));
    return {
      createOverlay: call('createOverlay', SMALL_LIMIT_MS),
      mergeLayers: (input) => this.useWatched('merge of layers', (client, job) => client.call('mergeLayers', { ...input, job })),
      setBacking: call('setBacking', SMALL_LIMIT_MS),
      convertImage: (input) => this.useWatched('copy of a disk', (client, job) => client.call('convertImage', { ...input, job })),
    };
  }

  forVerifier(): VerifierMedia {
    return {
      verifyState: (path) => this.useWatched('check of a state', (client, job) => client.call('verifyState', { job, path })),
      checkImage: (path) => this.useWatched('check of a disk', (client, job) => client.call('checkImage', { job, path, repair: 'none' })),
    };
  }

  inspectAppliance(input: InputOf<MediaContract, 'inspectAppliance'>): Promise<OutputOf<MediaContract, 'inspectAppliance'>> {
    return this.use('package', SMALL_LIMIT_MS, 'The file could not be examined in time.', (client) => client.call('inspectAppliance', input));
  }

  /** What is packed or unpacked takes as long as it is large. */
  forAppliances(): ApplianceMedia {
    const call = <K extends keyof ApplianceMedia>(name: K) =>
      (input: Omit<InputOf<MediaContract, K>, 'job'>): Promise<OutputOf<MediaContract, K>> =>
        this.useWatched(name, (client, job) => client.call(name, { ...input, job } as InputOf<MediaContract, K>));
    return { unpackAppliance: call('unpackAppliance'), packBundle: call('packBundle'), packOvf: call('packOvf') };
  }
}

type ApplianceCall<K extends 'unpackAppliance' | 'packBundle' | 'packOvf'> = (
  input: Omit<InputOf<MediaContract, K>, 'job'>,
) => Promise<OutputOf<MediaContract, K>>;

export interface ApplianceMedia {
  unpackAppliance: ApplianceCall<'unpackAppliance'>;
  packBundle: ApplianceCall<'packBundle'>;
  packOvf: ApplianceCall<'packOvf'>;
}

function cancelled(): FailureError {
  return new FailureError('media.cancelled', 'Cancelled.');
}
