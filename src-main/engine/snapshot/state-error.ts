// What is wrong with a state file, for messages and programs: which file, where in it, and which structure.
// A section that a device refuses is a `StateError` of `codec.ts`.

export type StateFileErrorCode = 'damaged' | 'too-new' | 'parent-missing' | 'mismatch';

export interface StateFilePlace {
  readonly file: string;
  readonly structure: string;
  readonly offset?: number;
}

export class StateFileError extends Error {
  override readonly name = 'StateFileError';
  readonly code: StateFileErrorCode;
  readonly place: StateFilePlace;

  constructor(code: StateFileErrorCode, message: string, place: StateFilePlace) {
    super(message);
    this.code = code;
    this.place = place;
  }
}

/** Damage found at a place of a file. */
export function damaged(place: StateFilePlace, what: string): StateFileError {
  const where = place.offset === undefined ? '' : ` at offset ${place.offset}`;
  return new StateFileError('damaged', `“${place.file}” is damaged: its ${place.structure}${where} ${what}.`, place);
}
