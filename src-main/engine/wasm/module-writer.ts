// Writes a WebAssembly module section by section. Function bodies arrive as bytes (the lowering makes them);
// this file knows nothing of instructions.
// Reference: WebAssembly core specification 2.0, section 5.5; branch hinting proposal (metadata.code.branch_hint).

import { ByteWriter } from './byte-writer.ts';

export interface Limits {
  readonly initial: number;
  readonly maximum?: number;
}

export interface MemoryLimits extends Limits {
  readonly shared?: boolean;
}

const SECTION_TYPE = 1;
const SECTION_IMPORT = 2;
const SECTION_FUNCTION = 3;
const SECTION_TABLE = 4;
const SECTION_EXPORT = 7;
const SECTION_ELEMENT = 9;
const SECTION_CODE = 10;
const SECTION_CUSTOM = 0;

const KIND_FUNCTION = 0;
const KIND_TABLE = 1;
const KIND_MEMORY = 2;

const FUNCREF = 0x70;
const FUNCTION_TYPE = 0x60;

/**
 * Of a function: compiled with its module (2), from the beginning by the optimising compiler (2 << 2), and by no other
 * later (2 << 4). What an engine does not know of such hints it leaves.
 * Reference: WebAssembly compilation hints proposal; V8, WasmCompilationHint.
 */
const OPTIMIZED_AT_ONCE = 2 | (2 << 2) | (2 << 4);

/** Section payloads while they grow; `finish` puts them in order. */
export class ModuleWriter {
  /** Hints that all functions are to be optimised when the module is compiled, and not only once they have run for a while. */
  isOptimizedAtOnce = false;
  private readonly types = new ByteWriter();
  private readonly typeIndices = new Map<string, number>();
  private readonly imports = new ByteWriter();
  private importCount = 0;
  private importedFunctions = 0;
  private readonly functions = new ByteWriter();
  private functionCount = 0;
  private readonly tables = new ByteWriter(16);
  private tableCount = 0;
  private importedTables = 0;
  private readonly exports = new ByteWriter();
  private exportCount = 0;
  private readonly elements = new ByteWriter();
  private elementCount = 0;
  private readonly code = new ByteWriter(4096);
  private readonly hints = new ByteWriter();
  private hintedFunctions = 0;
  private readonly names = new ByteWriter();
  private nameCount = 0;

  /** Index of a function type; parameters and results as type codes of the opcode table. */
  type(parameters: readonly number[], results: readonly number[]): number {
    const key = `${parameters.join()}:${results.join()}`;
    const known = this.typeIndices.get(key);
    if (known !== undefined) return known;
    const index = this.typeIndices.size;
    this.typeIndices.set(key, index);
    this.types.byte(FUNCTION_TYPE);
    for (const list of [parameters, results]) {
      this.types.u32(list.length);
      for (const code of list) this.types.byte(0x80 - code);
    }
    return index;
  }

  /** All imported functions come before the first defined one. */
  importFunction(module: string, name: string, type: number): number {
    if (this.functionCount > 0) throw new Error(`function import ${name} after a definition`);
    this.importName(module, name, KIND_FUNCTION);
    this.imports.u32(type);
    return this.importedFunctions++;
  }

  importMemory(module: string, name: string, limits: MemoryLimits): void {
    this.importName(module, name, KIND_MEMORY);
    writeLimits(this.imports, limits, limits.shared === true);
  }

  importTable(module: string, name: string, limits: Limits): number {
    if (this.tableCount > 0) throw new Error(`table import ${name} after a definition`);
    this.importName(module, name, KIND_TABLE);
    this.imports.byte(FUNCREF);
    writeLimits(this.imports, limits, false);
    return this.importedTables++;
  }

  defineTable(limits: Limits): number {
    this.tables.byte(FUNCREF);
    writeLimits(this.tables, limits, false);
    return this.importedTables + this.tableCount++;
  }

  private importName(module: string, name: string, kind: number): void {
    this.imports.name(module);
    this.imports.name(name);
    this.imports.byte(kind);
    this.importCount++;
  }

  /** Declares the next function; bodies follow in the same order. */
  defineFunction(type: number): number {
    this.functions.u32(type);
    return this.importedFunctions + this.functionCount++;
  }

  exportFunction(name: string, index: number): void {
    this.exports.name(name);
    this.exports.byte(KIND_FUNCTION);
    this.exports.u32(index);
    this.exportCount++;
  }

  exportTable(name: string, index: number): void {
    this.exports.name(name);
    this.exports.byte(KIND_TABLE);
    this.exports.u32(index);
    this.exportCount++;
  }

  /** An active element segment of table 0. */
  element(offset: number, functions: readonly number[]): void {
    this.elements.byte(0);
    this.elements.byte(0x41);
    this.elements.s32(offset);
    this.elements.byte(0x0b);
    this.elements.u32(functions.length);
    for (const index of functions) this.elements.u32(index);
    this.elementCount++;
  }

  /** `source[0..length)` is the body: local declarations, instructions, end. */
  body(source: Uint8Array, length: number): void {
    this.code.u32(length);
    this.code.append(source, 0, length);
  }

  /** `pairs`: offset of the branch in the body, 1 if it is likely taken, and so on. */
  branchHints(functionIndex: number, pairs: readonly number[]): void {
    if (pairs.length === 0) return;
    this.hints.u32(functionIndex);
    this.hints.u32(pairs.length / 2);
    for (let i = 0; i < pairs.length; i += 2) {
      this.hints.u32(pairs[i] ?? 0);
      this.hints.byte(1);
      this.hints.byte(pairs[i + 1] ?? 0);
    }
    this.hintedFunctions++;
  }

  /** Names are to be given in ascending order of function index. */
  functionName(index: number, name: string): void {
    this.names.u32(index);
    this.names.name(name);
    this.nameCount++;
  }

  finish(): Uint8Array {
    const out = new ByteWriter(this.code.length + this.imports.length + this.elements.length + 1024);
    out.fixed32(0x6d736100);
    out.fixed32(1);
    section(out, SECTION_TYPE, this.typeIndices.size, this.types);
    section(out, SECTION_IMPORT, this.importCount, this.imports);
    section(out, SECTION_FUNCTION, this.functionCount, this.functions);
    section(out, SECTION_TABLE, this.tableCount, this.tables);
    section(out, SECTION_EXPORT, this.exportCount, this.exports);
    section(out, SECTION_ELEMENT, this.elementCount, this.elements);
    if (this.isOptimizedAtOnce) customSection(out, 'compilationHints', this.functionCount, repeated(OPTIMIZED_AT_ONCE, this.functionCount));
    customSection(out, 'metadata.code.branch_hint', this.hintedFunctions, this.hints);
    section(out, SECTION_CODE, this.functionCount, this.code);
    if (this.nameCount > 0) {
      const payload = new ByteWriter(this.names.length + 16);
      payload.name('name');
      payload.byte(1);
      const map = new ByteWriter(this.names.length + 8);
      map.u32(this.nameCount);
      map.append(this.names.bytes, 0, this.names.length);
      payload.u32(map.length);
      payload.append(map.bytes, 0, map.length);
      out.byte(SECTION_CUSTOM);
      out.u32(payload.length);
      out.append(payload.bytes, 0, payload.length);
    }
    return out.toBytes();
  }
}

function writeLimits(out: ByteWriter, limits: Limits, shared: boolean): void {
  if (shared && limits.maximum === undefined) throw new Error('a shared memory needs a maximum');
  out.byte((limits.maximum === undefined ? 0 : 1) | (shared ? 2 : 0));
  out.u32(limits.initial);
  if (limits.maximum !== undefined) out.u32(limits.maximum);
}

function section(out: ByteWriter, id: number, count: number, payload: ByteWriter): void {
  if (count === 0) return;
  out.byte(id);
  out.u32(bytesOfU32(count) + payload.length);
  out.u32(count);
  out.append(payload.bytes, 0, payload.length);
}

function repeated(byte: number, count: number): ByteWriter {
  const bytes = new ByteWriter(count);
  for (let i = 0; i < count; i++) bytes.byte(byte);
  return bytes;
}

/** How many bytes a number takes. */
function bytesOfU32(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

function customSection(out: ByteWriter, name: string, count: number, payload: ByteWriter): void {
  if (count === 0) return;
  const head = new ByteWriter(40);
  head.name(name);
  head.u32(count);
  out.byte(SECTION_CUSTOM);
  out.u32(head.length + payload.length);
  out.append(head.bytes, 0, head.length);
  out.append(payload.bytes, 0, payload.length);
}
