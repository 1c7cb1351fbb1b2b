// Executes a function graph directly, one instruction at a time. Slow and plain: the oracle that folding,
// liveness and lowering are tested against, so it shares no code with them.
// Reference: WebAssembly core specification 2.0, chapter 4.

import { OPCODES, type Opcode, TYPE_NAMES } from '../wasm/opcodes.table.ts';
import { EvaluationTrap, type RawValue, rawOf, scalarOperation, unsignedOf } from './evaluate-scalar.ts';
import { vectorOperation } from './evaluate-vector.ts';
import {
  ATOMIC,
  BRANCH,
  CALL,
  CALL_INDIRECT,
  CONSTANT,
  COPY,
  FILL,
  type FunctionGraph,
  type FunctionHandle,
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
  type Signature,
  STORE,
  SWITCH,
} from './graph.ts';

export { EvaluationTrap, type RawValue } from './evaluate-scalar.ts';

export interface Environment {
  readonly memory: Uint8Array;
  call(callee: FunctionHandle, operands: readonly RawValue[]): RawValue | undefined;
  callIndirect(index: number, signature: Signature, operands: readonly RawValue[]): RawValue | undefined;
  /** Blocks that may be executed; more is an error (not a trap). */
  readonly maxBlocks?: number;
}

/** Zero of a type. */
export function zeroOf(type: string): RawValue {
  return type === 'v128' ? new Uint8Array(16) : type.endsWith('64') ? 0n : 0;
}

/** It may go on for ever. */
export class TooManyBlocks extends Error {
  constructor(name: string) {
    super(`${name}: too many blocks executed`);
  }
}

class Execution {
  private readonly graph: FunctionGraph;
  private readonly environment: Environment;
  private readonly operands: readonly RawValue[];
  private readonly values: (RawValue | undefined)[];
  private readonly variables: RawValue[];

  constructor(graph: FunctionGraph, operands: readonly RawValue[], environment: Environment) {
    this.graph = graph;
    this.environment = environment;
    this.operands = operands;
    this.values = new Array<RawValue | undefined>(graph.count);
    this.variables = graph.variables.map((type) => zeroOf(TYPE_NAMES[type]!));
  }

  run(): RawValue | undefined {
    const { graph } = this;
    let block = 0;
    for (let left = this.environment.maxBlocks ?? 1_000_000; left > 0; left--) {
      const last = graph.terminator(block);
      for (let id = graph.blockStart[block]!; id < last; id++) this.values[id] = this.instruction(id);
      switch (graph.kind[last]) {
        case JUMP:
          block = graph.b[last]!;
          break;
        case BRANCH:
          block = this.value(graph.a[last]!) !== 0 ? graph.b[last]! : graph.c[last]!;
          break;
        case SWITCH: {
          const index = Math.min(this.unsigned(graph.a[last]!), graph.c[last]! - 1);
          block = graph.pool[graph.b[last]! + index]!;
          break;
        }
        case RETURN:
          return graph.a[last]! < 0 ? undefined : this.value(graph.a[last]!);
        case RETURN_CALL:
          return this.environment.call(graph.callees[graph.d[last]!]!, this.pooled(last));
        case RETURN_CALL_INDIRECT:
          return this.indirect(last);
        default:
          throw new EvaluationTrap('unreachable');
      }
    }
    throw new TooManyBlocks(graph.name);
  }

  private value(id: number): RawValue {
    const { graph } = this;
    if (graph.kind[id] === PARAMETER) return this.operands[graph.d[id]!]!;
    if (graph.kind[id] === CONSTANT) return this.constant(id);
    const value = this.values[id];
    if (value === undefined) throw new Error(`${graph.name}: value ${id} is used before it is computed`);
    return value;
  }

  private constant(id: number): RawValue {
    const { graph } = this;
    const words = Int32Array.of(graph.a[id]!, graph.b[id]!, graph.c[id]!, graph.d[id]!);
    const type = TYPE_NAMES[graph.type[id]!]!;
    if (type === 'v128') return new Uint8Array(words.buffer);
    return type.endsWith('64') ? (new BigInt64Array(words.buffer)[0] ?? 0n) : (words[0] ?? 0);
  }

  private unsigned(id: number): number {
    return Number(unsignedOf(this.value(id)));
  }

  private pooled(id: number): RawValue[] {
    const { graph } = this;
    return graph.pool.slice(graph.b[id]!, graph.b[id]! + graph.c[id]!).map((operand) => this.value(operand));
  }

  private indirect(id: number): RawValue | undefined {
    const { graph } = this;
    return this.environment.callIndirect(
      this.unsigned(graph.a[id]!),
      graph.signatures[graph.d[id]!]!,
      this.pooled(id),
    );
  }

  private instruction(id: number): RawValue | undefined {
    const { graph } = this;
    const opcode = OPCODES[graph.op[id]!];
    switch (graph.kind[id]) {
      case NUMERIC:
        return this.numeric(id, opcode!);
      case SELECT:
        return this.value(graph.c[id]!) !== 0 ? this.value(graph.a[id]!) : this.value(graph.b[id]!);
      case GET:
        return this.variables[graph.d[id]!];
      case SET:
        this.variables[graph.d[id]!] = this.value(graph.a[id]!);
        return undefined;
      case LOAD:
        return this.load(opcode!, this.bytes(id, opcode!.size));
      case STORE:
        this.bytes(id, opcode!.size).set(this.stored(graph.b[id]!, opcode!.size));
        return undefined;
      case ATOMIC:
        return this.atomic(id, opcode!);
      case COPY:
        this.range(graph.a[id]!, graph.c[id]!).set(this.range(graph.b[id]!, graph.c[id]!).slice());
        return undefined;
      case FILL:
        this.range(graph.a[id]!, graph.c[id]!).fill(this.unsigned(graph.b[id]!) & 0xff);
        return undefined;
      case CALL:
        return this.environment.call(graph.callees[graph.d[id]!]!, this.pooled(id));
      case CALL_INDIRECT:
        return this.indirect(id);
      default:
        return undefined;
    }
  }

  private numeric(id: number, opcode: Opcode): RawValue {
    const { graph } = this;
    const operands = opcode.operands.map((_, index) => this.value(graph.operand(id, index)));
    const scalar = scalarOperation(opcode.name);
    if (scalar === undefined) {
      const immediates = opcode.immediate === 'shuffle' ? graph.shuffles[graph.d[id]!]! : [graph.d[id]!];
      return vectorOperation(opcode.name, immediates, operands);
    }
    return rawOf(scalar(...operands.map(unsignedOf)), TYPE_NAMES[opcode.result] as 'i32');
  }

  /** The accessed part of memory. */
  private bytes(id: number, size: number): Uint8Array {
    return this.slice(this.unsigned(this.graph.a[id]!) + (this.graph.d[id]! >>> 0), size);
  }

  private range(address: number, length: number): Uint8Array {
    return this.slice(this.unsigned(address), this.unsigned(length));
  }

  private slice(address: number, size: number): Uint8Array {
    const { memory } = this.environment;
    if (address + size > memory.length) throw new EvaluationTrap('out of bounds memory access');
    return memory.subarray(address, address + size);
  }

  private stored(id: number, size: number): Uint8Array {
    const value = this.value(id);
    if (value instanceof Uint8Array) return value;
    const bits = unsignedOf(value);
    return Uint8Array.from({ length: size }, (_, index) => Number((bits >> BigInt(index * 8)) & 0xffn));
  }

  private load(opcode: Opcode, bytes: Uint8Array): RawValue {
    if (opcode.name.startsWith('v128')) return loadedVector(opcode.name.slice('v128.load'.length), bytes);
    return loadedScalar(opcode, bytes);
  }

  private atomic(id: number, opcode: Opcode): RawValue | undefined {
    const { graph } = this;
    const bytes = this.bytes(id, opcode.size);
    if ((this.unsigned(graph.a[id]!) + (graph.d[id]! >>> 0)) % opcode.size !== 0) {
      throw new EvaluationTrap('unaligned atomic');
    }
    const operation = /\.(load|store|add|sub|and|or|xor|xchg|cmpxchg)\d*(_u)?$/.exec(opcode.name)?.[1];
    if (operation === undefined) throw new Error(`${opcode.name} cannot be evaluated`);
    if (operation === 'store') {
      bytes.set(this.stored(graph.b[id]!, opcode.size));
      return undefined;
    }
    const old = loadedScalar(opcode, bytes);
    if (operation === 'load') return old;
    const before = unsignedOf(old);
    const operand = unsignedOf(this.value(graph.b[id]!));
    const replacement = graph.c[id]! >= 0 ? unsignedOf(this.value(graph.c[id]!)) : 0n;
    const after: Record<string, bigint> = {
      add: before + operand,
      sub: before - operand,
      and: before & operand,
      or: before | operand,
      xor: before ^ operand,
      xchg: operand,
      cmpxchg: before === BigInt.asUintN(opcode.size * 8, operand) ? replacement : before,
    };
    for (let index = 0; index < bytes.length; index++) {
      bytes[index] = Number((after[operation]! >> BigInt(index * 8)) & 0xffn);
    }
    return old;
  }
}

function integerOf(bytes: Uint8Array, isSigned: boolean): bigint {
  const bits = bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  return isSigned ? BigInt.asIntN(bytes.length * 8, bits) : bits;
}

function loadedScalar(opcode: Opcode, bytes: Uint8Array): RawValue {
  return rawOf(integerOf(bytes, opcode.name.endsWith('_s')), TYPE_NAMES[opcode.result] as 'i32');
}

/** `form`: what follows "v128.load". */
function loadedVector(form: string, bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(16);
  if (form.endsWith('_splat')) {
    for (let at = 0; at < 16; at += bytes.length) result.set(bytes, at);
    return result;
  }
  const extended = /^(\d+)x\d_([su])$/.exec(form);
  if (extended === null) {
    result.set(bytes);
    return result;
  }
  const size = Number(extended[1]) / 8;
  for (let at = 0; at < 8; at += size) {
    const lane = integerOf(bytes.subarray(at, at + size), extended[2] === 's');
    for (let byte = 0; byte < size * 2; byte++)
      result[at * 2 + byte] = Number((lane >> BigInt(byte * 8)) & 0xffn);
  }
  return result;
}

/** Runs one function; calls go to the environment. Throws `EvaluationTrap` where WebAssembly would trap. */
export function evaluate(
  graph: FunctionGraph,
  operands: readonly RawValue[],
  environment: Environment,
): RawValue | undefined {
  return new Execution(graph, operands, environment).run();
}
