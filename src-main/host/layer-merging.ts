// Moves the content of one layer of a running machine's disk into its neighbour. Afterwards either of the two may go: the
// drive stays as it is, writing to both where it must, until it is put on the chain that is to remain (`relink`).
// Which layers, and the change of the tree, are not decided here. Throws `FailureError`.

import { setImmediate as others } from 'node:timers/promises';
import type { MergeLayersInput, NewBacking } from '../../shared/machine/layer-merge.ts';
import { type Apart, BlockError, commitInUse, copyDifferences, type ImageNode, MergingDisk } from '../engine/block/index.ts';
import type { DriveImage, DriveServer } from './drive-server.ts';
import { imageFailure } from './image-failure.ts';
import { refuseShorter, setBacking } from './layer-tools.ts';
import { StepwiseJob } from './stepwise-job.ts';

export interface MergeOptions extends MergeLayersInput {
  /** The image that the guest writes to. */
  readonly top: string;
  /** The drive's images as they are. */
  reopen(): Promise<DriveImage>;
  /** The same with `into` open for writing. */
  open(): Promise<ImageNode>;
  readonly onProgress: (done: number, total: number) => void;
}

export interface RelinkOptions {
  readonly drive: string;
  readonly rebases: readonly NewBacking[];
  open(): Promise<DriveImage>;
}

interface Pair {
  readonly disk: MergingDisk | undefined;
  readonly upper: ImageNode;
  readonly lower: ImageNode | undefined;
}

const SECTOR = 512;

export class LayerMerging {
  readonly #drives: DriveServer;
  readonly #options: MergeOptions;
  readonly #job: StepwiseJob;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(drives: DriveServer, options: MergeOptions) {
    this.#drives = drives;
    this.#options = options;
    this.#job = new StepwiseJob(options.onProgress);
  }

  run(): Promise<void> {
    const work = this.#run();
    this.#ended = work.catch(String);
    return work;
  }

  /** Resolves when the drive is as it was before, or the content has moved. */
  async cancel(): Promise<void> {
    this.#job.cancelled = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { drive, into, open, reopen } = this.#options;
    let pair: Pair | undefined;
    const opened = async (): Promise<DriveImage> => {
      const top = await open();
      try {
        pair = this.#pair(top);
      } catch (error) {
        await top.close();
        throw error;
      }
      return { node: pair.disk ?? top };
    };
    try {
      await this.#drives.exchange([{ drive, open: opened, reopen }]);
      await this.#move(pair).catch(async (error: unknown) => {
        await this.#drives.exchange([{ drive, open: reopen, reopen }]);
        throw error;
      });
    } catch (error) {
      throw imageFailure(error, into);
    }
  }

  async #move(pair: Pair | undefined): Promise<void> {
    if (pair === undefined) throw this.#notThere();
    const { disk, upper, lower } = pair;
    // Small transfers are made at once, and would leave the guest's requests no turn.
    const apart: Apart = async (step) => {
      await others();
      return disk === undefined ? step() : disk.apart(step);
    };
    const steps = { job: this.#job, apart };
    if (this.#options.direction === 'backward') {
      if (lower === undefined) throw this.#notThere();
      refuseShorter(upper, lower, this.#options.into);
      await commitInUse(upper, lower, steps);
    } else {
      await copyDifferences({ overlay: upper, before: lower, after: lower?.backing, clusterBytes: upper.clusterSize ?? SECTOR, ...steps });
    }
    await disk?.seal();
  }

  /** The two layers, found by which of them can be written. */
  #pair(top: ImageNode): Pair {
    const isForward = this.#options.direction === 'forward';
    const behind = chainBehind(top);
    if (isForward && this.#options.into === this.#options.top) return { disk: new MergingDisk(top), upper: top, lower: behind[0] };
    const at = behind.findIndex(({ readOnly }) => !readOnly);
    const into = behind[at];
    if (into === undefined) throw this.#notThere();
    if (isForward) return { disk: undefined, upper: into, lower: behind[at + 1] };
    return at === 0
      ? { disk: new MergingDisk(top, into), upper: top, lower: into }
      : { disk: undefined, upper: behind[at - 1] ?? top, lower: into };
  }

  #notThere(): BlockError {
    const { drive, into } = this.#options;
    return new BlockError('invalid-argument', `“${into}” is no layer of the drive ${drive} that could take content.`, { file: into });
  }
}

function chainBehind(top: ImageNode): ImageNode[] {
  const chain: ImageNode[] = [];
  for (let next = top.backing as ImageNode | undefined; next !== undefined; next = next.backing as ImageNode | undefined) chain.push(next);
  return chain;
}

/** There is no way back: what is decided is decided, and a drive that cannot be opened anew fails what it is asked. */
export async function relink(drives: DriveServer, { drive, rebases, open }: RelinkOptions): Promise<void> {
  let failure: unknown;
  const renamed = async () => {
    try {
      for (const rebase of rebases) await setBacking(rebase);
    } catch (error) {
      failure = error;
    }
    return open();
  };
  try {
    await drives.exchange([{ drive, open: renamed, reopen: open }]);
    if (failure !== undefined) throw failure;
  } catch (error) {
    throw imageFailure(error, drive);
  }
}
