// Which instructions make up a region: found by following direct edges from a hot block, into other pages too where
// the mapping of those can be checked at entry. Plain decoding; nothing is emitted here.

import { decode } from '../../x86/decode/decoder.ts';
import type { DecodeResult, Instruction } from '../../x86/decode/instruction.ts';
import type { CpuFeature } from '../../x86/models/cpu-model.ts';
import { MODE_PROTECTED, MODE_VM86 } from '../../x86/state/cpu-state.ts';
import { refusal } from '../interpreter/code-cache.ts';
import { codeBitsOf } from '../interpreter/handler-shape.ts';
import { GUEST_PAGE, pageOf } from '../layout.ts';

/** They return to the run loop, but only when an interrupt waits, a segment changed the mode or something is traced. */
const SELDOM_LEAVES: ReadonlySet<string> = new Set(['STI', 'POPF', 'MOV_TO_SEGMENT', 'POP_SEGMENT', 'SYSCALL', 'SYSRET']);

/** TurboFan's time grows faster than a function's size, so regions stay small (engine.md, section 2). */
const MAX_COST = 200;
/** An access to guest memory is a TLB probe and a way out: three to five times the code of register work. */
const ACCESS_COST = 4;
const STACK_ACCESS = /^(PUSH|POP|CALL|RET|LEAVE|ENTER|MOVS|STOS|LODS|SCAS|CMPS)/;

function costOf({ memory, row }: Instruction): number {
  return memory !== undefined || STACK_ACCESS.test(row.mnemonic) ? ACCESS_COST : 1;
}

/** Pages besides the first that a region may reach into: each must be checked whenever translations have changed. */
const MAX_OTHER_PAGES = 3;
const MAX_INSTRUCTION_BYTES = 15;
/** A jump through a table goes to code near it; which, only the blocks that ran tell. The nearest are taken. */
const MAX_TABLE_DISTANCE = 1024;
const MAX_TABLE_TARGETS = 24;

/** An instruction at its place: linear address, counted from the page of the region's entry. */
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
  /** Where jumps through a table have gone before, in ascending order, by the offset of the jump. */
  readonly jumpTargets: ReadonlyMap<number, readonly number[]>;
  readonly instructionCount: number;
  /** Where the pages that it has instructions in stand, by number counted from the entry's. */
  readonly pages: ReadonlyMap<number, number>;
}

/** Where a byte in one of the region's pages stands. */
export function placeInRegion({ pages }: { readonly pages: ReadonlyMap<number, number | undefined> }, offset: number): number {
  const page = pageOf(offset);
  return (pages.get(page) as number) + (offset - page * GUEST_PAGE);
}

export interface RegionSource {
  readonly bytes: Uint8Array;
  readonly mode: number;
  /** Host address of a page counted from the entry's (0); undefined where it cannot be part of the region. */
  pageAt(index: number): number | undefined;
  readonly features: ReadonlySet<CpuFeature>;
  /** Instructions that go back to the run loop by nature. */
  leavesBlock(instruction: Instruction): boolean;
  /** Whether a block at a host address has run often enough to count. */
  wasEntered(host: number): boolean;
  /** Offsets in its page of all blocks that have. */
  enteredIn(hostPage: number): readonly number[];
}

/** Offset of a relative branch's target; undefined for any other instruction. */
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
  readonly #jumpTargets = new Map<number, number[]>();
  readonly #pages = new Map<number, number>();
  /** An instruction that lies in two pages is decoded from here. */
  readonly #joined = new Uint8Array(2 * MAX_INSTRUCTION_BYTES);
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
        const isCall = placed.instruction.row.mnemonic === 'CALL';
        // Callees in other pages would fill the region with code that is seldom as hot as what comes after the call.
        const follows = !(isCall && pageOf(target) !== pageOf(offset)) && this.#isWorthFollowing(target);
        if (follows) targets.push(target);
        if (isCall) {
          if (!follows) break;
          this.#returnSites.add(after);
          targets.push(after);
          break;
        }
        if (placed.instruction.row.ends !== true) this.#leaders.add(after);
      }
      if (placed.instruction.row.mnemonic === 'JMP' && (placed.instruction.memory?.index ?? -1) >= 0)
        targets.push(...this.#tableTargets(offset));
      if (placed.instruction.row.ends === true) break;
      offset = after;
    }
    return targets;
  }

  /** Blocks around a jump through a table: its page's, of which it is likely to reach all that nothing else does. */
  #tableTargets(jump: number): readonly number[] {
    const host = this.#host(jump);
    if (host === undefined) return [];
    const page = pageOf(jump) * GUEST_PAGE;
    const targets = this.#source
      .enteredIn(host - (jump - page))
      .map((at) => page + at)
      .filter((at) => Math.abs(at - jump) < MAX_TABLE_DISTANCE)
      .sort((a, b) => Math.abs(a - jump) - Math.abs(b - jump))
      .slice(0, MAX_TABLE_TARGETS);
    this.#jumpTargets.set(jump, targets);
    return targets;
  }

  #isWorthFollowing(target: number): boolean {
    if (this.#placed.has(target)) return true;
    const host = this.#host(target);
    return host !== undefined && this.#source.wasEntered(host);
  }

  #host(offset: number): number | undefined {
    const index = pageOf(offset);
    const page = this.#pages.get(index) ?? this.#source.pageAt(index);
    if (page === undefined) return undefined;
    if (!this.#pages.has(index) && this.#pages.size > MAX_OTHER_PAGES) return undefined;
    return page + (offset - index * GUEST_PAGE);
  }

  #decode(offset: number): Placed | undefined {
    const { mode } = this.#source;
    const host = this.#host(offset);
    if (host === undefined) return undefined;
    const instruction = this.#instructionAt(offset, host);
    if (instruction === undefined) return undefined;
    const { mnemonic } = instruction.row;
    if (refusal(instruction, mode) !== undefined) return undefined;
    if (this.#source.leavesBlock(instruction) && !SELDOM_LEAVES.has(mnemonic)) return undefined;
    for (const at of [offset, offset + instruction.length - 1]) {
      const index = pageOf(at);
      this.#pages.set(index, (this.#host(at) as number) - (at - index * GUEST_PAGE));
    }
    return { offset, instruction };
  }

  #instructionAt(offset: number, host: number): Instruction | undefined {
    const inPage = GUEST_PAGE - (host % GUEST_PAGE);
    const { bytes } = this.#source;
    const result = this.#decodeBytes(bytes, host, host + inPage);
    if (result.ok) return result.instruction;
    if (result.fault !== 'short') return undefined;
    const next = this.#host(offset + inPage);
    if (next === undefined) return undefined;
    this.#joined.set(bytes.subarray(host, host + inPage));
    this.#joined.set(bytes.subarray(next, next + MAX_INSTRUCTION_BYTES), inPage);
    const joined = this.#decodeBytes(this.#joined, 0, inPage + MAX_INSTRUCTION_BYTES);
    return joined.ok ? joined.instruction : undefined;
  }

  #decodeBytes(bytes: Uint8Array, at: number, end: number): DecodeResult {
    const { mode, features } = this.#source;
    const protectedMode = (mode & (MODE_PROTECTED | MODE_VM86)) === MODE_PROTECTED;
    return decode(bytes, at, end, { codeBits: codeBitsOf(mode) }, features, protectedMode);
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
      jumpTargets: new Map(
        [...this.#jumpTargets].map(([jump, targets]) => [
          jump,
          targets.filter((target) => blocks.has(target)).sort((a, b) => a - b),
        ]),
      ),
      instructionCount: this.#placed.size,
      pages: this.#pages,
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
