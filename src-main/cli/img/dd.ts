// `img dd`: copies a part of an image into a new one. Reference: qemu-img(1), dd.

import { type BlockNode, copyContent, openImage, WindowNode } from '../../engine/block/index.ts';
import { createImageHost } from '../../host/image-host.ts';
import { createImage, stageFiles } from '../../host/image-tools.ts';
import { sameBytes } from '../../host/same-bytes.ts';
import { complain } from '../plain-text.ts';
import { parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat, requireTargetFormat } from './format-options.ts';
import { ImgError } from './img-error.ts';
import { ALLOW_REFERENCES, FORCE_SHARE, REFUSED } from './option-rows.ts';
import { CommandJob, withJob } from './progress.ts';
import { requireSize, wholeSectors } from './size.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'dd',
  operands: 'if=FILE of=FILE [bs=SIZE] [count=BLOCKS] [skip=BLOCKS]',
  summary: 'Copies blocks of an image (512 bytes unless bs= says otherwise) into a new image.',
  options: [
    { names: ['-f'], value: 'FORMAT', help: 'format of the input; found out where it is left out' },
    { names: ['-O'], value: 'FORMAT', help: 'format of the output; raw if left out' },
    FORCE_SHARE,
    ALLOW_REFERENCES,
    ...REFUSED,
  ],
};

export const dd: ImageVerb = { spec: SPEC, main };

const OPERANDS = ['if', 'of', 'bs', 'count', 'skip'] as const;
type Operand = (typeof OPERANDS)[number];
const MAX_BLOCK = 0x7fff_ffff;

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const operands = parseOperands(args.operands);
  const { if: input, of: output } = operands;
  if (input === undefined || output === undefined)
    throw new ImgError('dd: Must specify both input and output files (if=FILE of=FILE)');
  const format = requireTargetFormat(args.value('-O') ?? 'raw', output);
  const block = requireSize(operands.bs ?? '512', 'bs');
  if (block < 1 || block > MAX_BLOCK)
    throw new ImgError(`dd: bs=${operands.bs}: Must be between 1 and ${MAX_BLOCK}.`);
  const skip = requireSize(operands.skip ?? '0', 'skip') * block;
  const count =
    operands.count === undefined ? Number.POSITIVE_INFINITY : requireSize(operands.count, 'count') * block;
  const files = { forceShare: args.has('-U'), anyReference: args.has('--allow-references') };
  const source = await openImage(createImageHost(files), {
    path: input,
    format: optionalFormat(args.value('-f')),
    write: false,
  });
  try {
    if (skip > source.length) complain(`${input}: cannot skip to specified offset`);
    const start = Math.min(skip, source.length);
    const part: BlockNode = new WindowNode(source, start, Math.min(source.length - start, count));
    return await withJob(new CommandJob(false), (job) =>
      stageFiles({ ...files, durable: false }, async (host) => {
        await createImage(host, { path: output, format, length: wholeSectors(part.length), options: {} });
        const target = await openImage(host, { path: output, format: format.name, write: true });
        try {
          await copyContent(part, target, { targetIsZero: true, sameBytes, job });
        } finally {
          await target.close();
        }
      }),
    );
  } finally {
    await source.close();
  }
}

function parseOperands(operands: readonly string[]): Partial<Record<Operand, string>> {
  const found: Partial<Record<Operand, string>> = {};
  for (const text of operands) {
    const equals = text.indexOf('=');
    const name = OPERANDS.find((each) => each === text.slice(0, Math.max(equals, 0)));
    if (name === undefined)
      throw new ImgError(
        `dd: unrecognized operand ${text}; there is ${OPERANDS.map((each) => `${each}=`).join(', ')}`,
      );
    found[name] = text.slice(equals + 1);
  }
  return found;
}
