// Every integer instruction in every shape its opcode rows allow, through the checking emitter: operand widths
// agree and nothing faults after a commit. It finds broken rules, not wrong results (tests/cpu/vectors does).

import { describe, expect, it } from 'vitest';
import type { OpcodeRow } from '../../../../src-main/engine/x86/decode/instruction.ts';
import { OPCODE_ROWS } from '../../../../src-main/engine/x86/decode/opcode-map.ts';
import { OPERAND_KIND, parseOperandCode } from '../../../../src-main/engine/x86/decode/operand-codes.ts';
import type { Operand, Shape } from '../../../../src-main/engine/x86/semantics/emitter.ts';
import { SEMANTICS } from '../../../../src-main/engine/x86/semantics/index.ts';
import { CheckingEmitter } from '../../../support/checking-emitter.ts';

type Bits = 16 | 32 | 64;

const operand = (kind: Operand['kind'], bits: number, file?: Operand['file']): Operand => ({
  kind,
  bits,
  file,
});

/** The forms one operand code can take for an operand size. */
function formsOf(code: string, size: number): Operand[] {
  const spec = parseOperandCode(code);
  const registerBits = spec.registerBits[size] ?? 0;
  const memory = operand('memory', spec.memoryBits[size] ?? 0);
  const general = operand('register', registerBits, 'gpr');
  switch (spec.kind) {
    case OPERAND_KIND.rmGeneral:
      return [general, memory];
    case OPERAND_KIND.rmGeneralOnly:
    case OPERAND_KIND.regGeneral:
    case OPERAND_KIND.opcodeGeneral:
      return [general];
    case OPERAND_KIND.regSegment:
      return [operand('register', 16, 'segment')];
    case OPERAND_KIND.regControl:
      return [operand('register', registerBits, 'control')];
    case OPERAND_KIND.regDebug:
      return [operand('register', registerBits, 'debug')];
    case OPERAND_KIND.memoryOnly:
    case OPERAND_KIND.offset:
    case OPERAND_KIND.string:
      return [memory];
    case OPERAND_KIND.fixed: {
      const fixed = spec.fixed?.[size];
      if (fixed === undefined) throw new Error(code);
      return [operand(fixed.kind, fixed.bits, fixed.kind === 'register' ? fixed.file : undefined)];
    }
    case OPERAND_KIND.relative8:
    case OPERAND_KIND.relativeZ:
      return [operand('relative', registerBits)];
    case OPERAND_KIND.far:
      return [operand('far', registerBits)];
    default:
      return [operand('immediate', registerBits)];
  }
}

/** All combinations, one form per operand. */
function combinations(row: OpcodeRow, size: number): Operand[][] {
  let lists: Operand[][] = [[]];
  for (const code of row.operands) {
    const forms = formsOf(code, size);
    lists = lists.flatMap((list) => forms.map((form) => [...list, form]));
  }
  return lists;
}

function shapesOf(row: OpcodeRow): Shape[] {
  const shapes: Shape[] = [];
  const repeats = row.repeat ? (['none', 'rep', 'repne'] as const) : (['none'] as const);
  for (const codeBits of [16, 32, 64] as const) {
    if (codeBits === 64 ? row.long === 'invalid' : row.long === 'only') continue;
    const sizes: Bits[] = codeBits === 64 ? [16, 32, 64] : [16, 32];
    for (const operandBits of sizes) {
      if (codeBits === 64 && row.long === 'force64' && operandBits !== 64) continue;
      if (codeBits === 64 && row.long === 'default64' && operandBits === 32) continue;
      for (const addressBits of codeBits === 64 ? ([32, 64] as const) : ([16, 32] as const)) {
        for (const stackBits of codeBits === 64 ? ([64] as const) : ([16, 32] as const)) {
          for (const repeat of repeats) {
            for (const mode of codeBits === 64 ? ['protected'] : ['real', 'virtual', 'protected']) {
              shapes.push({
                mnemonic: row.mnemonic,
                codeBits,
                operandBits,
                addressBits,
                stackBits,
                condition: row.condition,
                repeat,
                lock: false,
                protectedMode: mode === 'protected',
                virtual8086: mode === 'virtual',
                longMode: codeBits === 64,
              });
            }
          }
        }
      }
    }
  }
  return shapes;
}

const isInteger = (row: OpcodeRow): boolean => row.unit === undefined && row.mnemonic in SEMANTICS;

const byMnemonic = new Map<string, OpcodeRow[]>();
for (const row of OPCODE_ROWS.filter(isInteger)) {
  byMnemonic.set(row.mnemonic, [...(byMnemonic.get(row.mnemonic) ?? []), row]);
}

describe('semantics keep the rules of the emitter in every shape', () => {
  for (const [mnemonic, rows] of byMnemonic) {
    it(mnemonic, () => {
      let runs = 0;
      for (const row of rows) {
        for (const shape of shapesOf(row)) {
          for (const operands of combinations(row, [16, 32, 64].indexOf(shape.operandBits))) {
            const [a, b, c, d] = operands as [Operand, Operand, Operand, Operand];
            SEMANTICS[mnemonic]?.(new CheckingEmitter(shape), a, b, c, d);
            runs++;
          }
        }
      }
      expect(runs).toBeGreaterThan(0);
    });
  }
});

describe('the checking emitter', () => {
  const row = byMnemonic.get('ADD')?.[0];
  const shape = row === undefined ? undefined : shapesOf(row)[0];
  const emitter = (): CheckingEmitter => {
    if (shape === undefined) throw new Error('ADD has no shape');
    return new CheckingEmitter(shape);
  };

  it('refuses a load after a register write, also where only one path wrote', () => {
    const e = emitter();
    const write = (): void => e.setRegister('rax', e.constant(32, 1));
    e.when(e.flag('cf'), write);
    expect(() => e.load('ds', e.constant(16, 0), 8)).toThrow('ADD: load may fault after a commit');
  });

  it('accepts a load after a path that committed and left', () => {
    const e = emitter();
    e.when(e.flag('cf'), () => {
      e.setRegister('rax', e.constant(32, 1));
      e.endBlock('lookup');
    });
    expect(e.load('ds', e.constant(16, 0), 8).bits).toBe(8);
  });

  it('refuses operands of different widths', () => {
    const e = emitter();
    expect(() => e.add(e.constant(8, 1), e.constant(16, 1))).toThrow('16 bits instead of 8');
  });
});

describe('opcode tables and semantics name the same instructions', () => {
  it('gives every row outside x87, MMX and SSE a meaning', () => {
    const floating = new Set(['WAIT', 'FXSAVE', 'FXRSTOR', 'LDMXCSR', 'STMXCSR']);
    const missing = OPCODE_ROWS.filter((row) => row.unit === undefined && !floating.has(row.mnemonic))
      .map((row) => row.mnemonic)
      .filter((mnemonic) => !(mnemonic in SEMANTICS));
    expect([...new Set(missing)]).toEqual([]);
  });
});
