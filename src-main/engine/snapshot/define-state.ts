// Device state declared once: storage, reset value, snapshot encoding, migration and inspector follow.

/** `save` gives a canonical little-endian encoding; `restore` migrates older versions first. */
export interface StateSpec<T extends object> {
  readonly name: string;
  /** Bump together with a migration. */
  readonly version: number;
  create(): T;
  reset(state: T): void;
  save(state: T): Uint8Array;
  restore(state: T, version: number, bytes: Uint8Array): void;
}
