// `img compact`: writes an image anew in its own format, without what is zero and what nobody uses any more. qemu-img
// has no such verb; people do it with convert and mv.

import * as fs from 'node:fs';
import { compactImage } from '../../host/compact-image.ts';
import { parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat } from './format-options.ts';
import { ALLOW_REFERENCES, FORMAT, PROGRESS, QUIET, REFUSED } from './option-rows.ts';
import { CommandJob, withJob } from './progress.ts';
import { formatSize } from './size.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'compact',
  operands: 'FILE',
  summary:
    'Writes an image anew in its own format without stretches of zeroes, and puts it in place of the old one. Overlays over it must be rebased (rebase -u).',
  options: [FORMAT, { names: ['-c'], help: 'compress too' }, PROGRESS, QUIET, ALLOW_REFERENCES, ...REFUSED],
};

export const compact: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const [path = ''] = args.exactly('compact: Expecting one image file name', 1);
  const before = fs.statSync(path).size;
  const status = await withJob(new CommandJob(args.has('-p') && !args.has('-q')), (job) =>
    compactImage({
      path,
      format: optionalFormat(args.value('-f')),
      compressed: args.has('-c'),
      files: { anyReference: args.has('--allow-references') },
      job,
    }),
  );
  if (status === 0 && !args.has('-q'))
    stdout.write(
      `Image compacted: ${formatSize(before)} before, ${formatSize(fs.statSync(path).size)} now.\n`,
    );
  return status;
}
