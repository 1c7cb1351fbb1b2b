// `img amend`: known, so that nobody looks for a misspelling, and not supported.

import { parseArguments, type VerbSpec } from './arguments.ts';
import { ImgError } from './img-error.ts';
import { CACHE, FORMAT, FORMAT_OPTIONS, PROGRESS, QUIET, REFUSED } from './option-rows.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'amend',
  operands: 'FILE',
  summary:
    'Not supported: convert the image to one with other options instead (boxwright img convert -o ...).',
  options: [
    FORMAT,
    FORMAT_OPTIONS,
    PROGRESS,
    QUIET,
    CACHE,
    { names: ['--force'], help: 'as in qemu-img' },
    ...REFUSED,
  ],
};

export const amend: ImageVerb = {
  spec: SPEC,
  async main(argv) {
    const args = parseArguments(SPEC, argv);
    const [file = 'FILE'] = args.operands;
    throw new ImgError(
      `amend: not supported; make a copy with other options: “boxwright img convert -O FORMAT -o ${args.value('-o') ?? 'NAME=VALUE'} ${file} NEW”`,
    );
  },
};
