// Work of media processes: files nobody vouches for are touched by a process that lives no longer than that.

import { connect } from '../../shared/rpc/connect.ts';
import type { Client, InputOf, OutputOf } from '../../shared/rpc/contract.ts';
import { type MediaContract, mediaContract } from '../../shared/rpc/media-contract.ts';
import type { LaunchProcess } from './process-handle.ts';
import type { SnapshotMedia } from './snapshot-io.ts';
import { within } from './within.ts';

/** Copying takes as long as the disk is large. */
const COPY_LIMIT_MS = 24 * 3600 * 1000;
const SMALL_LIMIT_MS = 60_000;

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

  /** The calls that snapshots make, each in a process of its own. */
  forSnapshots(): SnapshotMedia {
    const call = <K extends keyof SnapshotMedia>(name: K, limitMs: number) =>
      (input: InputOf<MediaContract, K>): Promise<OutputOf<MediaContract, K>> =>
        this.use('disk layers', limitMs, 'The disk could not be changed in time.', (client) => client.call(name, input));
    return {
      createOverlay: call('createOverlay', SMALL_LIMIT_MS),
      mergeLayers: call('mergeLayers', COPY_LIMIT_MS),
      setBacking: call('setBacking', SMALL_LIMIT_MS),
      convertImage: call('convertImage', COPY_LIMIT_MS),
    };
  }
}
