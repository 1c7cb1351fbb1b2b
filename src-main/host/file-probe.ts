// A cheap look at a file that was chosen for a machine: kernels and initial RAM disks by the loader's own parsers from
// their heads, images by the block layer. Runs in the media process. References: as in engine/firmware and
// engine/block; Linux Documentation/driver-api/early-userspace.

import { open } from 'node:fs/promises';
import type { FilePurpose, FileReport } from '../../shared/rpc/app-contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { say } from '../../shared/units/phrase.ts';
import { BootError, findMultibootHeader, isLinuxImage, parseSetupHeader } from '../engine/firmware/index.ts';
import { fileFailure } from './file-failure.ts';
import type { Finding } from './finding.ts';
import { imageFinding } from './image-probe.ts';

/** Enough for the setup code of any bzImage (at most 64 sectors) and the Multiboot search. */
const HEAD_BYTES = 64 * 1024;

export interface ProbeRequest {
  readonly path: string;
  readonly purpose: FilePurpose;
}

/** A file that is there but will not do is a report with a `problem`; one that cannot be read is a failure. */
export async function probeFile({ path, purpose }: ProbeRequest): Promise<FileReport> {
  const { head, sizeBytes } = await readHead(path);
  const finding = await findingOf(path, purpose, head);
  return { path, sizeBytes, version: null, problem: null, image: null, guest: null, ...finding };
}

function findingOf(path: string, purpose: FilePurpose, head: Uint8Array): Finding | Promise<Finding> {
  switch (purpose) {
    case 'kernel':
      return kernelFinding(path, head);
    case 'initrd':
      return archiveFinding(head);
    case 'cdrom':
    case 'disk':
    case 'floppy':
      return imageFinding(path, purpose);
    // What is in it is said when it is to be imported.
    case 'appliance':
      return { kind: null };
  }
}

function kernelFinding(path: string, head: Uint8Array): Finding {
  // Linux goes first, as in the loader: some images carry both headers.
  if (!isLinuxImage(head) && findMultibootHeader(head) !== undefined) return { kind: 'Multiboot kernel' };
  try {
    const header = parseSetupHeader(path, head);
    const bits = header.is64Bit ? '64-bit' : '32-bit';
    return { kind: `Linux kernel, ${bits}`, version: header.kernelVersion || null };
  } catch (error) {
    if (!(error instanceof BootError)) throw error;
    const kind = isLinuxImage(head) ? 'Linux kernel' : (archiveFinding(head).kind ?? null);
    return { kind, problem: error.message.slice(0, 1000) };
  }
}

const ARCHIVES: readonly { readonly kind: string; readonly magic: readonly number[] }[] = [
  { kind: 'gzip archive', magic: [0x1f, 0x8b] },
  { kind: 'xz archive', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { kind: 'Zstandard archive', magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { kind: 'LZ4 archive', magic: [0x02, 0x21, 0x4c, 0x18] },
  { kind: 'LZMA archive', magic: [0x5d, 0x00, 0x00] },
  { kind: 'bzip2 archive', magic: [0x42, 0x5a, 0x68] },
  { kind: 'cpio archive', magic: [0x30, 0x37, 0x30, 0x37, 0x30] },
];

/** Any file may serve as a Multiboot module, so an unknown one is no problem, only unrecognised. */
function archiveFinding(head: Uint8Array): Finding {
  if (head.length === 0) return { kind: null, problem: 'The file is empty.' };
  const found = ARCHIVES.find(({ magic }) => magic.every((byte, index) => head[index] === byte));
  return { kind: found?.kind ?? null };
}

async function readHead(path: string): Promise<{ head: Uint8Array; sizeBytes: number }> {
  try {
    const file = await open(path, 'r');
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new FailureError('files.wrongKind', say`“${path}” is no file.`, { path });
      const buffer = new Uint8Array(HEAD_BYTES);
      const { bytesRead } = await file.read(buffer, 0, HEAD_BYTES, 0);
      return { head: buffer.subarray(0, bytesRead), sizeBytes: stat.size };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileFailure(error, path);
  }
}
