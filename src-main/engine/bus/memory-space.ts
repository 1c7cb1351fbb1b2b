// Physical memory outside RAM: memory-mapped registers and apertures. RAM and ROM never come here, the MMU
// resolves them first. Few regions, so a sorted list of the visible pieces and the last hit suffice.

import { allOnes, byteLane } from '../base/bits.ts';
import { type Bus, type Mapping, MappingList } from './address-space.ts';
import type { BusTarget, Width } from './region.ts';
import { UnclaimedCounter } from './unclaimed.ts';

/** A stretch of addresses with one owner. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly mapping: Mapping;
}

export class MemorySpace implements Bus {
  readonly unclaimed = new UnclaimedCounter();
  private readonly mappings = new MappingList('memory');
  private pieces: Piece[] = [];
  private last: Piece | undefined;

  attach(target: BusTarget): void {
    if (this.mappings.add(target).length > 0) this.rebuild();
  }

  detach(target: BusTarget): void {
    if (this.mappings.remove(target).length > 0) this.rebuild();
  }

  move(target: BusTarget, region: number, base: number | undefined): void {
    const mapping = this.mappings.find(target, region);
    if (mapping === undefined) return;
    mapping.base = base ?? 0;
    mapping.end = base === undefined ? mapping.base : base + mapping.length;
    this.rebuild();
  }

  read(address: number, width: Width): number {
    const mapping = this.owner(address);
    if (mapping !== undefined && width <= mapping.maxWidth && address + width <= mapping.end) {
      return mapping.target.read(mapping.region, address - mapping.base, width);
    }
    if (mapping === undefined) {
      this.unclaimed.countRead(address);
      return allOnes(width);
    }
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.read(address + i, 1) << (8 * i);
    return value >>> 0;
  }

  write(address: number, width: Width, value: number): void {
    const mapping = this.owner(address);
    if (mapping !== undefined && width <= mapping.maxWidth && address + width <= mapping.end) {
      mapping.target.write(mapping.region, address - mapping.base, width, value);
    } else if (mapping === undefined) {
      this.unclaimed.countWrite(address);
    } else {
      for (let i = 0; i < width; i++) this.write(address + i, 1, byteLane(value, i));
    }
  }

  private owner(address: number): Mapping | undefined {
    const last = this.last;
    if (last !== undefined && address >= last.from && address < last.to) return last.mapping;
    for (const piece of this.pieces) {
      if (address >= piece.from && address < piece.to) {
        this.last = piece;
        return piece.mapping;
      }
    }
    return undefined;
  }

  /** Cuts all ranges at all borders and gives each piece to its first claimant. */
  private rebuild(): void {
    const visible = this.mappings.ordered.filter((mapping) => mapping.end > mapping.base);
    const borders = [...new Set(visible.flatMap((mapping) => [mapping.base, mapping.end]))].sort(
      (a, b) => a - b,
    );
    this.pieces = [];
    this.last = undefined;
    for (let i = 0; i + 1 < borders.length; i++) {
      const from = borders[i]!;
      const to = borders[i + 1]!;
      const mapping = visible.find((candidate) => candidate.base <= from && candidate.end >= to);
      if (mapping !== undefined) this.pieces.push({ from, to, mapping });
    }
  }
}
