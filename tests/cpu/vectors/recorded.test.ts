// Integer instructions in 32- and 64-bit code against a processor's own results, on every machine that executes
// guest code.

import { describe, expect, it } from 'vitest';
import { MACHINES } from './machines.ts';
import {
  type CodeBits,
  prepareRecorded,
  RAM_BYTES,
  type RecordedVector,
  readRecorded,
  runRecorded,
} from './recorded.ts';

function byMnemonic(vectors: readonly RecordedVector[]): Map<string, RecordedVector[]> {
  const groups = new Map<string, RecordedVector[]>();
  for (const vector of vectors) groups.set(vector.n, [...(groups.get(vector.n) ?? []), vector]);
  return groups;
}

const CODE_BITS: readonly CodeBits[] = [32, 64];

for (const bits of CODE_BITS) {
  const groups = byMnemonic(readRecorded(bits));
  for (const kind of MACHINES) {
    describe(`recorded results of ${bits}-bit code, ${kind.name}`, () => {
      const machine = kind.create(RAM_BYTES, 'x86-64-v2');
      prepareRecorded(machine, bits);
      for (const [mnemonic, vectors] of groups) {
        it(mnemonic, () => {
          const sample = Math.ceil(kind.sample / 10);
          const chosen = vectors.filter((_, position) => position % sample === 0);
          expect(chosen.length).toBeGreaterThan(0);
          expect(chosen.flatMap((vector) => runRecorded(machine, vector, bits) ?? [])).toEqual([]);
        });
      }
    });
  }
}
