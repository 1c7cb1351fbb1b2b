// `img compare`: 0 the same, 1 different, more: an error. Reference: qemu-img(1), compare.

import { compareContent, openImage } from '../../engine/block/index.ts';
import { createImageHost } from '../../host/image-host.ts';
import { sameBytes } from '../../host/same-bytes.ts';
import { parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat } from './format-options.ts';
import { ALLOW_REFERENCES, FORCE_SHARE, PROGRESS, QUIET, REFUSED, SOURCE_CACHE } from './option-rows.ts';
import { CommandJob, withJob } from './progress.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const EXIT_DIFFERENT = 1;

const SPEC: VerbSpec = {
  name: 'compare',
  operands: 'FILE FILE',
  summary: 'Compares what two disks hold. Exit status: 0 the same, 1 different, 2 an error.',
  options: [
    { names: ['-f'], value: 'FORMAT', help: 'format of the first image' },
    { names: ['-F'], value: 'FORMAT', help: 'format of the second image' },
    { names: ['-s'], help: 'sizes and allocated stretches must be the same too' },
    PROGRESS,
    QUIET,
    SOURCE_CACHE,
    FORCE_SHARE,
    ALLOW_REFERENCES,
    ...REFUSED,
  ],
};

export const compare: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const [first = '', second = ''] = args.exactly('compare: Expecting two image file names', 2);
  const host = createImageHost({ forceShare: args.has('-U'), anyReference: args.has('--allow-references') });
  const say = (line: string) => {
    if (!args.has('-q')) stdout.write(`${line}\n`);
  };
  let different = false;
  const a = await openImage(host, { path: first, format: optionalFormat(args.value('-f')), write: false });
  try {
    const b = await openImage(host, { path: second, format: optionalFormat(args.value('-F')), write: false });
    try {
      const status = await withJob(new CommandJob(args.has('-p') && !args.has('-q')), async (job) => {
        const result = await compareContent(a, b, { strict: args.has('-s'), sameBytes, job });
        different = !result.same;
        if (!result.same && result.reason === 'size') return say('Strict mode: Image size mismatch!');
        if (result.sizesDiffer) say('Warning: Image size mismatch!');
        if (result.same) say('Images are identical.');
        else if (result.reason === 'allocation')
          say(`Strict mode: Offset ${result.offset} block status mismatch!`);
        else say(`Content mismatch at offset ${result.offset}!`);
      });
      return status !== 0 ? status : different ? EXIT_DIFFERENT : 0;
    } finally {
      await b.close();
    }
  } finally {
    await a.close();
  }
}
