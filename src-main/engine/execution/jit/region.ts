// Which instructions make up a region: found by following direct edges from a hot block through the bytes of its
// page. Plain decoding; nothing is emitted here.

import { decode } from '../../x86/decode/decoder.ts';
import type { Instruction } from '../../x86/decode/instruction.ts';
import type { CpuFeature } from '../../x86/models/cpu-model.ts';
import { MODE_PROTECTED, MODE_VM86 } from '../../x86/state/cpu-state.ts';
import { refusal } from '../interpreter/code-cache.ts';
import { codeBitsOf } from '../interpreter/handler-shape.ts';
import { GUEST_PAGE } from '../layout.ts';

/** They return to the run loop, but only when an interrupt waits or a segment changed the mode. */
const SELDOM_LEAVES: ReadonlySet<string> = new Set(['STI', 'POPF', 'MOV_TO_SEGMENT', 'POP_SEGMENT']);

/** TurboFan's time grows faster than a function's size, so regions stay small (engine.md, section 2). */
const MAX_COST = 200;
/** An access to guest memory is a TLB probe and a way out: three to five times the code of register work. */
const ACCESS_COST = 4;
const STACK_ACCESS = /^(PUSH|POP|CALL|RET|LEAVE|ENTER|MOVS|STOS|LODS|SCAS|CMPS)/;

function costOf({ memory, row }: Instruction): number {
  return memory !== undefined || STACK_ACCESS.test(row.mnemonic) ? ACCESS_COST : 1;
}

/** An instruction at its place in the page. */
export interface Placed {
  readonly offset: number;
  readonly instruction: Instruction;
}

/** A straight run of instructions, entered only at its first. */
export interface BasicBlock {
  readonly offset: number;
  readonly instructions: readonly Placed[];
  /** Where control goes on when the last instruction does not transfer it: a block of the region, or outside. */
  readonly next: number;
}

export interface Region {
  readonly entry: number;
  readonly mode: number;
  readonly blocks: ReadonlyMap<number, BasicBlock>;
  /** Offsets behind calls whose callee is in the region. */
  readonly returnSites: readonly number[];
  readonly instructionCount: number;
}

export interface RegionSource {
  readonly bytes: Uint8Array;
  /** Host address of the page. */
  readonly page: number;
  readonly mode: number;
  readonly features: ReadonlySet<CpuFeature>;
  /** Mnemonics that go back to the run loop by nature. */
  leavesBlock(mnemonic: string): boolean;
  /** Whether a block at an offset has run already. */
  wasEntered(offset: number): boolean;
}

/** Offset of a relative branch's target from the page's start; undefined for any other instruction. */
export function branchTarget({ offset, instruction }: Placed): number | undefined {
  const operand = instruction.operands.find((o) => o.kind === 'relative');
  if (operand === undefined || operand.kind !== 'relative') return undefined;
  return offset + instruction.length + operand.displacement;
}

/** Undefined where the entry itself is an instruction that regions leave out. */
export function formRegion(source: RegionSource, entry: number): Region | undefined {
  const finder = new RegionFinder(source);
  finder.explore(entry);
  return finder.finish(entry);
}

class RegionFinder {
  readonly #source: RegionSource;
  readonly #placed = new Map<number, Placed>();
  readonly #leaders = new Set<number>();
  readonly #returnSites = new Set<number>();
  #cost = 0;

  constructor(source: RegionSource) {
    this.#source = source;
  }

  explore(entry: number): void {
    const pending = [entry];
    this.#leaders.add(entry);
    for (let start = pending.shift(); start !== undefined; start = pending.shift()) {
      for (const target of this.#run(start)) {
        if (!this.#leaders.has(target)) {
          this.#leaders.add(target);
          pending.push(target);
        }
      }
    }
  }

  /** Decodes on from an offset until control surely leaves; gives the targets worth following. */
  #run(start: number): number[] {
    const targets: number[] = [];
    let offset = start;
    while (!this.#placed.has(offset) && this.#cost < MAX_COST) {
      const placed = this.#decode(offset);
      if (placed === undefined) break;
      this.#placed.set(offset, placed);
      this.#cost += costOf(placed.instruction);
      const after = offset + placed.instruction.length;
      const target = branchTarget(placed);
      if (target !== undefined) {
        const follows = this.#isWorthFollowing(target);
        if (follows) targets.push(target);
        if (placed.instruction.row.mnemonic === 'CALL') {
          if (!follows) break;
          this.#returnSites.add(after);
          targets.push(after);
          break;
        }
        if (placed.instruction.row.ends !== true) this.#leaders.add(after);
      }
      if (placed.instruction.row.ends === true) break;
      offset = after;
    }
    return targets;
  }

  #isWorthFollowing(target: number): boolean {
    if (target < 0 || target >= GUEST_PAGE) return false;
    return this.#placed.has(target) || this.#source.wasEntered(target);
  }

  #decode(offset: number): Placed | undefined {
    const { bytes, page, mode, features } = this.#source;
    const protectedMode = (mode & (MODE_PROTECTED | MODE_VM86)) === MODE_PROTECTED;
    if (offset < 0 || offset >= GUEST_PAGE) return undefined;
    const result = decode(
      bytes,
      page + offset,
      page + GUEST_PAGE,
      { codeBits: codeBitsOf(mode) },
      features,
      protectedMode,
    );
    if (!result.ok) return undefined;
    const { instruction } = result;
    const { mnemonic } = instruction.row;
    if (refusal(instruction, mode) !== undefined) return undefined;
    if (this.#source.leavesBlock(mnemonic) && !SELDOM_LEAVES.has(mnemonic)) return undefined;
    return { offset, instruction };
  }

  finish(entry: number): Region | undefined {
    if (!this.#placed.has(entry)) return undefined;
    const blocks = new Map<number, BasicBlock>();
    for (const leader of this.#leaders) {
      if (this.#placed.has(leader)) blocks.set(leader, this.#block(leader));
    }
    return {
      entry,
      mode: this.#source.mode,
      blocks,
      returnSites: [...this.#returnSites].filter((site) => blocks.has(site)),
      instructionCount: this.#placed.size,
    };
  }

  #block(leader: number): BasicBlock {
    const instructions: Placed[] = [];
    let offset = leader;
    for (;;) {
      const placed = this.#placed.get(offset);
      if (placed === undefined || (offset !== leader && this.#leaders.has(offset))) break;
      instructions.push(placed);
      offset += placed.instruction.length;
      if (placed.instruction.row.ends === true || branchTarget(placed) !== undefined) break;
    }
    return { offset: leader, instructions, next: offset };
  }
}
