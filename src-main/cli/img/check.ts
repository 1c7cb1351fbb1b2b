// `img check`: 0 sound, 1 could not be checked, 2 damaged, 3 leaks only, 63 the format has no check.
// Reference: qemu-img(1), check.

import {
  BlockError,
  type CheckReport,
  type ImageFormat,
  type ImageHost,
  probeFormat,
  readEnds,
} from '../../engine/block/index.ts';
import { createImageHost } from '../../host/image-host.ts';
import { plainText } from '../plain-text.ts';
import { parseArguments, type VerbSpec } from './arguments.ts';
import { requireFormat } from './format-options.ts';
import { ImgError } from './img-error.ts';
import { FORCE_SHARE, FORMAT, OUTPUT, outputKind, QUIET, REFUSED, SOURCE_CACHE } from './option-rows.ts';
import { CommandJob, withJob } from './progress.ts';
import { stdout } from './stdout.ts';
import type { ImageVerb } from './verb.ts';

const EXIT_NOT_CHECKED = 1;
const EXIT_CORRUPT = 2;
const EXIT_LEAKS = 3;
const EXIT_NO_CHECK = 63;
/** Every damage has its line, up to a point. */
const FAULTS_SHOWN = 1000;

const SPEC: VerbSpec = {
  name: 'check',
  operands: 'FILE',
  summary:
    'Looks for damage. Exit status: 0 none, 1 could not be checked, 2 damaged, 3 only leaked clusters, 63 the format has no check.',
  options: [
    FORMAT,
    { names: ['-r', '--repair'], value: 'leaks|all', help: 'repair leaked clusters, or all that can be' },
    OUTPUT,
    QUIET,
    SOURCE_CACHE,
    FORCE_SHARE,
    ...REFUSED,
  ],
};

export const check: ImageVerb = { spec: SPEC, main };

async function main(argv: readonly string[]): Promise<number> {
  const args = parseArguments(SPEC, argv);
  const [path = ''] = args.exactly('check: Expecting one image file name', 1);
  const output = outputKind(args);
  const repair = args.value('-r') ?? 'none';
  if (repair !== 'none' && repair !== 'leaks' && repair !== 'all')
    throw new ImgError(`Unknown option value for -r (expecting 'leaks' or 'all'): ${repair}`);
  const host = createImageHost({ forceShare: args.has('-U') });
  const format = await formatOf(host, path, args.value('-f'));
  if (format.check === undefined)
    throw new ImgError(`${path}: This image format (${format.name}) does not support checks`, EXIT_NO_CHECK);
  const talk = output === 'human' && !args.has('-q');
  let status = EXIT_NOT_CHECKED;
  const ended = await withJob(new CommandJob(false), async (job) => {
    const report = await checkAndRepair({ host, path, format, job }, repair, talk);
    if (output === 'json')
      stdout.write(`${JSON.stringify(jsonReport(report, path, format), undefined, 4)}\n`);
    else if (talk) stdout.write(humanReport(report));
    status = exitStatus(report);
  });
  return ended === 0 ? status : ended;
}

interface Subject {
  readonly host: ImageHost;
  readonly path: string;
  readonly format: ImageFormat;
  readonly job: CommandJob;
}

type Repair = 'none' | 'leaks' | 'all';

/** After a repair the image is checked again; that report counts. */
async function checkAndRepair(subject: Subject, repair: Repair, talk: boolean): Promise<CheckReport> {
  const report = await checkOnce(subject, repair);
  if (talk) showFaults(report);
  const { corruptionsFixed, leaksFixed } = report;
  if (corruptionsFixed + leaksFixed === 0) return report;
  if (talk)
    stdout.write(
      `The following inconsistencies were found and repaired:\n\n    ${leaksFixed} leaked clusters\n    ${corruptionsFixed} corruptions\n\nDouble checking the fixed image now...\n`,
    );
  const again = { ...(await checkOnce(subject, 'none')), corruptionsFixed, leaksFixed };
  if (talk) showFaults(again);
  return again;
}

async function formatOf(host: ImageHost, path: string, name: string | undefined): Promise<ImageFormat> {
  if (name !== undefined) return requireFormat(name);
  const store = await host.files.open(path, 'read');
  try {
    const { head, tail } = await readEnds(store);
    return requireFormat(probeFormat(head, tail) ?? 'raw');
  } finally {
    await store.close();
  }
}

async function checkOnce({ host, path, format, job }: Subject, repair: Repair): Promise<CheckReport> {
  const store = await host.files.open(path, repair === 'none' ? 'read' : 'write');
  try {
    const report = await format.check?.(store, host, { path, repair, job });
    if (report === undefined)
      throw new BlockError('unsupported', `“${path}” cannot be checked.`, { file: path });
    if (repair !== 'none') await store.flush();
    return report;
  } finally {
    await store.close();
  }
}

function showFaults({ faults }: CheckReport): void {
  for (const { kind, structure, offset, message } of faults.slice(0, FAULTS_SHOWN)) {
    const place = `${kind === 'leak' ? 'Leaked' : 'ERROR'} ${structure} at 0x${offset.toString(16)}: `;
    // Some formats speak qemu-img's words themselves.
    process.stderr.write(`${plainText(/^(ERROR|Leaked|Repair)/.test(message) ? message : `${place}${message}`)}\n`);
  }
  if (faults.length > FAULTS_SHOWN) process.stderr.write(`… and ${faults.length - FAULTS_SHOWN} more\n`);
}

function humanReport(report: CheckReport): string {
  const lines: string[] = [];
  const { corruptions, leaks, checkErrors } = report;
  if (corruptions + leaks + checkErrors === 0) lines.push('No errors were found on the image.');
  if (corruptions > 0)
    lines.push(
      '',
      `${corruptions} errors were found on the image.`,
      'Data may be corrupted, or further writes to the image may corrupt it.',
    );
  if (leaks > 0)
    lines.push(
      '',
      `${leaks} leaked clusters were found on the image.`,
      'This means waste of disk space, but no harm to data.',
    );
  if (checkErrors > 0) lines.push('', `${checkErrors} internal errors have occurred during the check.`);
  if (corruptions > 0 && report.corruptionsFixed === 0)
    lines.push('“check -r all” repairs what can be repaired; make a copy first.');
  else if (leaks > 0 && report.leaksFixed === 0) lines.push('“check -r leaks” gives the space back.');
  const { totalClusters: total, allocatedClusters: allocated } = report;
  if (total > 0 && allocated > 0) {
    const share = (part: number, whole: number) => `${((part * 100) / whole).toFixed(2)}%`;
    lines.push(
      `${allocated}/${total} = ${share(allocated, total)} allocated, ${share(report.fragmentedClusters, allocated)} fragmented, ${share(report.compressedClusters, allocated)} compressed clusters`,
    );
  }
  if (report.imageEndOffset > 0) lines.push(`Image end offset: ${report.imageEndOffset}`);
  return `${lines.join('\n')}\n`;
}

/** Counts that are zero are left out, as qemu-img does. */
function jsonReport(
  report: CheckReport,
  filename: string,
  format: ImageFormat,
): Record<string, string | number> {
  const optional = {
    'image-end-offset': report.imageEndOffset,
    'total-clusters': report.totalClusters,
    'allocated-clusters': report.allocatedClusters,
    'fragmented-clusters': report.fragmentedClusters,
    'compressed-clusters': report.compressedClusters,
    corruptions: report.corruptions,
    leaks: report.leaks,
    'corruptions-fixed': report.corruptionsFixed,
    'leaks-fixed': report.leaksFixed,
  };
  return {
    ...Object.fromEntries(Object.entries(optional).filter(([, count]) => count > 0)),
    'check-errors': report.checkErrors,
    filename,
    format: format.name,
  };
}

function exitStatus({ checkErrors, corruptions, leaks }: CheckReport): number {
  if (checkErrors > 0) return EXIT_NOT_CHECKED;
  if (corruptions > 0) return EXIT_CORRUPT;
  return leaks > 0 ? EXIT_LEAKS : 0;
}
