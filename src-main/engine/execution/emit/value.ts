// A guest value as the emitter makes it: an IR value with its width. Semantics see it as the opaque `Value`.

import type { IrType, IrValue, IrVariable } from '../../ir/types.ts';
import type { IntegerBits, Value, Variable } from '../../x86/semantics/emitter.ts';

type ValueType = Value['type'];

class GuestValue {
  readonly type: ValueType;
  readonly bits: IntegerBits | 128;
  readonly ir: IrValue;

  constructor(type: ValueType, bits: IntegerBits | 128, ir: IrValue) {
    this.type = type;
    this.bits = bits;
    this.ir = ir;
  }
}

class GuestVariable {
  readonly type: ValueType;
  readonly bits: IntegerBits | 128;
  readonly ir: IrVariable;

  constructor(type: ValueType, bits: IntegerBits | 128, ir: IrVariable) {
    this.type = type;
    this.bits = bits;
    this.ir = ir;
  }
}

const INTEGER_TYPES = { 1: 'i1', 8: 'i8', 16: 'i16', 32: 'i32', 64: 'i64', 128: 'v128' } as const;

/** Wraps an IR value of an integer width, or of 128 bits. */
export function integer(bits: number, ir: IrValue): Value {
  const type = INTEGER_TYPES[bits as keyof typeof INTEGER_TYPES];
  if (type === undefined) throw new Error(`no guest value has ${bits} bits`);
  return new GuestValue(type, bits as IntegerBits, ir) as unknown as Value;
}

/** Wraps the result of a WebAssembly operation by its IR type. */
export function ofIrType(ir: IrValue): Value {
  const bits = ir.type === 'v128' ? 128 : ir.type === 'i32' || ir.type === 'f32' ? 32 : 64;
  return new GuestValue(ir.type, bits, ir) as unknown as Value;
}

/** Made once: to find an instruction by a name that was put together just now takes several times as long. */
const NAMES: Readonly<Record<'i32' | 'i64', Map<string, string>>> = { i32: new Map(), i64: new Map() };

/** The text name of an integer instruction of a type. */
export function integerName(type: 'i32' | 'i64', name: string): string {
  let whole = NAMES[type].get(name);
  if (whole === undefined) {
    whole = `${type}.${name}`;
    NAMES[type].set(name, whole);
  }
  return whole;
}

export function irOf(value: Value): IrValue {
  return (value as unknown as GuestValue).ir;
}

export function variableOf(value: Value, ir: IrVariable): Variable {
  return new GuestVariable(value.type, value.bits, ir) as unknown as Variable;
}

export function irVariableOf(variable: Variable): IrVariable {
  return (variable as unknown as GuestVariable).ir;
}

export function valueOfVariable(variable: Variable, ir: IrValue): Value {
  const { type, bits } = variable as unknown as GuestVariable;
  return new GuestValue(type, bits, ir) as unknown as Value;
}

/** The IR type that holds an integer of so many bits. */
export function irTypeOf(bits: number): IrType {
  return bits === 128 ? 'v128' : bits === 64 ? 'i64' : 'i32';
}
