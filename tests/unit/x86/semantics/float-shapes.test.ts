// Every x87, MMX and SSE row in every mode, as register and memory form: its semantics keep the emitter's rules
// and give WebAssembly that validates. It finds broken shapes, not wrong results (tests/cpu/vectors/float.test.ts).

import { describe, expect, it } from 'vitest';
import { handlerShape } from '../../../../src-main/engine/execution/interpreter/handler-shape.ts';
import { HandlerTable } from '../../../../src-main/engine/execution/interpreter/handlers.ts';
import { computeLayout } from '../../../../src-main/engine/execution/layout.ts';
import { decode } from '../../../../src-main/engine/x86/decode/decoder.ts';
import { OPCODE_ROWS, parseEncoding } from '../../../../src-main/engine/x86/decode/opcode-map.ts';
import type { TableRow } from '../../../../src-main/engine/x86/decode/table-row.ts';
import { SEMANTICS } from '../../../../src-main/engine/x86/semantics/index.ts';
import {
  MODE_CODE32,
  MODE_FLAT_CS,
  MODE_FLAT_DATA,
  MODE_LONG,
  MODE_LONG64,
  MODE_PROTECTED,
  MODE_STACK32,
} from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { ALL_FEATURES } from '../decode/every-feature.ts';

const MODES = [
  { name: 'real', codeBits: 16, mode: 0 },
  { name: 'protected, not flat', codeBits: 32, mode: MODE_PROTECTED | MODE_CODE32 | MODE_STACK32 },
  {
    name: 'protected, flat',
    codeBits: 32,
    mode: MODE_PROTECTED | MODE_CODE32 | MODE_STACK32 | MODE_FLAT_CS | MODE_FLAT_DATA,
  },
  { name: 'long', codeBits: 64, mode: MODE_PROTECTED | MODE_LONG | MODE_LONG64 },
] as const;

const MAPS: readonly (readonly number[])[] = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];
const PREFIXES: readonly (readonly number[])[] = [[], [0x66], [0xf3], [0xf2]];

/** ModRM of a cell: memory as [BX] or [RBX], with the reg field; or both register fields. */
function modRm(cell: number, codeBits: number): number {
  if (cell >= 8) return 0xc0 | (cell - 8);
  return (cell << 3) | (codeBits === 16 ? 7 : 3);
}

/** Byte strings of a row: each prefix it allows, with and without REX.W, one memory and one register form. */
function encodings(row: TableRow, codeBits: number): Uint8Array[] {
  const { map, opcode, prefixes, cells } = parseEncoding(row.encoding);
  const forms = [cells.find((cell) => cell < 8), cells.findLast((cell) => cell >= 8)];
  return prefixes.flatMap((prefix) =>
    (codeBits === 64 ? [[], [0x48]] : [[]]).flatMap((rex) =>
      forms
        .filter((cell) => cell !== undefined)
        .map((cell) =>
          Uint8Array.from([
            ...(PREFIXES[prefix] ?? []),
            ...rex,
            ...(MAPS[map] ?? []),
            opcode,
            modRm(cell, codeBits),
            ...new Array<number>(8).fill(0),
          ]),
        ),
    ),
  );
}

const rows = OPCODE_ROWS.filter((row) => row.unit !== undefined || row.mnemonic === 'WAIT');

describe('x87, MMX and SSE semantics', () => {
  it('exist for every row', () => {
    expect(rows.filter((row) => !(row.mnemonic in SEMANTICS)).map((row) => row.mnemonic)).toEqual([]);
    expect(rows.length).toBeGreaterThan(450);
  });

  it.each(MODES)('instantiate in every form: $name', ({ codeBits, mode }) => {
    const layout = computeLayout({ ramBytes: 0x10_0000, vramBytes: 0 });
    const memory = new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
    const imports = new Proxy({}, { get: (_, name) => (name === 'memory' ? memory : () => 0) });
    const table = new HandlerTable(layout, imports);
    const found = new Set<string>();
    for (const row of rows) {
      for (const bytes of encodings(row, codeBits)) {
        const result = decode(bytes, 0, bytes.length, { codeBits }, ALL_FEATURES, mode !== 0);
        if (!result.ok) continue;
        if (result.instruction.row.unit === undefined) continue;
        found.add(result.instruction.row.mnemonic);
        table.numbers.numberOf(handlerShape(result.instruction, mode));
      }
    }
    table.flush();
    expect(table.numbers.size).toBeGreaterThan(450);
    const missing = rows.map((row) => row.mnemonic).filter((name) => name !== 'WAIT' && !found.has(name));
    expect([...new Set(missing)]).toEqual([]);
  });
});
