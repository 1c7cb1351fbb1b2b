// Carries out the requests of a machine's drives on the images behind them. Runs on the thread that owns the files;
// data goes straight between the image and the memory that the machine shares.

import { FailureError } from '../../shared/rpc/failure.ts';
import { BlockError } from '../engine/block/index.ts';
import type { DriveMedium, DriveOutcome } from '../engine/block/drive.ts';
import type { BlockNode } from '../engine/block/node.ts';
import type { DriveRequestEvent, MachineCommand } from '../engine/machine/messages.ts';
import { LowerImage } from './lower-image.ts';

/** When written data is made durable: when the guest asks, with every write, or never. */
export type CacheMode = 'writeback' | 'writethrough' | 'unsafe';

/** An opened image as the medium of a drive. The server closes it. */
export interface DriveImage {
  readonly node: BlockNode;
  readonly cache?: CacheMode;
  /** What the drive wrote to before it got this image as a layer, still open as it was. */
  readonly below?: LowerImage;
}

export interface DriveServerOptions {
  readonly images: ReadonlyMap<string, DriveImage>;
  readonly send: (command: MachineCommand) => void;
  /** A request failed on the host's side; called once until a request of that drive succeeds again. */
  readonly onFailure: (drive: string, error: Error) => void;
  /** The guest reads or writes so many bytes of a medium that is there. */
  readonly onTransfer?: (drive: string, operation: 'read' | 'write', bytes: number) => void;
}

/** A new image for a drive, and the former one again. */
export interface DriveExchange {
  readonly drive: string;
  open(): Promise<DriveImage>;
  reopen(): Promise<DriveImage>;
}

/** A new layer for a drive. */
export interface DriveLayering {
  readonly drive: string;
  /** On top of what the drive has now, which is open. */
  open(below: BlockNode): Promise<DriveImage>;
  /** By itself, once that is closed. */
  reopen(): Promise<DriveImage>;
}

/** A layer that is open and waits to be put in place. */
export interface OpenedLayer {
  readonly layering: DriveLayering;
  readonly image: DriveImage;
  readonly below: LowerImage;
}

interface Slot {
  image: DriveImage | undefined;
  /** What the image was, while another one takes its place. */
  layered?: DriveMedium;
  mediumNumber: number;
  readonly working: Set<Promise<void>>;
  /** Requests wait for it: another image takes the place of the present one. */
  exchange?: Promise<void> | undefined;
  failed: boolean;
}

export class DriveServer {
  readonly #options: DriveServerOptions;
  readonly #slots = new Map<string, Slot>();
  #closed: Promise<void> | undefined;

  constructor(options: DriveServerOptions) {
    this.#options = options;
    for (const [drive, image] of options.images) this.#slot(drive).image = image;
  }

  request(event: DriveRequestEvent): void {
    const slot = this.#slot(event.drive);
    const outcome = slot.exchange === undefined ? this.#carryOut(slot, event) : slot.exchange.then(() => this.#carryOut(slot, event));
    const work = outcome.then((outcome) => {
      slot.working.delete(work);
      this.#options.send({ kind: 'drive-done', drive: event.drive, request: event.request, outcome });
    });
    slot.working.add(work);
  }

  /** Inserts, replaces or takes out a medium; resolves when the former one is closed. */
  async change(drive: string, image: DriveImage | undefined): Promise<void> {
    const slot = this.#slot(drive);
    const former = slot.image;
    slot.image = image;
    slot.mediumNumber += 1;
    slot.failed = false;
    this.#options.send({
      kind: 'medium',
      drive,
      medium: image && mediumOf(image),
      mediumNumber: slot.mediumNumber,
    });
    await Promise.all(slot.working);
    await former?.node.close();
  }

  /** What guests have written is on the disk. */
  async flush(): Promise<void> {
    for (const { image } of this.#slots.values()) if (image !== undefined && !image.node.readOnly) await flush(image);
  }

  /** Opens layers with the same content as what drives have now, which these go on writing to. Throws; nothing stays open then. */
  async openLayers(layers: readonly DriveLayering[]): Promise<OpenedLayer[]> {
    const opened: OpenedLayer[] = [];
    try {
      for (const layering of layers) opened.push(await this.#openLayer(layering));
    } catch (error) {
      await this.closeLayers(opened);
      throw error;
    }
    return opened;
  }

  async closeLayers(layers: readonly OpenedLayer[]): Promise<void> {
    for (const { image } of layers) await image.node.close();
  }

  /**
   * Puts drives on their layers, which the guest does not notice: for a machine that is held, with no request on its way.
   * All or none, and at once: no disk is waited for.
   */
  layer(layers: readonly OpenedLayer[]): void {
    for (const { layering, image } of layers) {
      const { image: former, exchange } = this.#slot(layering.drive);
      if (former === undefined || exchange !== undefined || former.node.length !== image.node.length)
        throw new BlockError('invalid-argument', `Drive ${layering.drive} has changed while it was to get a new layer.`, { drive: layering.drive });
    }
    for (const { layering, image, below } of layers) {
      below.adopt();
      this.#slot(layering.drive).image = { ...image, below };
    }
  }

  /** Makes all durable, and what is below the layers to be written no more. */
  async settle(layers: readonly OpenedLayer[]): Promise<void> {
    await this.flush();
    if (this.#closed !== undefined) return;
    await this.exchange(layers.map(({ layering: { drive, reopen } }) => ({ drive, open: reopen, reopen })));
  }

  async #openLayer(layering: DriveLayering): Promise<OpenedLayer> {
    const { drive } = layering;
    const former = this.#slot(drive).image;
    if (former === undefined) throw new BlockError('invalid-argument', `Drive ${drive} has no image to put a layer on.`, { drive });
    const below = new LowerImage(former.node, former.below);
    const image = await layering.open(below);
    if (image.node.length === below.length && image.node.readOnly === former.node.readOnly) return { layering, image, below };
    await image.node.close();
    throw new BlockError('invalid-argument', `The new layer of drive ${drive} is of another size than what is below it.`, { drive });
  }

  /**
   * Puts drives on other images with the same content between two requests, which the guest does not notice. All or none:
   * when one cannot be opened, each gets its former image back.
   */
  async exchange(exchanges: readonly DriveExchange[]): Promise<void> {
    const done: DriveExchange[] = [];
    try {
      for (const exchange of exchanges) {
        done.push(exchange);
        await this.#exchange(exchange.drive, exchange.open);
      }
    } catch (error) {
      for (const { drive, reopen } of done.reverse()) await this.#exchange(drive, reopen);
      throw error;
    }
  }

  async #exchange(drive: string, open: () => Promise<DriveImage>): Promise<void> {
    if (this.#closed !== undefined) throw new FailureError('machine.wrongState', 'The machine is ending.');
    const slot = this.#slot(drive);
    const under = [slot.exchange, ...slot.working];
    const exchange = Promise.all(under).then(() => this.#replace(slot, drive, open));
    const over = exchange.then(String, String).then(() => {
      if (slot.exchange === over) slot.exchange = undefined;
    });
    slot.exchange = over;
    await exchange;
  }

  /** The image there is closed first: the other one may need it. */
  async #replace(slot: Slot, drive: string, open: () => Promise<DriveImage>): Promise<void> {
    const former = slot.image;
    const { bytes, readOnly } = former === undefined ? (slot.layered ?? { bytes: 0, readOnly: false }) : mediumOf(former);
    slot.layered = { bytes, readOnly };
    slot.image = undefined;
    await former?.node.close();
    const image = await open();
    if (image.node.length !== bytes || image.node.readOnly !== readOnly) {
      await image.node.close();
      throw new BlockError('invalid-argument', `The new image of drive ${drive} is of another size than the former one.`, { drive });
    }
    slot.image = image;
  }

  /** Lets requests finish and closes all images, each also when another fails. Throws the first failure. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const slots = [...this.#slots.values()];
    const results = await Promise.allSettled(
      slots.map(async (slot) => {
        await slot.exchange;
        await Promise.all(slot.working);
        const { image } = slot;
        slot.image = undefined;
        await image?.node.close();
      }),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #slot(drive: string): Slot {
    let slot = this.#slots.get(drive);
    if (slot === undefined) {
      slot = { image: undefined, mediumNumber: 0, working: new Set(), failed: false };
      this.#slots.set(drive, slot);
    }
    return slot;
  }

  async #carryOut(slot: Slot, event: DriveRequestEvent): Promise<DriveOutcome> {
    const { image } = slot;
    if (image === undefined || event.medium !== slot.mediumNumber) return 'no-medium';
    const { operation, drive, data } = event;
    if (operation === 'read' || operation === 'write')
      this.#options.onTransfer?.(drive, operation, data.reduce((sum, part) => sum + part.length, 0));
    try {
      await perform(image, event);
      slot.failed = false;
      return 'ok';
    } catch (error) {
      if (!slot.failed) this.#options.onFailure(event.drive, error as Error);
      slot.failed = true;
      return outcomeOf(error);
    }
  }
}

export function mediumOf({ node }: DriveImage): DriveMedium {
  return { bytes: node.length, readOnly: node.readOnly };
}

function outcomeOf(error: unknown): DriveOutcome {
  if (!(error instanceof BlockError)) return 'io-error';
  return error.code === 'no-space' ? 'no-space' : error.code === 'read-only' ? 'write-protected' : 'io-error';
}

async function perform(image: DriveImage, event: DriveRequestEvent): Promise<void> {
  const { node, cache } = image;
  const { operation, offset, length, data } = event;
  switch (operation) {
    case 'read':
      return read(node, offset, data);
    case 'write':
      await write(node, offset, data);
      break;
    case 'discard':
      return node.discard(offset, within(node, offset, length));
    case 'write-zeroes':
      await node.writeZeroes(offset, within(node, offset, length), true);
      break;
    case 'flush':
      return flush(image);
  }
  if (cache === 'writethrough') await flush(image);
}

async function flush({ node, cache, below }: DriveImage): Promise<void> {
  if (cache === 'unsafe') return;
  await below?.flush();
  await node.flush();
}

/** How much of a range the image holds: its last sector may be cut short. */
function within(node: BlockNode, offset: number, length: number): number {
  return Math.max(0, Math.min(length, node.length - offset));
}

async function read(node: BlockNode, offset: number, data: readonly Uint8Array[]): Promise<void> {
  const { target, scatter } = contiguous(data);
  const present = within(node, offset, target.length);
  if (present > 0) await node.read(offset, target.subarray(0, present));
  if (present < target.length) target.fill(0, present);
  scatter?.();
}

async function write(node: BlockNode, offset: number, data: readonly Uint8Array[]): Promise<void> {
  const { target, gather } = contiguous(data);
  gather?.();
  // The first write into a last sector that is cut short completes it, where the format can.
  if (offset + target.length > node.length) await node.resize?.(offset + target.length);
  const present = within(node, offset, target.length);
  if (present > 0) await node.write(offset, target.subarray(0, present));
}

interface Contiguous {
  readonly target: Uint8Array;
  readonly scatter?: () => void;
  readonly gather?: () => void;
}

/** One range for views that follow each other in memory; otherwise one beside it, and how to copy. */
function contiguous(data: readonly Uint8Array[]): Contiguous {
  const first = data[0];
  if (first === undefined) return { target: new Uint8Array(0) };
  let end = first.byteOffset;
  let length = 0;
  let adjacent = true;
  for (const view of data) {
    adjacent &&= view.buffer === first.buffer && view.byteOffset === end;
    end = view.byteOffset + view.length;
    length += view.length;
  }
  if (adjacent) return { target: new Uint8Array(first.buffer, first.byteOffset, length) };
  const target = new Uint8Array(length);
  const each = (copy: (view: Uint8Array, part: Uint8Array) => void) => (): void => {
    let at = 0;
    for (const view of data) {
      copy(view, target.subarray(at, at + view.length));
      at += view.length;
    }
  };
  return {
    target,
    scatter: each((view, part) => view.set(part)),
    gather: each((view, part) => part.set(view)),
  };
}
