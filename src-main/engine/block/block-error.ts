// What can go wrong with an image or the file under it. Messages are for the command line and logs; the window words
// its own by `code`.

export type BlockErrorCode =
  /** The host refused: full, gone, unreadable. `detail.cause` has its word. */
  | 'io-error'
  | 'no-space'
  | 'not-found'
  | 'exists'
  | 'permission'
  | 'is-directory'
  | 'not-a-file'
  /** Another process has it open for writing. */
  | 'in-use'
  | 'read-only'
  /** Not of the format it was opened as. */
  | 'wrong-format'
  /** A header or table contradicts itself or the file. `detail.offset`, `detail.structure`. */
  | 'corrupt'
  /** Well formed, but a feature we do not have. `detail.feature`. */
  | 'unsupported'
  /** Asked for something out of range or contradictory. */
  | 'invalid-argument'
  /** An image names a file that it must not reach. */
  | 'reference-refused'
  | 'backing-cycle'
  | 'backing-missing'
  | 'cancelled';

export type BlockErrorDetail = Readonly<Record<string, string | number>>;

export class BlockError extends Error {
  readonly code: BlockErrorCode;
  /** Always `file`; the others as `code` says. */
  readonly detail: BlockErrorDetail;

  constructor(code: BlockErrorCode, message: string, detail: BlockErrorDetail) {
    super(message);
    this.name = 'BlockError';
    this.code = code;
    this.detail = detail;
  }
}
