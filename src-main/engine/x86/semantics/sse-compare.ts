// Minimum, maximum and comparisons of SSE and SSE2. Without NaNs and denormals they touch no flag, whatever
// MXCSR says, and the host decides; else the software does.
// Reference: Intel SDM vol. 2, MINPS, MAXPS, CMPPS, COMISS, UCOMISS; vol. 1, table 11-2 for NaNs.

import { SSE_OPERATION } from '../helpers/sse-operations.ts';
import type { Emitter, Semantics, Value } from './emitter.ts';
import { FloatLanes, type FloatType, guarded } from './float-lanes.ts';
import { packedHelper } from './sse-float.ts';
import { UsualNumbers } from './usual-numbers.ts';
import { mergeLow, read32, readLow, readVector, truth, zeroVector } from './vector-operand.ts';

type Form = 'packed' | 'scalar';
type Extreme = 'minimum' | 'maximum';

const typeOf = (bits: 32 | 64, form: Form): FloatType =>
  form === 'packed' ? (bits === 32 ? 'f32x4' : 'f64x2') : bits === 32 ? 'f32' : 'f64';

function scalarHelper(e: Emitter, bits: 32 | 64, code: number | Value, left: Value, right: Value): Value {
  const operation = typeof code === 'number' ? e.constant(32, code) : code;
  return e.helper(bits === 32 ? 'sseScalar32' : 'sseScalar64', operation, left, right);
}

/** Two operands by form: `compute` gives the fast result and the helper's operation code. */
function twoOperands(
  bits: 32 | 64,
  form: Form,
  compute: (
    f: FloatLanes,
    left: Value,
    right: Value,
    imm: Value | undefined,
  ) => { fast: Value; code: number | Value },
): Semantics {
  const type = typeOf(bits, form);
  return (e, destination, source, control) => {
    const f = new FloatLanes(e, type);
    const right = form === 'packed' ? readVector(e, source) : readLow(e, source, bits);
    const left = form === 'packed' ? readVector(e, destination) : readLow(e, destination, bits);
    const imm = control === undefined ? undefined : read32(e, control);
    const { fast, code } = compute(f, left, right, imm);
    const { suppositions } = e;
    if (suppositions !== undefined) {
      const usual = new UsualNumbers(suppositions, f);
      for (const operand of [left, right]) usual.operand(f.fromBits(operand));
      if (form === 'packed') e.write(destination, fast);
      else mergeLow(e, destination, fast);
      return;
    }
    const safe = f.all(f.and(f.plain(f.fromBits(left)), f.plain(f.fromBits(right))));
    const helper = form === 'packed' ? packedHelper : scalarHelper;
    const result = guarded(e, safe, fast, () => helper(e, bits, code, left, right));
    if (form === 'packed') e.write(destination, result);
    else mergeLow(e, destination, result);
  };
}

/** The second operand where neither is smaller (larger): two zeros of either sign. */
function extreme(bits: 32 | 64, form: Form, kind: Extreme): Semantics {
  return twoOperands(bits, form, (f, left, right) => {
    const a = f.fromBits(left);
    const b = f.fromBits(right);
    const code = SSE_OPERATION[kind];
    if (form === 'packed') return { fast: f.op(kind === 'minimum' ? 'pmin' : 'pmax', b, a), code };
    const first = truth(f.e, f.op(kind === 'minimum' ? 'lt' : 'gt', a, b));
    return { fast: f.e.select(first, left, right), code };
  });
}

/** CMPccPS: predicates 0-3 are EQ, LT, LE, UNORD, 4-7 their negations. Ordered operands are assumed. */
function compare(bits: 32 | 64, form: Form): Semantics {
  return twoOperands(bits, form, (f, left, right, imm) => {
    const { e } = f;
    const predicate = e.and(imm ?? e.constant(32, 0), e.constant(32, 7));
    const a = f.fromBits(left);
    const b = f.fromBits(right);
    const mask = (value: Value): Value => {
      if (form === 'packed') return value;
      const all = e.sub(e.constant(32, 0), e.zeroExtend(truth(e, value), 32));
      return bits === 64 ? e.signExtend(all, 64) : all;
    };
    const zero = form === 'packed' ? zeroVector(e) : e.constant(bits, 0);
    const odd = e.bit(predicate, 0);
    const base = e.select(
      e.bit(predicate, 1),
      e.select(odd, zero, mask(f.op('le', a, b))),
      e.select(odd, mask(f.op('lt', a, b)), mask(f.op('eq', a, b))),
    );
    const inverse = form === 'packed' ? e.op('v128.not', base) : e.not(base);
    return {
      fast: e.select(e.bit(predicate, 2), inverse, base),
      code: e.or(predicate, e.constant(32, SSE_OPERATION.compare)),
    };
  });
}

/** COMISS and its like: ZF equal, CF less; all three of ZF, PF, CF when unordered. */
function compareToFlags(bits: 32 | 64, quiet: boolean): Semantics {
  return (e, destination, source) => {
    const f = new FloatLanes(e, bits === 32 ? 'f32' : 'f64');
    const right = readLow(e, source, bits);
    const left = readLow(e, destination, bits);
    const a = f.fromBits(left);
    const b = f.fromBits(right);
    const { suppositions } = e;
    if (suppositions !== undefined) {
      const usual = new UsualNumbers(suppositions, f);
      for (const operand of [a, b]) usual.operand(operand);
      suppositions.flagsOrder(a, b);
      return;
    }
    const zf = e.shl(e.zeroExtend(truth(e, f.op('eq', a, b)), 32), e.constant(32, 6));
    const cf = e.zeroExtend(truth(e, f.op('lt', a, b)), 32);
    const safe = f.all(f.and(f.plain(a), f.plain(b)));
    const flags = guarded(e, safe, e.or(zf, cf), () =>
      e.helper(bits === 32 ? 'sseCompare32' : 'sseCompare64', e.constant(32, quiet ? 1 : 0), left, right),
    );
    e.setEflags(flags, 0x8d5);
  };
}

const extremes = (stem: string, kind: Extreme): Record<string, Semantics> => ({
  [`${stem}SS`]: extreme(32, 'scalar', kind),
  [`${stem}SD`]: extreme(64, 'scalar', kind),
  [`${stem}PS`]: extreme(32, 'packed', kind),
  [`${stem}PD`]: extreme(64, 'packed', kind),
});

export const SSE_COMPARE: Readonly<Record<string, Semantics>> = {
  ...extremes('MIN', 'minimum'),
  ...extremes('MAX', 'maximum'),
  CMPSS: compare(32, 'scalar'),
  CMPSD_XMM: compare(64, 'scalar'),
  CMPPS: compare(32, 'packed'),
  CMPPD: compare(64, 'packed'),
  COMISS: compareToFlags(32, false),
  COMISD: compareToFlags(64, false),
  UCOMISS: compareToFlags(32, true),
  UCOMISD: compareToFlags(64, true),
};
