// What an image command is: its arguments as --help shows them, and what it does.

import type { VerbSpec } from './arguments.ts';

export interface ImageVerb {
  readonly spec: VerbSpec;
  /** The arguments after the verb; resolves with the exit status. */
  main(args: readonly string[]): Promise<number>;
}
