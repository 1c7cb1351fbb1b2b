// A medium as a disk controller on the machine's thread sees it. What is behind it (a block node on the thread that
// owns the files) it never learns; requests are asynchronous, so that slow host I/O never stops the CPU.

/** What became of a request; controllers turn it into their own error registers. */
export type DriveOutcome = 'ok' | 'io-error' | 'write-protected' | 'no-space' | 'no-medium' | 'out-of-range';

export interface DriveRequest {
  readonly operation: 'read' | 'write' | 'flush' | 'discard' | 'write-zeroes';
  /** Bytes. */
  readonly offset: number;
  readonly length: number;
  /**
   * Where the data goes or comes from, in order; `length` bytes together for read and write. Views of memory that
   * the threads share: guest RAM (`Dma.views`) or `Drive.buffer`.
   */
  readonly data: readonly Uint8Array[];
  /** On the machine's thread, between two blocks of guest code; never from inside `submit`. */
  done(outcome: DriveOutcome): void;
}

export interface DriveMedium {
  /** Bytes; a multiple of the sector size of the drive, the tail of an odd image reads zero. */
  readonly bytes: number;
  readonly readOnly: boolean;
}

/** Requests complete in any order; `flush` covers those completed before it was submitted. */
export interface Drive {
  /** "ide0-hd0": as in `-drive id=`. */
  readonly id: string;
  readonly kind: 'disk' | 'cdrom' | 'floppy';
  /** Undefined: the tray is empty. */
  readonly medium: DriveMedium | undefined;
  submit(request: DriveRequest): void;
  /** A buffer for requests whose data is not in guest RAM. */
  buffer(bytes: number): Uint8Array;
  /** Called after `medium` has changed: inserted, taken out or replaced. */
  onMediumChange(handler: () => void): void;
  /** A guest command that opens the tray, for the user to see. */
  eject(): void;
}
