// What is known of doubles in XMM registers, carried from block to block of a region: a block takes for granted that
// those it computes with are usual, and whoever goes there sees to it. What a loop does not change is looked at once.

import type { FunctionBuilder } from '../../ir/types.ts';
import type { ExponentRange, Value } from '../../x86/semantics/emitter.ts';
import { FloatLanes } from '../../x86/semantics/float-lanes.ts';
import { checkWindow, isInRange, usualRange } from '../../x86/semantics/usual-numbers.ts';
import type { IrEmitter } from '../emit/ir-emitter.ts';
import { irOf, ofIrType } from '../emit/value.ts';
import { awaitedDoubles, type AwaitedDoubles } from './awaited-doubles.ts';
import type { Region } from './region.ts';
import { Guard, type RegionSuppositions } from './region-suppositions.ts';
import type { RegionVectors } from './region-vectors.ts';

/** Exponents of a product of two usual numbers: of numbers that are rather added than multiplied again. */
const WIDEST: ExponentRange = { bits: 64, least: -512, greatest: 511 };

export class CarriedDoubles {
  readonly #f: FunctionBuilder;
  readonly #lanes: FloatLanes;
  readonly #vectors: RegionVectors;
  readonly #suppositions: RegionSuppositions;
  readonly #awaited: AwaitedDoubles;
  /** By block and register: fixed by the first way there that is translated. */
  readonly #ranges = new Map<number, Map<number, ExponentRange>>();

  constructor(
    f: FunctionBuilder,
    parts: { region: Region; emitter: IrEmitter; vectors: RegionVectors; suppositions: RegionSuppositions },
  ) {
    this.#f = f;
    this.#lanes = new FloatLanes(parts.emitter, 'f64');
    this.#vectors = parts.vectors;
    this.#suppositions = parts.suppositions;
    this.#awaited = parts.vectors.isSplit ? awaitedDoubles(parts.region) : new Map();
  }

  /** At the beginning of a block. */
  assume(block: number): void {
    for (const index of this.#awaited.get(block) ?? [])
      this.#suppositions.ranges.set(this.#vectors.low(index), this.#rangeAt(block, index, undefined));
  }

  /** On the way to a block; `leave` has the interpreter go on there. */
  ensure(block: number, leave: () => void): void {
    const awaited = this.#awaited.get(block);
    if (awaited === undefined) return;
    const guard = new Guard(this.#f, leave);
    for (const index of awaited) {
      const low = this.#vectors.lowOnThisWay(index);
      const known = this.#suppositions.ranges.get(low);
      const range = this.#rangeAt(block, index, known);
      if (this.#f.constantOf(low) === 0 || (known !== undefined && isInRange(known, range))) continue;
      const number = ofIrType(low);
      const holds = (condition: Value, otherwise: () => Value) => guard.holds(irOf(condition), () => irOf(otherwise()));
      checkWindow(this.#lanes, number, () => this.#lanes.isZero(number), holds);
    }
  }

  #rangeAt(block: number, index: number, known: ExponentRange | undefined): ExponentRange {
    const ofBlock = this.#ranges.get(block) ?? new Map<number, ExponentRange>();
    this.#ranges.set(block, ofBlock);
    const fixed = ofBlock.get(index);
    if (fixed !== undefined) return fixed;
    const usual = usualRange(64);
    const range = known !== undefined && !isInRange(known, usual) && isInRange(known, WIDEST) ? WIDEST : usual;
    ofBlock.set(index, range);
    return range;
  }
}
