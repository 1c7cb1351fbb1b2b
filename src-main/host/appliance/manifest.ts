// The manifest of an OVF package: what the checksum of each file has to be.
// Reference: DMTF DSP0243 2.1.1, section 6.1; "SHA1(name)= hex" in version 1, other digests later.

import { damaged, shown } from './appliance-error.ts';
import { memberName } from './member-name.ts';

export type DigestName = 'sha1' | 'sha256' | 'sha512';
const LENGTHS: Readonly<Record<DigestName, number>> = { sha1: 40, sha256: 64, sha512: 128 };
const MAX_LINES = 20_000;

export interface Digest {
  readonly algorithm: DigestName;
  readonly hex: string;
}

export function readManifest(text: string, file: string): Map<string, Digest> {
  const digests = new Map<string, Digest>();
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length > MAX_LINES) throw damaged(file, 'has a manifest that is too long.');
  for (const line of lines) {
    const [, kind = '', name = '', hex = ''] = /^\s*(SHA-?\d+)\s*\(([^)]*(?:\)[^)]*)*)\)\s*=\s*([0-9a-f]+)\s*$/i.exec(line) ?? [];
    const algorithm = kind.toLowerCase().replace('-', '') as DigestName;
    const plain = memberName(name);
    if (LENGTHS[algorithm] === undefined || hex.length !== LENGTHS[algorithm] || plain === undefined) throw damaged(file, `has a line in its manifest that is not understood: “${shown(line)}”.`);
    if (digests.has(plain)) throw damaged(file, `has a manifest that names “${shown(plain)}” twice.`);
    digests.set(plain, { algorithm, hex: hex.toLowerCase() });
  }
  return digests;
}

export function manifestLine(name: string, hex: string): string {
  return `SHA256(${name})= ${hex}\n`;
}
