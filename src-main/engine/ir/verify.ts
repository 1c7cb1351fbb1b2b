// Checks that a graph is well formed: every reachable block entered and ended, every value computed before it is
// used on every path, operand types right. Folding and lowering rely on it.

import { I32, OPCODES, TYPE_NAMES } from '../wasm/opcodes.table.ts';
import {
  analyseControlFlow,
  appendSuccessors,
  type ControlFlow,
  dominates,
  dominators,
} from './control-flow.ts';
import {
  ATOMIC,
  BRANCH,
  CALL,
  CALL_INDIRECT,
  CONSTANT,
  COPY,
  FILL,
  type FunctionGraph,
  KIND_NAMES,
  LOAD,
  NUMERIC,
  RETURN,
  RETURN_CALL,
  RETURN_CALL_INDIRECT,
  SELECT,
  SET,
  STORE,
  SWITCH,
  TERMINATOR_FIRST,
  typeCode,
} from './graph.ts';

/** The graph of a function is not well formed; says where. */
export class IrVerifyError extends Error {}

/** Every block that control can reach has been entered and ended. Cheap: runs before each lowering. */
export function verifyBlocks(graph: FunctionGraph): void {
  const seen = new Uint8Array(graph.blockStart.length);
  const pending = [0];
  seen[0] = 1;
  const targets: number[] = [];
  while (pending.length > 0) {
    const block = pending.pop()!;
    if (graph.blockStart[block]! < 0)
      throw new IrVerifyError(`${graph.name}: block ${block} is a target, never entered`);
    if (graph.blockEnd[block]! < 0)
      throw new IrVerifyError(`${graph.name}: block ${block} has no terminator`);
    targets.length = 0;
    appendSuccessors(graph, block, targets);
    for (const target of targets) {
      if (target >= seen.length)
        throw new IrVerifyError(`${graph.name}: block ${block} leads to a foreign block`);
      if (seen[target] === 1) continue;
      seen[target] = 1;
      pending.push(target);
    }
  }
}

/** Expected operand types of an instruction, as codes; 0: any. */
function operandTypes(graph: FunctionGraph, id: number): readonly number[] {
  const kind = graph.kind[id]!;
  switch (kind) {
    case NUMERIC:
    case LOAD:
    case STORE:
    case ATOMIC:
      return OPCODES[graph.op[id]!]!.operands;
    case SELECT:
      return [graph.type[id]!, graph.type[id]!, I32];
    case SET:
      return [graph.variables[graph.d[id]!]!];
    case COPY:
    case FILL:
      return [I32, I32, I32];
    case BRANCH:
    case SWITCH:
      return [I32];
    case RETURN:
      return graph.results.map(typeCode);
    case CALL:
    case RETURN_CALL:
      return graph.callees[graph.d[id]!]!.parameters.map(typeCode);
    case CALL_INDIRECT:
    case RETURN_CALL_INDIRECT:
      return [...graph.signatures[graph.d[id]!]!.parameters.map(typeCode), I32];
    default:
      return [];
  }
}

class Verifier {
  private readonly graph: FunctionGraph;
  private readonly flow: ControlFlow;
  private readonly idom: Int32Array;
  private readonly nodeOfInstruction: Int32Array;

  constructor(graph: FunctionGraph) {
    this.graph = graph;
    this.flow = analyseControlFlow(graph);
    this.idom = dominators(this.flow);
    this.nodeOfInstruction = new Int32Array(graph.count).fill(-1);
    this.flow.order.forEach((block, node) => {
      this.nodeOfInstruction.fill(node, graph.blockStart[block]!, graph.blockEnd[block]!);
    });
  }

  run(): void {
    const { graph, flow } = this;
    if (flow.predecessorStart[1] !== 0) this.fail(graph.terminator(0), 'the first block is a target');
    for (let node = 0; node < flow.order.length; node++) {
      const block = flow.order[node]!;
      const last = graph.terminator(block);
      for (let id = graph.blockStart[block]!; id <= last; id++) {
        const isTerminator = graph.kind[id]! >= TERMINATOR_FIRST;
        if (isTerminator !== (id === last)) this.fail(id, 'terminator in the wrong place');
        this.operands(id);
      }
    }
  }

  private operands(id: number): void {
    const { graph } = this;
    const types = operandTypes(graph, id);
    const count = graph.operandCount(id);
    if (types.length !== count) this.fail(id, `${count} operands where ${types.length} belong`);
    for (let index = 0; index < count; index++) {
      const operand = graph.operand(id, index);
      if (graph.type[operand] !== types[index]) {
        this.fail(
          id,
          `operand ${index} is ${TYPE_NAMES[graph.type[operand]!]}, not ${TYPE_NAMES[types[index]!]}`,
        );
      }
      if (!this.isComputedBefore(operand, id))
        this.fail(id, `operand ${index} is not computed on every path`);
    }
  }

  private isComputedBefore(operand: number, user: number): boolean {
    if (this.graph.kind[operand]! <= CONSTANT) return true;
    const from = this.nodeOfInstruction[operand]!;
    const to = this.nodeOfInstruction[user]!;
    if (from === to) return operand < user;
    return from >= 0 && dominates(this.idom, from, to);
  }

  private fail(id: number, message: string): never {
    const { graph } = this;
    throw new IrVerifyError(`${graph.name}: instruction ${id} (${KIND_NAMES[graph.kind[id]!]}): ${message}`);
  }
}

/** Throws `IrVerifyError`. */
export function verify(graph: FunctionGraph): void {
  verifyBlocks(graph);
  new Verifier(graph).run();
}
