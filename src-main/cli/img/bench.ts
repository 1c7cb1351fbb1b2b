// `img bench`: many requests at a time to an image, and how long they took. Reference: qemu-img(1), bench.

import { type ImageNode, openImage, transferBuffer } from '../../engine/block/index.ts';
import { createImageHost } from '../../host/image-host.ts';
import { type Arguments, parseArguments, type VerbSpec } from './arguments.ts';
import { optionalFormat } from './format-options.ts';
import { ImgError } from './img-error.ts';
import { ALLOW_REFERENCES, CACHE, FORCE_SHARE, FORMAT, isDurable, QUIET, REFUSED } from './option-rows.ts';
import { requireNumber, requireSize } from './size.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const SPEC: VerbSpec = {
  name: 'bench',
  operands: 'FILE',
  summary:
    'Sends requests to an image one after the other, wrapping around at its end, and tells how long they took.',
  options: [
    { names: ['-c'], value: 'COUNT', help: 'requests altogether (75000)' },
    { names: ['-d'], value: 'DEPTH', help: 'requests at a time (64)' },
    { names: ['-s'], value: 'SIZE', help: 'bytes of a request (4096)' },
    { names: ['-S'], value: 'SIZE', help: 'bytes from one request to the next (its size)' },
    { names: ['-o'], value: 'OFFSET', help: 'where the first one is (0)' },
    { names: ['-w'], help: 'write instead of reading: destroys what is there' },
    { names: ['--pattern'], value: 'BYTE', help: 'what is written (0)' },
    { names: ['--flush-interval'], value: 'COUNT', help: 'flush after so many writes' },
    { names: ['--no-drain'], help: 'do not wait for others when flushing' },
    { names: ['-n', '--native'], help: '', refused: 'native I/O is not supported' },
    { names: ['-i', '--aio'], value: 'AIO', help: '', refused: 'the kind of I/O cannot be chosen' },
    FORMAT,
    QUIET,
    CACHE,
    FORCE_SHARE,
    ALLOW_REFERENCES,
    ...REFUSED,
  ],
};

export const bench: ImageVerb = { spec: SPEC, main };

const MAX_REQUEST = 64 << 20;
const MAX_DEPTH = 1024;

interface Plan {
  readonly count: number;
  readonly depth: number;
  readonly size: number;
  readonly step: number;
  readonly offset: number;
  readonly write: boolean;
  readonly pattern: number;
  readonly flushInterval: number;
  readonly drain: boolean;
}

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const [path = ''] = args.exactly('bench: Expecting one image file name', 1);
  const plan = planOf(args);
  const host = createImageHost({
    forceShare: args.has('-U'),
    anyReference: args.has('--allow-references'),
    durable: isDurable(args, 'writeback'),
  });
  const image = await openImage(host, { path, format: optionalFormat(args.value('-f')), write: plan.write });
  try {
    if (plan.offset + plan.size > image.length)
      throw new ImgError(
        `bench: “${path}” has ${image.length} bytes: too few for requests of ${plan.size} at ${plan.offset}`,
      );
    const say = (line: string) => {
      if (!args.has('-q')) stdout.write(`${line}\n`);
    };
    say(
      `Sending ${plan.count} ${plan.write ? 'write' : 'read'} requests, ${plan.size} bytes each, ${plan.depth} in parallel (starting at offset ${plan.offset}, step size ${plan.step})`,
    );
    if (plan.flushInterval > 0)
      say(`Sending flush every ${plan.flushInterval} ${plan.drain ? '' : 'non-draining '}requests`);
    const start = performance.now();
    await run(image, plan);
    say(`Run completed in ${((performance.now() - start) / 1000).toFixed(3)} seconds.`);
  } finally {
    await image.close();
  }
  return 0;
}

function planOf(args: Arguments): Plan {
  const number = (option: string, standard: number, what: string, from: number, to: number) =>
    requireNumber(args.value(option) ?? String(standard), what, from, to);
  const size = requireSize(args.value('-s') ?? '4096', 'buffer size');
  if (size < 1 || size > MAX_REQUEST)
    throw new ImgError(`bench: -s ${size}: Must be between 1 and ${MAX_REQUEST}.`);
  const write = args.has('-w');
  const flushInterval = number('--flush-interval', 0, 'flush interval', 0, 0x7fff_ffff);
  if (flushInterval > 0 && !write)
    throw new ImgError('bench: --flush-interval is only available in write tests');
  return {
    count: number('-c', 75000, 'request count', 0, 0x7fff_ffff),
    depth: number('-d', 64, 'queue depth', 1, MAX_DEPTH),
    size,
    step: requireSize(args.value('-S') ?? '0', 'step size') || size,
    offset: requireSize(args.value('-o') ?? '0', 'offset'),
    write,
    pattern: number('--pattern', 0, 'pattern byte', 0, 0xff),
    flushInterval,
    drain: !args.has('--no-drain'),
  };
}

async function run(image: ImageNode, plan: Plan): Promise<void> {
  const { count, depth, size, step, write, flushInterval, drain } = plan;
  let next = 0;
  let offset = plan.offset;
  let flushing = Promise.resolve();
  const slot = async () => {
    const buffer = transferBuffer(size).fill(plan.pattern);
    while (next < count) {
      if (drain) await flushing;
      const own = offset;
      next += 1;
      offset += step;
      if (offset + size > image.length) offset = plan.offset;
      const index = next;
      if (write) await image.write(own, buffer);
      else await image.read(own, buffer);
      if (flushInterval > 0 && index % flushInterval === 0) {
        flushing = image.flush();
        if (drain) await flushing;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(depth, Math.max(count, 1)) }, slot));
  await flushing;
}
