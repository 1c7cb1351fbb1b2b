// Builds one function (the contract is in types.ts): checks operand types, folds while building, records into
// the flat graph. Folding rules are in fold.ts.

import { F32, F64, I32, I64, NONE, OPCODES, OPCODES_BY_NAME, type Opcode, TYPE_NAMES, V128 } from '../wasm/opcodes.table.ts';
import {
  conditionOf,
  extendedFrom,
  foldAddress,
  foldLane,
  foldNumeric,
  hasLanes,
  foldSelect,
  isSum,
  negatedCondition,
  storedPart,
  sumParts,
  wrappedFrom,
} from './fold.ts';
import {
  ATOMIC,
  BRANCH,
  blockHandle,
  CALL,
  CALL_INDIRECT,
  CONSTANT,
  COPY,
  FILL,
  FunctionGraph,
  functionHandle,
  GET,
  JUMP,
  LOAD,
  NUMERIC,
  PARAMETER,
  RETURN,
  RETURN_CALL,
  RETURN_CALL_INDIRECT,
  SELECT,
  SET,
  STORE,
  SWITCH,
  typeCode,
  UNREACHABLE,
  type ValueHandle,
  type VariableHandle,
  valueHandle,
  variableHandle,
} from './graph.ts';
import { significantBitsOf } from './significant-bits.ts';
import type { FunctionBuilder, IrBlock, IrFunctionRef, IrType, IrValue, IrVariable } from './types.ts';

/** A wrong use of the builder: types, unknown instruction, no open block. Names the function. */
export class IrBuildError extends Error {}

export interface BuilderOptions {
  /** False records every operation as it is asked for. */
  readonly fold?: boolean;
  /** About how many instructions there will be, an even number. */
  readonly expected?: number;
}

const BITS = new DataView(new ArrayBuffer(8));

/** i64 stores of a part, and the i32 stores of the same part. */
const NARROWED_STORES: ReadonlyMap<number, number> = new Map(
  [
    ['i64.store8', 'i32.store8'],
    ['i64.store16', 'i32.store16'],
    ['i64.store32', 'i32.store'],
  ].map(([wide = '', narrow = '']) => [OPCODES_BY_NAME.get(wide)?.id ?? 0, OPCODES_BY_NAME.get(narrow)?.id ?? 0]),
);

export class GraphBuilder implements FunctionBuilder {
  readonly graph: FunctionGraph;
  private readonly fold: boolean;
  private readonly handles: (ValueHandle | undefined)[] = [];
  private readonly parameterIds: number[] = [];
  private readonly constants32 = new Map<number, number>();
  private readonly constants64 = new Map<number, number>();
  private current = -1;
  /** Per variable: the constant it is known to hold, and the block in which that is so. */
  private readonly knownConstant: number[] = [];
  private readonly knownIn: number[] = [];
  /** Low bits of each integer value that may be set; 0 for other types. */
  significant: Uint8Array;

  constructor(
    name: string,
    parameters: readonly IrType[],
    results: readonly IrType[],
    options: BuilderOptions = {},
  ) {
    this.graph = new FunctionGraph(name, parameters, results, options.expected);
    this.significant = new Uint8Array(this.graph.kind.length);
    this.fold = options.fold !== false;
    parameters.forEach((type, index) => {
      this.parameterIds.push(this.record(PARAMETER, typeCode(type), 0, -1, -1, -1, index));
    });
    this.enter(this.block());
  }

  get open(): boolean {
    return this.current >= 0;
  }

  parameter(index: number): IrValue {
    const id = this.parameterIds[index];
    if (id === undefined) this.fail(`no parameter ${index}`);
    return this.value(id);
  }

  constant(type: 'i32' | 'i64' | 'f32' | 'f64', value: number | bigint): IrValue {
    if (type === 'i32')
      return this.value(
        this.constant32(typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value | 0),
      );
    if (type === 'i64') {
      if (typeof value === 'number')
        return this.value(this.constant64(value | 0, Math.floor(value / 0x1_0000_0000) | 0));
      BITS.setBigInt64(0, BigInt.asIntN(64, value), true);
      return this.value(this.constant64(BITS.getInt32(0, true), BITS.getInt32(4, true)));
    }
    if (type === 'f32') {
      BITS.setFloat32(0, Number(value), true);
      return this.value(this.record(CONSTANT, typeCode(type), 0, BITS.getInt32(0, true), 0, 0, 0));
    }
    BITS.setFloat64(0, Number(value), true);
    return this.value(
      this.record(CONSTANT, typeCode(type), 0, BITS.getInt32(0, true), BITS.getInt32(4, true), 0, 0),
    );
  }

  vectorConstant(bytes: readonly number[]): IrValue {
    if (bytes.length !== 16) this.fail('a vector constant has 16 bytes');
    const words = [0, 4, 8, 12].map(
      (i) => bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24),
    );
    return this.value(this.record(CONSTANT, V128, 0, words[0]!, words[1]!, words[2]!, words[3]!));
  }

  op(name: string, ...operands: (IrValue | number)[]): IrValue {
    const opcode = OPCODES_BY_NAME.get(name);
    if (opcode === undefined || opcode.immediate === 'memory') this.fail(`no numeric instruction ${name}`);
    const immediates = opcode.immediate === 'none' ? 0 : opcode.immediate === 'lane' ? 1 : 16;
    const count = opcode.operands.length;
    if (operands.length !== immediates + count) this.fail(`${name} takes ${immediates + count} operands`);
    const immediate = immediates === 0 ? 0 : this.immediateOf(opcode, operands);
    const a = this.operandId(opcode, operands, immediates, 0);
    const b = count > 1 ? this.operandId(opcode, operands, immediates, 1) : -1;
    const c = count > 2 ? this.operandId(opcode, operands, immediates, 2) : -1;
    return this.value(this.numeric(opcode.id, immediate, a, b, c));
  }

  private immediateOf(opcode: Opcode, operands: readonly (IrValue | number)[]): number {
    const lanes = opcode.immediate === 'lane' ? 1 : 16;
    for (let i = 0; i < lanes; i++) {
      const lane = operands[i];
      if (typeof lane !== 'number' || !Number.isInteger(lane) || lane < 0 || lane >= opcode.size) {
        this.fail(`${opcode.name}: bad lane ${String(lane)}`);
      }
    }
    if (lanes === 1) return operands[0] as number;
    return this.graph.shuffles.push(operands.slice(0, 16) as number[]) - 1;
  }

  private operandId(
    opcode: Opcode,
    operands: readonly (IrValue | number)[],
    skip: number,
    index: number,
  ): number {
    const operand = operands[skip + index];
    if (typeof operand !== 'object') this.fail(`${opcode.name}: operand ${index} is not a value`);
    return this.idOf(operand, opcode.operands[index]!, opcode.name);
  }

  zeroVector(): number {
    return this.record(CONSTANT, V128, 0, 0, 0, 0, 0);
  }

  /** A lane of a constant vector as a double or single. */
  constantLane(vector: number, lane: number, isDouble: boolean): number {
    const { graph } = this;
    const words = [graph.a[vector]!, graph.b[vector]!, graph.c[vector]!, graph.d[vector]!];
    if (!isDouble) return this.record(CONSTANT, F32, 0, words[lane]!, 0, 0, 0);
    return this.record(CONSTANT, F64, 0, words[2 * lane]!, words[2 * lane + 1]!, 0, 0);
  }

  /** A numeric instruction by opcode id over value ids; used by the folding rules too. */
  numeric(op: number, immediate: number, a: number, b: number, c: number): number {
    if (this.fold) {
      const folded = hasLanes(op) ? foldLane(this, op, immediate, a, b) : -1;
      const result = folded >= 0 ? folded : foldNumeric(this, op, a, b);
      if (result >= 0) return result;
    }
    return this.record(NUMERIC, OPCODES[op]!.result, op, a, b, c, immediate);
  }

  constant32(value: number): number {
    const known = this.constants32.get(value);
    if (known !== undefined) return known;
    const id = this.record(CONSTANT, I32, 0, value, 0, 0, 0);
    this.constants32.set(value, id);
    return id;
  }

  constant64(low: number, high: number): number {
    // Keys are exact while they stay below 2^53; rarer constants are not shared.
    const key = high * 0x1_0000_0000 + (low >>> 0);
    const exact = high >= -0x20_0000 && high < 0x20_0000;
    const known = exact ? this.constants64.get(key) : undefined;
    if (known !== undefined) return known;
    const id = this.record(CONSTANT, I64, 0, low, high, 0, 0);
    if (exact) this.constants64.set(key, id);
    return id;
  }

  select(condition: IrValue, ifTrue: IrValue, ifFalse: IrValue): IrValue {
    const c = this.idOf(condition, I32, 'select');
    const a = this.idOf(ifTrue, typeCode(ifTrue.type), 'select');
    const b = this.idOf(ifFalse, typeCode(ifTrue.type), 'select');
    return this.value(this.selectIds(c, a, b));
  }

  selectIds(condition: number, ifTrue: number, ifFalse: number): number {
    if (this.fold) {
      const folded = foldSelect(this, condition, ifTrue, ifFalse);
      if (folded >= 0) return folded;
    }
    return this.record(SELECT, this.graph.type[ifTrue]!, 0, ifTrue, ifFalse, condition, 0);
  }

  constantOf(value: IrValue): number | bigint | undefined {
    const { graph } = this;
    const { id, type } = valueHandle(value);
    if (graph.kind[id] !== CONSTANT || type === 'v128') return undefined;
    BITS.setInt32(0, graph.a[id]!, true);
    BITS.setInt32(4, graph.b[id]!, true);
    if (type === 'i32') return graph.a[id];
    if (type === 'i64') return BITS.getBigInt64(0, true);
    return type === 'f32' ? BITS.getFloat32(0, true) : BITS.getFloat64(0, true);
  }

  mark(): number {
    return this.graph.count;
  }

  rebuild(value: IrValue, since: number, isAtHand: (value: IrValue) => boolean): IrValue {
    return this.value(this.rebuilt(valueHandle(value).id, since, isAtHand, new Map()));
  }

  private rebuilt(id: number, since: number, isAtHand: (value: IrValue) => boolean, done: Map<number, number>): number {
    const { graph } = this;
    const kind = graph.kind[id]!;
    if (id < since || (kind !== NUMERIC && kind !== SELECT)) return id;
    const known = done.get(id);
    if (known !== undefined) return known;
    if (isAtHand(this.value(id))) return id;
    const again = (operand: number) => (operand < 0 ? operand : this.rebuilt(operand, since, isAtHand, done));
    const [a, b, c] = [again(graph.a[id]!), again(graph.b[id]!), again(graph.c[id]!)];
    const copy = kind === SELECT ? this.selectIds(c, a, b) : this.numeric(graph.op[id]!, graph.d[id]!, a, b, c);
    done.set(id, copy);
    return copy;
  }

  sumOf(value: IrValue): { readonly base: IrValue; readonly addend: number } {
    const { id } = valueHandle(value);
    const sum = sumParts(this.graph, id);
    return sum === undefined ? { base: value, addend: 0 } : { base: this.value(sum.base), addend: sum.addend };
  }

  termsOf(value: IrValue): readonly [IrValue, IrValue] | undefined {
    const { id } = valueHandle(value);
    return isSum(this.graph, id) ? [this.value(this.graph.a[id]!), this.value(this.graph.b[id]!)] : undefined;
  }

  sourceOf(value: IrValue, bits: number): IrValue {
    const { graph } = this;
    for (let { id } = valueHandle(value); ; ) {
      const stored = storedPart(this, id, bits);
      const word = bits > 32 ? -1 : wrappedFrom(graph, stored);
      const narrow = bits > 32 || word >= 0 ? word : extendedFrom(this, stored);
      if (narrow < 0) return this.value(stored);
      id = narrow;
    }
  }

  significantBits(value: IrValue): number {
    return this.significant[valueHandle(value).id]!;
  }

  load(name: string, address: IrValue, offset: number): IrValue {
    const opcode = this.memoryOpcode(name, 'load');
    const a = this.idOf(address, I32, name);
    return this.value(this.access(LOAD, opcode.result, opcode.id, a, -1, -1, this.offset(offset)));
  }

  store(name: string, address: IrValue, offset: number, value: IrValue): void {
    const opcode = this.memoryOpcode(name, 'store');
    const a = this.idOf(address, I32, name);
    const b = this.idOf(value, opcode.operands[1]!, name);
    if (this.fold) this.foldedStore(opcode, a, b, this.offset(offset));
    else this.record(STORE, NONE, opcode.id, a, b, -1, this.offset(offset));
  }

  /** Stores look at the bits they store only. */
  private foldedStore(opcode: Opcode, address: number, value: number, offset: number): void {
    const isInteger = opcode.operands[1] === I32 || opcode.operands[1] === I64;
    let stored = isInteger ? storedPart(this, value, opcode.size * 8) : value;
    let op = opcode.id;
    const narrow = NARROWED_STORES.get(op);
    if (narrow !== undefined) {
      const word = extendedFrom(this, stored);
      if (word >= 0) {
        stored = storedPart(this, word, opcode.size * 8);
        op = narrow;
      }
    }
    this.access(STORE, NONE, op, address, stored, -1, offset);
  }

  /** A memory access, with constant parts of its address in the static offset. */
  private access(
    kind: number,
    type: number,
    op: number,
    a: number,
    b: number,
    c: number,
    offset: number,
  ): number {
    const folded = this.fold ? foldAddress(this, a, offset >>> 0) : undefined;
    if (folded === undefined) return this.record(kind, type, op, a, b, c, offset);
    return this.record(kind, type, op, folded.base, b, c, folded.offset | 0);
  }

  atomic(name: string, address: IrValue, offset: number, ...values: IrValue[]): IrValue {
    const opcode = this.memoryOpcode(name, 'atomic');
    if (values.length !== opcode.operands.length - 1)
      this.fail(`${name} takes ${opcode.operands.length - 1} values`);
    const a = this.idOf(address, I32, name);
    const b = values[0] === undefined ? -1 : this.idOf(values[0], opcode.operands[1]!, name);
    const c = values[1] === undefined ? -1 : this.idOf(values[1], opcode.operands[2]!, name);
    const id = this.access(ATOMIC, opcode.result, opcode.id, a, b, c, this.offset(offset));
    return opcode.result === NONE ? this.value(this.constant32(0)) : this.value(id);
  }

  private memoryOpcode(name: string, family: 'load' | 'store' | 'atomic'): Opcode {
    const opcode = OPCODES_BY_NAME.get(name);
    if (opcode === undefined || opcode.immediate !== 'memory' || memoryFamily(opcode) !== family) {
      this.fail(`no ${family} instruction ${name}`);
    }
    return opcode;
  }

  private offset(offset: number): number {
    if (!Number.isInteger(offset) || offset < 0 || offset > 0xffff_ffff)
      this.fail(`bad memory offset ${offset}`);
    return offset | 0;
  }

  memoryCopy(to: IrValue, from: IrValue, bytes: IrValue): void {
    const ids = [to, from, bytes].map((value) => this.idOf(value, I32, 'memory.copy'));
    this.record(COPY, NONE, 0, ids[0]!, ids[1]!, ids[2]!, 0);
  }

  memoryFill(to: IrValue, byte: IrValue, bytes: IrValue): void {
    const ids = [to, byte, bytes].map((value) => this.idOf(value, I32, 'memory.fill'));
    this.record(FILL, NONE, 0, ids[0]!, ids[1]!, ids[2]!, 0);
  }

  variable(type: IrType): IrVariable {
    const index = this.graph.variables.push(typeCode(type)) - 1;
    this.knownConstant.push(-1);
    this.knownIn.push(-1);
    const handle: VariableHandle = { index, type };
    return handle as unknown as IrVariable;
  }

  get(variable: IrVariable): IrValue {
    const { index } = variableHandle(variable);
    const type = this.graph.variables[index];
    if (type === undefined) this.fail('get of a variable of another function');
    if (this.fold && this.knownIn[index] === this.current && this.current >= 0) {
      return this.value(this.knownConstant[index]!);
    }
    return this.value(this.record(GET, type, 0, -1, -1, -1, index));
  }

  set(variable: IrVariable, value: IrValue): void {
    const { index } = variableHandle(variable);
    const type = this.graph.variables[index];
    if (type === undefined) this.fail('set of a variable of another function');
    const id = this.idOf(value, type, 'set');
    this.record(SET, NONE, 0, id, -1, -1, index);
    this.knownConstant[index] = id;
    this.knownIn[index] = this.graph.kind[id] === CONSTANT ? this.current : -1;
  }

  shadow(type: IrType, selector: IrVariable, while_: number): IrVariable {
    const shadow = this.variable(type);
    this.graph.shadows.set(variableHandle(shadow).index, { selector: variableHandle(selector).index, value: while_ });
    return shadow;
  }

  settle(): void {
    if (this.current < 0) this.fail('no open block');
    this.graph.settled.push(this.current);
  }

  call(callee: IrFunctionRef, ...operands: IrValue[]): IrValue | undefined {
    return this.recordCall(CALL, callee, operands);
  }

  callIndirect(
    parameters: readonly IrType[],
    results: readonly IrType[],
    index: IrValue,
    ...operands: IrValue[]
  ): IrValue | undefined {
    return this.recordIndirect(CALL_INDIRECT, parameters, results, index, operands);
  }

  returnCall(callee: IrFunctionRef, ...operands: IrValue[]): void {
    this.recordCall(RETURN_CALL, callee, operands);
    this.close();
  }

  returnCallIndirect(
    parameters: readonly IrType[],
    results: readonly IrType[],
    index: IrValue,
    ...operands: IrValue[]
  ): void {
    this.recordIndirect(RETURN_CALL_INDIRECT, parameters, results, index, operands);
    this.close();
  }

  private recordCall(kind: number, callee: IrFunctionRef, operands: readonly IrValue[]): IrValue | undefined {
    const handle = functionHandle(callee);
    const start = this.poolOperands(handle.parameters, operands, handle.name);
    const index = this.graph.callees.push(handle) - 1;
    const type = this.resultType(kind, RETURN_CALL, handle.results);
    const id = this.record(kind, type, 0, -1, start, operands.length, index);
    return type === NONE ? undefined : this.value(id);
  }

  private recordIndirect(
    kind: number,
    parameters: readonly IrType[],
    results: readonly IrType[],
    index: IrValue,
    operands: readonly IrValue[],
  ): IrValue | undefined {
    const start = this.poolOperands(parameters, operands, 'call_indirect');
    const target = this.idOf(index, I32, 'call_indirect');
    const signature = this.graph.signatures.push({ parameters, results }) - 1;
    const type = this.resultType(kind, RETURN_CALL_INDIRECT, results);
    const id = this.record(kind, type, 0, target, start, operands.length, signature);
    return type === NONE ? undefined : this.value(id);
  }

  private resultType(kind: number, tailKind: number, results: readonly IrType[]): number {
    if (results.length > 1) this.fail('calls with several results are not supported');
    if (kind === tailKind) {
      if (results.join() !== this.graph.results.join()) this.fail('a tail call returns something else');
      return NONE;
    }
    return results[0] === undefined ? NONE : typeCode(results[0]);
  }

  private poolOperands(types: readonly IrType[], operands: readonly IrValue[], name: string): number {
    if (operands.length !== types.length) this.fail(`call of ${name} takes ${types.length} operands`);
    const start = this.graph.pool.length;
    for (let i = 0; i < types.length; i++)
      this.graph.pool.push(this.idOf(operands[i]!, typeCode(types[i]!), name));
    return start;
  }

  block(): IrBlock {
    return { index: this.graph.addBlock() } as unknown as IrBlock;
  }

  enter(block: IrBlock): void {
    const { index } = blockHandle(block);
    if (this.current >= 0) this.fail('the current block has no terminator');
    if (this.graph.blockStart[index] !== -1)
      this.fail(`block ${index} entered twice, or of another function`);
    this.graph.blockStart[index] = this.graph.count;
    this.current = index;
  }

  jump(to: IrBlock, isKept = false): void {
    this.record(JUMP, NONE, 0, -1, blockHandle(to).index, -1, isKept ? 1 : 0);
    this.close();
  }

  branch(condition: IrValue, ifTrue: IrBlock, ifFalse: IrBlock, likely?: boolean): void {
    const { graph } = this;
    let id = this.idOf(condition, I32, 'branch');
    let hint = likely === undefined ? 0 : likely ? 1 : 2;
    if (this.fold) {
      id = conditionOf(this, id);
      if (graph.kind[id] === CONSTANT || ifTrue === ifFalse) {
        this.jump(graph.a[id] !== 0 ? ifTrue : ifFalse);
        return;
      }
      const negated = negatedCondition(this, id);
      if (negated >= 0) {
        hint = hint === 0 ? 0 : 3 - hint;
        this.record(BRANCH, NONE, 0, negated, blockHandle(ifFalse).index, blockHandle(ifTrue).index, hint);
        this.close();
        return;
      }
    }
    this.record(BRANCH, NONE, 0, id, blockHandle(ifTrue).index, blockHandle(ifFalse).index, hint);
    this.close();
  }

  switch(index: IrValue, targets: readonly IrBlock[], otherwise: IrBlock): void {
    const { graph } = this;
    const id = this.idOf(index, I32, 'switch');
    if (this.fold && (graph.kind[id] === CONSTANT || targets.length === 0)) {
      this.jump((graph.kind[id] === CONSTANT ? targets[graph.a[id]! >>> 0] : undefined) ?? otherwise);
      return;
    }
    const start = graph.pool.length;
    for (const target of targets) graph.pool.push(blockHandle(target).index);
    graph.pool.push(blockHandle(otherwise).index);
    this.record(SWITCH, NONE, 0, id, start, targets.length + 1, 0);
    this.close();
  }

  return(value?: IrValue): void {
    const { results } = this.graph;
    if ((value === undefined) !== (results.length === 0)) this.fail('return does not fit the results');
    const id = value === undefined ? -1 : this.idOf(value, typeCode(results[0]!), 'return');
    this.record(RETURN, NONE, 0, id, -1, -1, 0);
    this.close();
  }

  unreachable(): void {
    this.record(UNREACHABLE, NONE, 0, -1, -1, -1, 0);
    this.close();
  }

  private close(): void {
    this.graph.blockEnd[this.current] = this.graph.count;
    this.current = -1;
  }

  private record(kind: number, type: number, op: number, a: number, b: number, c: number, d: number): number {
    if (this.current < 0 && kind > CONSTANT) this.fail('no open block');
    const id = this.graph.append(kind, type, op, a, b, c, d);
    if (id >= this.significant.length) {
      const grown = new Uint8Array(this.significant.length * 2);
      grown.set(this.significant);
      this.significant = grown;
    }
    if (type === I32 || type === I64)
      this.significant[id] = significantBitsOf(this.graph, this.significant, id);
    return id;
  }

  private value(id: number): IrValue {
    let handle = this.handles[id];
    if (handle === undefined) {
      handle = { id, type: TYPE_NAMES[this.graph.type[id]!] as IrType };
      const { handles } = this;
      for (let length = handles.length; length < id; length++) handles.push(undefined);
      if (handles.length === id) handles.push(handle);
      else handles[id] = handle;
    }
    return handle as unknown as IrValue;
  }

  private idOf(value: IrValue, type: number, user: string): number {
    const { id } = valueHandle(value);
    if (this.handles[id] !== (value as unknown as ValueHandle))
      this.fail(`${user}: value of another function`);
    if (this.graph.type[id] !== type) this.fail(`${user}: ${value.type} where ${TYPE_NAMES[type]} is needed`);
    return id;
  }

  fail(message: string): never {
    throw new IrBuildError(`${this.graph.name}: ${message}`);
  }
}

function memoryFamily(opcode: Opcode): 'load' | 'store' | 'atomic' {
  if (opcode.id >= 0x300) return 'atomic';
  return opcode.result === NONE ? 'store' : 'load';
}
