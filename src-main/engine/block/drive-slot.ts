// What every kind of drive has: the medium in it, those who hear of a change, and the requests that need no look at
// the medium's content to be refused. Not here: how requests are carried out.

import type { Drive, DriveMedium, DriveOutcome, DriveRequest } from './drive.ts';

const SECTOR_BYTES = { disk: 512, cdrom: 2048, floppy: 512 } as const;

export class DriveSlot {
  readonly #sectorBytes: number;
  readonly #handlers: (() => void)[] = [];
  #medium: DriveMedium | undefined;

  constructor(kind: Drive['kind'], medium: DriveMedium | undefined) {
    this.#sectorBytes = SECTOR_BYTES[kind];
    this.#medium = this.#whole(medium);
  }

  get medium(): DriveMedium | undefined {
    return this.#medium;
  }

  onChange(handler: () => void): void {
    this.#handlers.push(handler);
  }

  change(medium: DriveMedium | undefined): void {
    this.#medium = this.#whole(medium);
    for (const handler of this.#handlers) handler();
  }

  /** Undefined: the request may be carried out. */
  refusal({ operation, offset, length }: DriveRequest): DriveOutcome | undefined {
    const medium = this.#medium;
    if (medium === undefined) return 'no-medium';
    if (operation === 'flush') return undefined;
    if (operation !== 'read' && medium.readOnly) return 'write-protected';
    return offset < 0 || length < 0 || offset + length > medium.bytes ? 'out-of-range' : undefined;
  }

  #whole(medium: DriveMedium | undefined): DriveMedium | undefined {
    return medium && { ...medium, bytes: Math.ceil(medium.bytes / this.#sectorBytes) * this.#sectorBytes };
  }
}
