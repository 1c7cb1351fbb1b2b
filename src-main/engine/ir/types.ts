// The intermediate representation between instruction semantics and WebAssembly: a control-flow graph of
// basic blocks over single-assignment values and mutable variables. Types and numeric operations are
// WebAssembly's own, by their text-format names, so that lowering adds no meaning.
// Reference: WebAssembly core specification 2.0, chapter 4 (numeric and vector instructions).

export type IrType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

declare const irValue: unique symbol;
declare const irVariable: unique symbol;
declare const irBlock: unique symbol;
declare const irFunction: unique symbol;

/** A value, assigned once; usable in every block that its definition dominates. */
export interface IrValue {
  readonly [irValue]: true;
  readonly type: IrType;
}
/** A mutable cell local to the function; lowers to one WebAssembly local. Undefined until first set: 0. */
export interface IrVariable {
  readonly [irVariable]: true;
  readonly type: IrType;
}
export interface IrBlock {
  readonly [irBlock]: true;
}
/** An imported or defined function of the module. */
export interface IrFunctionRef {
  readonly [irFunction]: true;
  readonly parameters: readonly IrType[];
  readonly results: readonly IrType[];
}

/**
 * Builds one function. There is always a current block; operations append to it until a terminator
 * (`jump`, `branch`, `switch`, `return`, `returnCall…`, `unreachable`) ends it, after which `enter` must be called.
 *
 * Folding happens while building: constants, algebraic identities, redundant masks and extensions (tracked by
 * known-zero upper bits), compare-of-compare, branches on constants. Loads, stores, calls and variable
 * accesses keep their order inside a block; everything else is pure and free to move or vanish.
 */
export interface FunctionBuilder {
  parameter(index: number): IrValue;
  /** i32 constants may be given signed or unsigned; i64 as number (exact) or bigint. */
  constant(type: 'i32' | 'i64' | 'f32' | 'f64', value: number | bigint): IrValue;
  vectorConstant(bytes: readonly number[]): IrValue;
  /** A numeric or vector instruction by text name; lane and shuffle immediates first, as numbers. */
  op(name: string, ...operands: (IrValue | number)[]): IrValue;
  select(condition: IrValue, ifTrue: IrValue, ifFalse: IrValue): IrValue;
  /** The constant a value was folded to, if it was (i32 as signed number, i64 as signed bigint). */
  constantOf(value: IrValue): number | bigint | undefined;
  /** Stands for the next operation: what is recorded from now on comes at or after it. */
  mark(): number;
  /**
   * Computes a value again in the current block, as far as it was computed after a mark from what is at hand: so that what
   * only seldom taken ways need is computed on these alone, and its first computation vanishes.
   */
  rebuild(value: IrValue, since: number, isAtHand: (value: IrValue) => boolean): IrValue;
  /** An integer value as another and a constant that is added to it (0 where it is no such sum). */
  sumOf(value: IrValue): { readonly base: IrValue; readonly addend: number };
  /** The two terms of an addition; undefined for other values. */
  termsOf(value: IrValue): readonly [IrValue, IrValue] | undefined;
  /** What the lowest bits of a value come from: masks and conversions that leave them as they are are looked through. */
  sourceOf(value: IrValue, bits: number): IrValue;
  /** How many low bits of an integer value may be non-zero. */
  significantBits(value: IrValue): number;

  /** `name` such as "i32.load8_u", "v128.load"; `offset` is the static offset. Loads are not pure. */
  load(name: string, address: IrValue, offset: number): IrValue;
  store(name: string, address: IrValue, offset: number, value: IrValue): void;
  /** "i32.atomic.load", "i32.atomic.rmw.cmpxchg" and their like; `values` are the data operands. */
  atomic(name: string, address: IrValue, offset: number, ...values: IrValue[]): IrValue;
  memoryCopy(to: IrValue, from: IrValue, bytes: IrValue): void;
  memoryFill(to: IrValue, byte: IrValue, bytes: IrValue): void;

  variable(type: IrType): IrVariable;
  get(variable: IrVariable): IrValue;
  set(variable: IrVariable, value: IrValue): void;
  /** A variable that says something only while a selector, set to constants, holds a number; else it may hold anything. */
  shadow(type: IrType, selector: IrVariable, while_: number): IrVariable;
  /** Where the current block jumps to, shadows may be taken from whatever else holds the same: see `shadows.ts`. */
  settle(): void;

  /** Undefined for a function without result. */
  call(callee: IrFunctionRef, ...operands: IrValue[]): IrValue | undefined;
  callIndirect(
    parameters: readonly IrType[],
    results: readonly IrType[],
    index: IrValue,
    ...operands: IrValue[]
  ): IrValue | undefined;

  block(): IrBlock;
  /** Makes a block current; each block is entered once. */
  enter(block: IrBlock): void;
  /** True while the current block has no terminator yet. */
  readonly open: boolean;
  /** `isKept`: also from a block that does nothing else, which may be the head of a loop around another's. */
  jump(to: IrBlock, isKept?: boolean): void;
  /** `likely` false or true gives a branch hint. */
  branch(condition: IrValue, ifTrue: IrBlock, ifFalse: IrBlock, likely?: boolean): void;
  switch(index: IrValue, targets: readonly IrBlock[], otherwise: IrBlock): void;
  return(value?: IrValue): void;
  /** Calls in place of this function: their results are its results. */
  returnCall(callee: IrFunctionRef, ...operands: IrValue[]): void;
  returnCallIndirect(
    parameters: readonly IrType[],
    results: readonly IrType[],
    index: IrValue,
    ...operands: IrValue[]
  ): void;
  unreachable(): void;
}
