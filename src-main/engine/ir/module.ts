// Collects functions built with the IR into one WebAssembly module.

import { ByteWriter } from '../wasm/byte-writer.ts';
import { type Limits, type MemoryLimits, ModuleWriter } from '../wasm/module-writer.ts';
import { type BuilderOptions, GraphBuilder, IrBuildError } from './builder.ts';
import {
  type FunctionGraph,
  type FunctionHandle,
  functionHandle,
  type Signature,
  typeCode,
} from './graph.ts';
import { lowerFunction } from './lower.ts';
import type { IrFunctionRef, IrType } from './types.ts';

export interface DefineOptions extends BuilderOptions {
  readonly export?: string;
}

export interface DefinedFunction {
  readonly ref: IrFunctionRef;
  readonly builder: GraphBuilder;
}

export interface BuildOptions {
  /** Adds function names, for stack traces and profiles. */
  readonly names?: boolean;
  /** Hints that functions are to be optimised at once. */
  readonly optimized?: boolean;
}

/** The body that is being written. */
const BODY = new ByteWriter(0x4000);

class Module {
  private readonly functions: FunctionHandle[] = [];
  /** Index in the module, by handle index; imports come first. */
  private readonly indices: number[] = [];
  private importCount = 0;
  private readonly imports: ((writer: ModuleWriter) => void)[] = [];
  private readonly graphs = new Map<FunctionHandle, FunctionGraph>();
  private readonly definitions: FunctionHandle[] = [];
  private readonly exports: { name: string; handle: FunctionHandle }[] = [];
  private readonly segments: { offset: number; refs: readonly FunctionHandle[] }[] = [];
  private tables = 0;
  /** Sizes of the functions' bodies when the module was last built, in the order in which they were defined. */
  bodyBytes: readonly number[] = [];

  importFunction(
    module: string,
    name: string,
    parameters: readonly IrType[],
    results: readonly IrType[],
  ): IrFunctionRef {
    const handle = this.newHandle(name, parameters, results);
    this.indices[handle.index] = this.importCount++;
    this.imports.push((writer) => writer.importFunction(module, name, writeType(writer, handle)));
    return handle as unknown as IrFunctionRef;
  }

  importMemory(module: string, name: string, limits: MemoryLimits): void {
    this.imports.push((writer) => writer.importMemory(module, name, limits));
  }

  /** Table 0, which `callIndirect` uses. */
  importTable(module: string, name: string, limits: Limits): void {
    this.tables++;
    this.imports.push((writer) => {
      writer.importTable(module, name, limits);
    });
  }

  /** A table of the module's own, if none is imported. */
  defineTable(limits: Limits): void {
    if (this.tables++ > 0) throw new IrBuildError('a module has one table');
    this.imports.push((writer) => {
      writer.defineTable(limits);
    });
  }

  private newHandle(name: string, parameters: readonly IrType[], results: readonly IrType[]): FunctionHandle {
    const handle: FunctionHandle = { index: this.functions.length, name, parameters, results };
    this.functions.push(handle);
    return handle;
  }

  defineFunction(
    name: string,
    parameters: readonly IrType[],
    results: readonly IrType[],
    options: DefineOptions = {},
  ): DefinedFunction {
    const handle = this.newHandle(name, parameters, results);
    const builder = new GraphBuilder(name, parameters, results, options);
    this.graphs.set(handle, builder.graph);
    this.definitions.push(handle);
    const ref = handle as unknown as IrFunctionRef;
    if (options.export !== undefined) this.exportFunction(options.export, ref);
    return { ref, builder };
  }

  /** Takes back the function that was defined last: what was to stand in it could not be built. */
  withdraw(ref: IrFunctionRef): void {
    const handle = functionHandle(ref);
    if (this.definitions.at(-1) !== handle) throw new IrBuildError(`${handle.name}: not the function defined last`);
    this.definitions.pop();
    this.graphs.delete(handle);
    if (this.exports.at(-1)?.handle === handle) this.exports.pop();
  }

  exportFunction(name: string, ref: IrFunctionRef): void {
    this.exports.push({ name, handle: functionHandle(ref) });
  }

  /** Functions that stand in table 0 from `tableOffset` on. */
  elements(tableOffset: number, refs: readonly IrFunctionRef[]): void {
    this.segments.push({ offset: tableOffset, refs: refs.map(functionHandle) });
  }

  /** The graph of a defined function, for evaluator, printer and tests. */
  graphOf(ref: IrFunctionRef): FunctionGraph | undefined {
    return this.graphs.get(functionHandle(ref));
  }

  /** The graphs behind the exports, by name. */
  get exportedGraphs(): ReadonlyMap<string, FunctionGraph> {
    return new Map(this.exports.map(({ name, handle }) => [name, this.graphs.get(handle)!]));
  }

  build(options: BuildOptions = {}): Uint8Array {
    const writer = new ModuleWriter();
    writer.isOptimizedAtOnce = options.optimized === true;
    for (const add of this.imports) add(writer);
    this.definitions.forEach((handle, order) => {
      this.indices[handle.index] = this.importCount + order;
      writer.defineFunction(writeType(writer, handle));
    });
    this.writeBodies(writer);
    for (const { name, handle } of this.exports) writer.exportFunction(name, this.indexOf(handle));
    for (const { offset, refs } of this.segments) {
      writer.element(
        offset,
        refs.map((handle) => this.indexOf(handle)),
      );
    }
    if (options.names === true)
      for (const handle of this.definitions) writer.functionName(this.indexOf(handle), handle.name);
    return writer.finish();
  }

  private writeBodies(writer: ModuleWriter): void {
    const scratch = BODY;
    const indices = {
      functionIndex: (callee: FunctionHandle): number => this.indexOf(callee),
      typeIndex: (signature: Signature): number => writeType(writer, signature),
    };
    this.bodyBytes = this.definitions.map((handle) => {
      scratch.length = 0;
      const { hints } = lowerFunction(this.graphs.get(handle)!, scratch, indices);
      writer.body(scratch.bytes, scratch.length);
      writer.branchHints(this.indexOf(handle), hints);
      return scratch.length;
    });
  }

  private indexOf(handle: FunctionHandle): number {
    if (this.functions[handle.index] !== handle)
      throw new IrBuildError(`${handle.name}: function of another module`);
    return this.indices[handle.index]!;
  }
}

export type ModuleBuilder = Module;

export function createModuleBuilder(): ModuleBuilder {
  return new Module();
}

function writeType(writer: ModuleWriter, { parameters, results }: Signature): number {
  return writer.type(parameters.map(typeCode), results.map(typeCode));
}
