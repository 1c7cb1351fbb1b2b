// Functions of the engine that generated modules import: the MMU's slow paths and the helpers. One list gives
// the imports of a module and the object it is instantiated with.

import type { FunctionBuilder, IrFunctionRef, IrType, IrValue } from '../../ir/types.ts';
import type { ModuleBuilder } from '../../ir/module.ts';
import { HELPERS } from '../../x86/helpers/declarations.ts';
import { SETTLE_FLAGS } from '../emit/left-flags.ts';

/** Name of a slow path: (low, high, descriptor) or (segment, offset, descriptor) to a status. */
export type SlowPathName =
  | 'slowRead' | 'slowWrite' | 'slowUpdate' | 'slowProbe' | 'checkSegment'
  | 'deviceRead' | 'deviceWrite' | 'deviceUpdate';

/** What generated modules are instantiated with, under the module name "engine". */
export type EngineImports = Readonly<Record<string, unknown>>;

export const IMPORT_MODULE = 'engine';
const SLOW_PATH_PARAMETERS: readonly IrType[] = ['i32', 'i32', 'i32'];
const STATUS: readonly IrType[] = ['i32'];

/** Imports functions into one module on first use. */
export class ImportSet {
  readonly #module: ModuleBuilder;
  readonly #refs = new Map<string, IrFunctionRef>();

  constructor(module: ModuleBuilder) {
    this.#module = module;
  }

  callSlowPath(f: FunctionBuilder, name: SlowPathName, ...operands: IrValue[]): IrValue {
    return f.call(this.#ref(name, SLOW_PATH_PARAMETERS, STATUS), ...operands) as IrValue;
  }

  /** See `emit/left-flags.ts`. */
  settleFlags(f: FunctionBuilder): void {
    f.call(this.#ref(SETTLE_FLAGS, [], []));
  }

  /** Helpers always return a number: a status, a value, or 0. Only their `i32` parameters are passed. */
  callHelper(f: FunctionBuilder, name: string, operands: readonly IrValue[]): IrValue {
    return f.call(
      this.#ref(
        `helper.${name}`,
        operands.map(() => 'i32'),
        STATUS,
      ),
      ...operands,
    ) as IrValue;
  }

  #ref(name: string, parameters: readonly IrType[], results: readonly IrType[]): IrFunctionRef {
    const known = this.#refs.get(name);
    if (known !== undefined) return known;
    const ref = this.#module.importFunction(IMPORT_MODULE, name, parameters, results);
    this.#refs.set(name, ref);
    return ref;
  }
}

/** The helper implementations under their import names, each bound to its CPU. */
export function helperImports<Cpu>(
  cpu: Cpu,
  implementations: Readonly<Record<string, (cpu: Cpu, ...operands: number[]) => number>>,
): Record<string, unknown> {
  const imports: Record<string, unknown> = {};
  for (const name of Object.keys(HELPERS)) {
    const implementation = implementations[name];
    if (implementation === undefined) throw new Error(`helper ${name} is declared but not implemented`);
    imports[`helper.${name}`] = bindHelper(cpu, implementation);
  }
  return imports;
}

function bindHelper<Cpu>(cpu: Cpu, implementation: (cpu: Cpu, ...operands: number[]) => number) {
  return (a: number, b: number, c: number, d: number): number => implementation(cpu, a, b, c, d);
}
