// One-instruction tests recorded on an 80286 in real mode, on every machine that executes guest code.

import { describe, expect, it } from 'vitest';
import { hasSharedData, sharedPath } from '../../support/shared-data.ts';
import { MACHINES, type MachineKind, type VectorMachine } from './machines.ts';
import { is286Only, readVectors, runVector, type Vector, vectorFiles } from './realmode16.ts';

const RAM_BYTES = 16 << 20;
const FOLDER = 'vectors/cpu-realmode16/';

if (!hasSharedData)
  console.warn('Real-mode vectors are skipped: the folder "shared" with the test data is absent');

const isChosen = (kind: MachineKind, vector: Vector, position: number): boolean =>
  (position % kind.sample === 0 || (kind.sample > 1 && vector.c === 'hw')) && !is286Only(vector);

describe.skipIf(!hasSharedData)('real-mode vectors (skipped without shared test data)', () => {
  const folder = hasSharedData ? sharedPath(FOLDER) : '';
  for (const kind of MACHINES) {
    describe(kind.name, () => {
      let machine: VectorMachine | undefined;
      for (const name of hasSharedData ? vectorFiles(folder) : []) {
        it(name.replace('.jsonl.gz', ''), () => {
          machine ??= kind.create(RAM_BYTES, 'pentium3');
          const target = machine;
          const { header, vectors } = readVectors(folder, name);
          const chosen = vectors.filter((vector, position) => isChosen(kind, vector, position));
          expect(chosen.length).toBeGreaterThan(0);
          const failures = chosen.flatMap((vector) => runVector(target, header, vector) ?? []);
          expect(failures).toEqual([]);
        });
      }
    });
  }
});

describe.skipIf(!hasSharedData)('what is left out of the real-mode vectors', () => {
  it('is at most two in a hundred', () => {
    const folder = sharedPath(FOLDER);
    const all = vectorFiles(folder).flatMap((name) => readVectors(folder, name).vectors);
    expect(all.length).toBeGreaterThan(37_000);
    expect(all.filter(is286Only).length / all.length).toBeLessThan(0.02);
  });
});
