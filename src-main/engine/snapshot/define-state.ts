// Device state declared once: storage, reset value, snapshot encoding, migration and inspector follow.

import { assert } from '../base/assert.ts';
import { ByteReader, ByteWriter, StateError } from './codec.ts';
import {
  assignFields,
  createFields,
  type FieldMap,
  readFields,
  resetFields,
  type StateOf,
  writeFields,
} from './fields.ts';

/** `save` gives a canonical little-endian encoding; `restore` migrates older versions first. */
export interface StateSpec<T extends object> {
  readonly name: string;
  /** Bump together with a migration. */
  readonly version: number;
  create(): T;
  reset(state: T): void;
  save(state: T): Uint8Array;
  /** All or nothing: on a `StateError` the state is as it was. */
  restore(state: T, version: number, bytes: Uint8Array): void;
}

/** How a section of an older version is read, and turned into the values of the next version. */
export interface Migration {
  readonly fields: FieldMap;
  upgrade(old: Record<string, unknown>): Record<string, unknown>;
}

/** Ties the old fields to the type of the function that upgrades them. */
export function migration<F extends FieldMap>(
  fields: F,
  upgrade: (old: StateOf<F>) => Record<string, unknown>,
): Migration {
  return { fields, upgrade: (old) => upgrade(old as StateOf<F>) };
}

/** Versions count from 1; `migrations[n]` leads from version n to n + 1 and none may be missing. */
export function defineState<F extends FieldMap>(
  name: string,
  version: number,
  fields: F,
  options: { readonly migrations?: Readonly<Record<number, Migration>> } = {},
): StateSpec<StateOf<F>> {
  const migrations = options.migrations ?? {};
  for (let from = 1; from < version; from++)
    assert(from in migrations, `${name}: no migration from version ${from}`);

  function decode(savedVersion: number, bytes: Uint8Array): StateOf<F> {
    if (!Number.isInteger(savedVersion) || savedVersion < 1 || savedVersion > version) {
      throw new StateError(
        'unknown-version',
        name,
        `version ${savedVersion} is not known here (newest: ${version})`,
      );
    }
    const input = new ByteReader(name, bytes);
    let values: Record<string, unknown> = readFields(migrations[savedVersion]?.fields ?? fields, input);
    input.end();
    for (let from = savedVersion; from < version; from++) values = migrations[from]!.upgrade(values);
    return values as StateOf<F>;
  }

  return {
    name,
    version,
    create: () => createFields(fields),
    reset: (state) => resetFields(fields, state),
    save(state) {
      const out = new ByteWriter();
      writeFields(fields, out, state);
      return out.finish();
    },
    restore: (state, savedVersion, bytes) => assignFields(fields, state, decode(savedVersion, bytes)),
  };
}
