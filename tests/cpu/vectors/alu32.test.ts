// Results of 8-, 16- and 32-bit arithmetic, logic, shifts and decimal adjustment with their defined flags, on every
// machine that executes guest code.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hasSharedData, sharedPath } from '../../support/shared-data.ts';
import { type AluCase, parseAluCases, prepareAluMachine, runAluCase } from './alu32.ts';
import { MACHINES } from './machines.ts';

const RAM_BYTES = 1 << 20;
const FILE = 'vectors/alu32/test386-EE-reference.txt.gz';

if (!hasSharedData)
  console.warn('Arithmetic vectors are skipped: the folder "shared" with the test data is absent');

describe.skipIf(!hasSharedData)('arithmetic vectors (skipped without shared test data)', () => {
  const byMnemonic = new Map<string, AluCase[]>();
  const text = hasSharedData ? gunzipSync(readFileSync(sharedPath(FILE))).toString('utf8') : '';
  for (const test of text === '' ? [] : parseAluCases(text)) {
    const [first = '', second = ''] = test.line.split(' ');
    const mnemonic = /^[a-z]/.test(first) ? first.toUpperCase() : second;
    byMnemonic.set(mnemonic, [...(byMnemonic.get(mnemonic) ?? []), test]);
  }
  for (const kind of MACHINES) {
    describe(kind.name, () => {
      for (const [mnemonic, cases] of byMnemonic) {
        it(mnemonic, () => {
          const machine = kind.create(RAM_BYTES, 'pentium3');
          prepareAluMachine(machine);
          const chosen = cases.filter((_, position) => position % kind.sample === 0);
          expect(chosen.flatMap((test) => runAluCase(machine, test) ?? []).slice(0, 20)).toEqual([]);
        });
      }
    });
  }
});
