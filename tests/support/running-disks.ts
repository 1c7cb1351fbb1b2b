// The disks of a machine that "runs": its drives are served as its process serves them, layered, merged and relinked by
// the same parts, and written through the same requests; only the guest is missing, whose requests tests make.

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { MergeLayersInput, RelinkInput } from '../../shared/machine/layer-merge.ts';
import type { SaveStateInput } from '../../shared/machine/saved-state.ts';
import type { DriveOutcome } from '../../src-main/engine/block/drive.ts';
import { DriveServer } from '../../src-main/host/drive-server.ts';
import { LayerMerging, relink } from '../../src-main/host/layer-merging.ts';
import { openMedium, openMediumLayers } from '../../src-main/host/machine-drives.ts';
import type { LiveMachines } from '../../src-main/services/live-machines.ts';
import type { Opened } from './snapshot-machine.ts';

type Drive = Parameters<typeof openMedium>[0];

export class RunningDisks implements LiveMachines {
  readonly #drives = new Map<string, Drive>();
  readonly #waiting = new Map<number, (outcome: DriveOutcome) => void>();
  readonly failures: string[] = [];
  readonly #folders: readonly string[];
  #server: DriveServer | undefined;
  #requests = 0;
  #merging: LayerMerging | undefined;
  /** Called when the content has moved, and after each step of the way there. */
  onStep: () => Promise<void> = async () => undefined;

  private constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  static async start({ registry, store }: Opened, id: string): Promise<RunningDisks> {
    const running = new RunningDisks(await store.imageFolders(id));
    const images = new Map();
    for (const drive of registry.config(id).drives) {
      if (drive.path === null) continue;
      const found = { ...drive, path: resolve(registry.folderOf(id), drive.path) };
      running.#drives.set(drive.id, found);
      images.set(drive.id, await openMedium(found, running.#folders));
    }
    running.#server = new DriveServer({
      images,
      send: (command) => {
        if (command.kind !== 'drive-done') return;
        running.#waiting.get(command.request)?.(command.outcome);
        running.#waiting.delete(command.request);
      },
      onFailure: (drive, error) => running.failures.push(`${drive}: ${error.message}`),
    });
    return running;
  }

  async write(drive: string, offset: number, bytes: Uint8Array): Promise<void> {
    await this.#ask(drive, 'write', offset, bytes);
  }

  async zero(drive: string, offset: number, length: number): Promise<void> {
    await this.#ask(drive, 'write-zeroes', offset, new Uint8Array(0), length);
  }

  async discard(drive: string, offset: number, length: number): Promise<void> {
    await this.#ask(drive, 'discard', offset, new Uint8Array(0), length);
  }

  async flush(drive: string): Promise<void> {
    await this.#ask(drive, 'flush', 0, new Uint8Array(0));
  }

  async read(drive: string, offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    await this.#ask(drive, 'read', offset, bytes);
    return bytes;
  }

  async saveState(_id: string, { path, parent, layers }: SaveStateInput) {
    const serving = this.#serving();
    const opened = await serving.openLayers(
      layers.map(({ drive, ...layer }) => {
        const top = { ...this.#drive(drive), ...layer };
        return { drive, open: (below) => openMedium(top, this.#folders, below), reopen: () => openMedium(top, this.#folders) };
      }),
    );
    serving.layer(opened);
    for (const { drive, ...layer } of layers) this.#drives.set(drive, { ...this.#drive(drive), ...layer });
    await serving.settle(opened);
    writeFileSync(path, 'state', { flag: 'wx' });
    return { bytes: 5, pausedMs: 1, pausedCpuMs: 1, totalMs: 2, pages: 1, ownPages: 1, usesParent: parent !== null };
  }

  picture = async () => null;

  async mergeLayers(_id: string, input: MergeLayersInput): Promise<void> {
    const drive = this.#drive(input.drive);
    this.#merging = new LayerMerging(this.#serving(), {
      ...input,
      top: drive.path,
      open: () => openMediumLayers(drive, this.#folders, input.into),
      reopen: () => openMedium(drive, this.#folders),
      onProgress: () => void this.onStep(),
    });
    await this.#merging.run();
    await this.onStep();
  }

  cancelMerge(): void {
    void this.#merging?.cancel();
  }

  async relink(_id: string, { drive, path, format, rebases }: RelinkInput): Promise<void> {
    const found = { ...this.#drive(drive), path, format };
    this.#drives.set(drive, found);
    await relink(this.#serving(), { drive, rebases, open: () => openMedium(found, this.#folders) });
  }

  async end(): Promise<void> {
    await this.#merging?.cancel();
    await this.#serving().close();
  }

  #ask(drive: string, operation: 'read' | 'write' | 'flush' | 'discard' | 'write-zeroes', offset: number, bytes: Uint8Array, length = bytes.length): Promise<void> {
    const request = this.#requests++;
    const done = new Promise<DriveOutcome>((outcome) => this.#waiting.set(request, outcome));
    this.#serving().request({ kind: 'drive-request', drive, request, medium: 0, operation, offset, length, data: [bytes] });
    return done.then((outcome) => {
      if (outcome !== 'ok') throw new Error(`${operation} ${drive} ${offset}+${length}: ${outcome}; ${this.failures.join('; ')}`);
    });
  }

  #drive(id: string): Drive {
    const found = this.#drives.get(id);
    if (found === undefined) throw new Error(`no drive ${id}`);
    return found;
  }

  #serving(): DriveServer {
    if (this.#server === undefined) throw new Error('not started');
    return this.#server;
  }
}
