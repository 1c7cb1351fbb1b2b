// Text form of a function graph, for golden tests and for people. Constants stand where they are used.

import { OPCODES, TYPE_NAMES } from '../wasm/opcodes.table.ts';
import { appendSuccessors } from './control-flow.ts';
import {
  ATOMIC,
  BRANCH,
  CALL,
  CONSTANT,
  type FunctionGraph,
  GET,
  KIND_NAMES,
  LOAD,
  NUMERIC,
  PARAMETER,
  RETURN_CALL,
  SET,
  STORE,
  TERMINATOR_FIRST,
} from './graph.ts';

const HINTS = ['', ' likely', ' unlikely'];

function operandText(graph: FunctionGraph, id: number): string {
  if (graph.kind[id] === PARAMETER) return `p${graph.d[id]}`;
  return graph.kind[id] === CONSTANT ? constantText(graph, id) : `v${id}`;
}

function constantText(graph: FunctionGraph, id: number): string {
  const view = new DataView(new ArrayBuffer(16));
  [graph.a, graph.b, graph.c, graph.d].forEach((words, index) => {
    view.setInt32(index * 4, words[id]!, true);
  });
  switch (TYPE_NAMES[graph.type[id]!]) {
    case 'i32':
      return `${view.getInt32(0, true)}`;
    case 'i64':
      return `${view.getBigInt64(0, true)}n`;
    case 'f32':
      return `${view.getFloat32(0, true)}f`;
    case 'f64':
      return `${view.getFloat64(0, true)}d`;
    default:
      return `<${Array.from(new Uint8Array(view.buffer)).join(' ')}>`;
  }
}

/** What stands before the operands: opcode, callee or kind. */
function headText(graph: FunctionGraph, id: number): string {
  const kind = graph.kind[id]!;
  const opcode = OPCODES[graph.op[id]!];
  if (kind === LOAD || kind === STORE || kind === ATOMIC) return `${opcode!.name}+${graph.d[id]! >>> 0}`;
  if (kind === CALL || kind === RETURN_CALL)
    return `${KIND_NAMES[kind]} ${graph.callees[graph.d[id]!]!.name}`;
  if (kind !== NUMERIC)
    return kind === GET || kind === SET ? `${KIND_NAMES[kind]} x${graph.d[id]}` : KIND_NAMES[kind]!;
  if (opcode!.immediate === 'lane') return `${opcode!.name} ${graph.d[id]}`;
  return opcode!.immediate === 'shuffle'
    ? `${opcode!.name} ${graph.shuffles[graph.d[id]!]!.join(' ')}`
    : opcode!.name;
}

function instructionText(graph: FunctionGraph, block: number, id: number): string {
  const operands = Array.from({ length: graph.operandCount(id) }, (_, i) =>
    operandText(graph, graph.operand(id, i)),
  );
  const text = [headText(graph, id), operands.join(', ')].filter((part) => part !== '').join(' ');
  if (graph.kind[id]! < TERMINATOR_FIRST) return graph.hasResult(id) ? `v${id} = ${text}` : text;
  const targets: number[] = [];
  appendSuccessors(graph, block, targets);
  const hint = graph.kind[id] === BRANCH ? HINTS[graph.d[id]!] : '';
  return text + targets.map((target) => ` b${target}`).join('') + hint;
}

export function print(graph: FunctionGraph): string {
  const lines = [`${graph.name} (${graph.parameters.join(' ')}) -> ${graph.results.join(' ') || 'nothing'}`];
  graph.blockStart.forEach((start, block) => {
    if (start < 0) return;
    lines.push(`b${block}:`);
    for (let id = start; id < graph.blockEnd[block]!; id++) {
      if (graph.kind[id]! > CONSTANT) lines.push(`  ${instructionText(graph, block, id)}`);
    }
  });
  return lines.join('\n');
}
