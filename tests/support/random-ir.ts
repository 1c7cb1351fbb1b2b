// Random IR programs for property tests. A program is plain data (so fast-check can shrink it) and is replayed
// into a builder; it always terminates, because every block first counts down a fuel variable.

import fc from 'fast-check';
import type { GraphBuilder } from '../../src-main/engine/ir/builder.ts';
import type { IrFunctionRef, IrType, IrValue } from '../../src-main/engine/ir/types.ts';

/** One step of a block: a choice and numbers that pick operands from what is at hand. */
export type Step = readonly [choice: number, x: number, y: number, z: number];
export interface RandomBlock {
  readonly steps: readonly Step[];
  readonly end: readonly [kind: number, condition: number, targets: readonly number[]];
}
export type RandomProgram = readonly RandomBlock[];

export const randomProgram = (maxBlocks = 9, maxSteps = 10): fc.Arbitrary<RandomProgram> => {
  const pick = fc.nat(1000);
  return fc.array(
    fc.record({
      steps: fc.array(fc.tuple(pick, pick, pick, pick), { maxLength: maxSteps }),
      end: fc.tuple(pick, pick, fc.array(pick, { minLength: 2, maxLength: 5 })),
    }),
    { minLength: 1, maxLength: maxBlocks },
  );
};

const ARITHMETIC = 'add sub mul and or xor shl shr_s shr_u rotl rotr'.split(' ');
const DIVISIONS = ['div_u', 'rem_s', 'div_s', 'rem_u'];
const COMPARISONS = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'.split(' ');
const UNARY = ['clz', 'ctz', 'popcnt', 'extend8_s', 'extend16_s'];
const CONSTANTS = [
  0, 1, 2, 3, 7, 8, 15, 16, 24, 31, 32, 63, 64, 0xff, 0x100, 0xffff, 0x10000, 0x7fffffff, -1, -2, -128, -256,
  -0x8000, -0x80000000, 0x55555555, 12345,
];
const LOADS = [
  'i32.load',
  'i32.load8_u',
  'i32.load8_s',
  'i32.load16_u',
  'i32.load16_s',
  'i64.load',
  'i64.load8_u',
  'i64.load8_s',
  'i64.load16_u',
  'i64.load32_u',
  'i64.load32_s',
];
const STORES = ['i32.store', 'i32.store8', 'i32.store16', 'i64.store', 'i64.store8', 'i64.store32'];
const VECTOR = [
  'i8x16.add',
  'i16x8.sub',
  'i32x4.mul',
  'v128.xor',
  'v128.and',
  'i8x16.min_u',
  'i16x8.add_sat_s',
  'i64x2.add',
  'i32x4.gt_s',
  'i8x16.swizzle',
];
const FUEL = 60;

class Replay {
  private readonly f: GraphBuilder;
  private readonly observe: IrFunctionRef;
  private readonly pools: Record<'i32' | 'i64' | 'v128', IrValue[]> = { i32: [], i64: [], v128: [] };
  private readonly variables;
  /** Which of the shadows says something: 0 none, else its place from 1 on. */
  private readonly chosen;
  private readonly shadows;
  private readonly result;
  private readonly leave;
  private readonly entryPools: typeof this.pools;

  constructor(f: GraphBuilder, observe: IrFunctionRef) {
    this.f = f;
    this.observe = observe;
    this.variables = {
      i32: [f.variable('i32'), f.variable('i32'), f.variable('i32')],
      i64: [f.variable('i64'), f.variable('i64')],
      v128: [f.variable('v128')],
    };
    this.chosen = f.variable('i32');
    this.shadows = (['i32', 'i32', 'i64'] as const).map((type, at) => f.shadow(type, this.chosen, at + 1));
    this.result = f.variable('i32');
    this.leave = f.block();
    // Values of the entry block dominate everything, so every block may use them.
    this.pools.i32.push(f.parameter(0), f.load('i32.load', f.constant('i32', 0), 4));
    this.pools.i64.push(f.parameter(1), f.load('i64.load', f.constant('i32', 0), 8));
    this.pools.v128.push(f.load('v128.load', f.constant('i32', 0), 16), f.op('i64x2.splat', f.parameter(1)));
    this.pools.i32.push(f.op('i32.mul', this.pools.i32[0]!, this.pools.i32[1]!));
    this.entryPools = { i32: [...this.pools.i32], i64: [...this.pools.i64], v128: [...this.pools.v128] };
  }

  run(program: RandomProgram): void {
    const { f } = this;
    const blocks = program.map(() => f.block());
    const fuel = f.variable('i32');
    f.set(fuel, f.constant('i32', FUEL));
    f.jump(blocks[0]!);
    program.forEach((block, index) => {
      f.enter(blocks[index]!);
      Object.assign(this.pools, {
        i32: [...this.entryPools.i32],
        i64: [...this.entryPools.i64],
        v128: [...this.entryPools.v128],
      });
      const go = f.block();
      const stop = f.block();
      f.branch(f.op('i32.eqz', f.get(fuel)), stop, go);
      f.enter(stop);
      this.finish(block.end[1]);
      f.enter(go);
      f.set(fuel, f.op('i32.sub', f.get(fuel), f.constant('i32', 1)));
      for (const step of block.steps) this.step(step);
      this.end(block.end, blocks);
    });
    this.emitLeave();
  }

  private pick(type: 'i32' | 'i64' | 'v128', choice: number): IrValue {
    const pool = this.pools[type];
    if (type !== 'v128' && choice % 3 === 0)
      return this.f.constant(type, CONSTANTS[((choice / 3) % CONSTANTS.length) | 0]!);
    return pool[choice % pool.length]!;
  }

  private put(value: IrValue): void {
    const type = value.type as 'i32' | 'i64' | 'v128';
    this.pools[type].push(value);
  }

  private address(choice: number): IrValue {
    return this.f.op('i32.and', this.pick('i32', choice), this.f.constant('i32', 0xff));
  }

  private step([choice, x, y, z]: Step): void {
    const { f } = this;
    const type: IrType = (x + y) % 2 === 0 ? 'i32' : 'i64';
    switch (choice % 16) {
      case 0:
      case 1:
      case 2:
        this.put(
          f.op(`${type}.${ARITHMETIC[z % ARITHMETIC.length]}`, this.pick(type, x), this.pick(type, y)),
        );
        break;
      case 3: {
        // Division is pure in the IR: it may vanish or move, so programs keep it from trapping.
        const positive = f.op(`${type}.shr_u`, this.pick(type, y * 3), f.constant(type as 'i32', 1));
        const divisor = f.op(`${type}.or`, positive, f.constant(type as 'i32', 1));
        this.put(f.op(`${type}.${DIVISIONS[z % 4]}`, this.pick(type, x), divisor));
        break;
      }
      case 4:
        this.put(f.op(`${type}.${COMPARISONS[z % 10]}`, this.pick(type, x), this.pick(type, y)));
        break;
      case 5:
        this.put(
          z % 6 === 5
            ? f.op(`${type}.eqz`, this.pick(type, x))
            : f.op(`${type}.${UNARY[z % 5]}`, this.pick(type, x)),
        );
        break;
      case 6:
        if (z % 4 === 0) this.put(f.op('i32.wrap_i64', this.pick('i64', x)));
        else if (z % 4 === 1) this.put(f.op('i64.extend_i32_u', this.pick('i32', x)));
        else if (z % 4 === 2) this.put(f.op('i64.extend_i32_s', this.pick('i32', x)));
        else this.put(f.op('i64.extend32_s', this.pick('i64', x)));
        break;
      case 7:
        this.put(f.select(this.pick('i32', x), this.pick(type, y), this.pick(type, z)));
        break;
      case 8:
      case 9: {
        this.put(f.load(LOADS[z % LOADS.length]!, this.address(x), y % 600));
        break;
      }
      case 10: {
        const store = STORES[z % STORES.length]!;
        f.store(store, this.address(x), y % 600, this.pick(store.slice(0, 3) as 'i32', y));
        break;
      }
      case 11:
        this.put(f.get(this.variables[type as 'i32'][z % this.variables[type as 'i32'].length]!));
        break;
      case 12:
        if (y % 3 === 0) this.choose(x, z);
        f.set(this.variables[type as 'i32'][z % this.variables[type as 'i32'].length]!, this.pick(type, x));
        break;
      case 13:
        this.put(f.call(this.observe, this.pick('i32', x), this.pick('i32', y))!);
        break;
      case 14:
        this.vector(x, y, z);
        break;
      default:
        this.more(x, y, z);
    }
  }

  /** Mostly what a variable holds. */
  private choose(x: number, z: number): void {
    const { f } = this;
    const at = x % this.shadows.length;
    const type = at === 2 ? 'i64' : 'i32';
    f.set(this.chosen, f.constant('i32', at + 1));
    f.set(this.shadows[at]!, z % 4 === 0 ? this.pick(type, z) : f.get(this.variables[type][z % 2]!));
  }

  private vector(x: number, y: number, z: number): void {
    const { f } = this;
    const left = this.pick('v128', x);
    if (z % 5 === 0) this.put(f.op('i32x4.extract_lane', y % 4, left));
    else if (z % 5 === 1) this.put(f.op('i32x4.replace_lane', y % 4, left, this.pick('i32', y)));
    else if (z % 5 === 2) {
      f.set(this.variables.v128[0]!, left);
      this.put(f.get(this.variables.v128[0]!));
    } else if (z % 5 === 3) f.store('v128.store', this.address(x), y % 600, left);
    else this.put(f.op(VECTOR[y % VECTOR.length]!, left, this.pick('v128', y)));
  }

  private more(x: number, y: number, z: number): void {
    const { f } = this;
    const word = f.op('i32.shl', this.address(x), f.constant('i32', 2));
    if (z % 4 === 0) this.put(f.atomic('i32.atomic.rmw.add', word, (y % 50) * 4, this.pick('i32', y)));
    else if (z % 4 === 1)
      this.put(f.atomic('i32.atomic.rmw.cmpxchg', word, 0, this.pick('i32', x), this.pick('i32', y)));
    else if (z % 4 === 2) f.memoryFill(this.address(x), this.pick('i32', y), this.address(z));
    else f.memoryCopy(this.address(x), this.address(y), this.address(z));
  }

  private end(
    [kind, condition, targets]: RandomBlock['end'],
    blocks: ReturnType<GraphBuilder['block']>[],
  ): void {
    const { f } = this;
    const to = targets.map((target) => blocks[target % blocks.length]!);
    if (kind % 6 === 0) f.jump(to[0]!);
    else if (kind % 6 === 1) this.finish(condition);
    else if (kind % 6 === 2) f.switch(this.pick('i32', condition), to.slice(1), to[0]!);
    else f.branch(this.pick('i32', condition), to[0]!, to[1]!, kind % 6 === 3 ? undefined : kind % 6 === 4);
  }

  private finish(choice: number): void {
    const { f } = this;
    f.store('i64.store', f.constant('i32', 920), 0, f.get(this.variables.i64[choice % 2]!));
    f.set(this.result, this.pick('i32', choice));
    f.settle();
    f.jump(this.leave);
  }

  /** Everything observable: the variables go to memory, and the shadow that says something. */
  private emitLeave(): void {
    const { f } = this;
    f.enter(this.leave);
    this.variables.i32.forEach((variable, index) => {
      f.store('i32.store', f.constant('i32', 900 + index * 4), 0, f.get(variable));
    });
    f.store('v128.store', f.constant('i32', 928), 0, f.get(this.variables.v128[0]!));
    const after = f.block();
    const cases = this.shadows.map(() => f.block());
    f.switch(f.get(this.chosen), [after, ...cases], after);
    this.shadows.forEach((shadow, at) => {
      f.enter(cases[at]!);
      f.store(at === 2 ? 'i64.store' : 'i32.store', f.constant('i32', 944), 0, f.get(shadow));
      f.jump(after);
    });
    f.enter(after);
    f.return(f.get(this.result));
  }
}

/** Function (i32, i64) -> i32; `observe` is an imported (i32, i32) -> i32. */
export function replay(f: GraphBuilder, observe: IrFunctionRef, program: RandomProgram): void {
  new Replay(f, observe).run(program);
}
