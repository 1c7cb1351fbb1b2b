// The 64 Ki I/O ports: one table look-up per access. Reference: Intel SDM vol. 1, chapter 19 (I/O
// addressing, accesses across port boundaries); ports wrap at 64 Ki as the address lines do.

import { allOnes, byteLane } from '../base/bits.ts';
import { type Bus, type Mapping, MappingList } from './address-space.ts';
import type { BusTarget, Width } from './region.ts';
import { UnclaimedCounter } from './unclaimed.ts';

const PORTS = 0x1_0000;

export class PortSpace implements Bus {
  readonly unclaimed = new UnclaimedCounter();
  private readonly mappings = new MappingList('port');
  /** Owner of each port, or undefined. */
  private readonly owners: (Mapping | undefined)[] = new Array(PORTS).fill(undefined);

  attach(target: BusTarget): void {
    for (const mapping of this.mappings.add(target)) this.repaint(mapping.base, mapping.end);
  }

  detach(target: BusTarget): void {
    for (const mapping of this.mappings.remove(target)) this.repaint(mapping.base, mapping.end);
  }

  move(target: BusTarget, region: number, base: number | undefined): void {
    const mapping = this.mappings.find(target, region);
    if (mapping === undefined) return;
    const { base: oldBase, end: oldEnd } = mapping;
    mapping.base = (base ?? 0) & (PORTS - 1);
    mapping.end = base === undefined ? mapping.base : Math.min(mapping.base + mapping.length, PORTS);
    this.repaint(oldBase, oldEnd);
    this.repaint(mapping.base, mapping.end);
  }

  read(port: number, width: Width): number {
    const owner = this.owners[port];
    if (owner !== undefined && width <= owner.maxWidth && port + width <= owner.end) {
      return owner.target.read(owner.region, port - owner.base, width);
    }
    if (width === 1) {
      this.unclaimed.countRead(port);
      return 0xff;
    }
    return this.readWide(port, width);
  }

  write(port: number, width: Width, value: number): void {
    const owner = this.owners[port];
    if (owner !== undefined && width <= owner.maxWidth && port + width <= owner.end) {
      owner.target.write(owner.region, port - owner.base, width, value);
    } else if (width === 1) {
      this.unclaimed.countWrite(port);
    } else {
      this.writeWide(port, width, value);
    }
  }

  private readWide(port: number, width: Width): number {
    if (!this.anyOwner(port, width)) {
      this.unclaimed.countRead(port);
      return allOnes(width);
    }
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.read((port + i) & (PORTS - 1), 1) << (8 * i);
    return value >>> 0;
  }

  private writeWide(port: number, width: Width, value: number): void {
    if (!this.anyOwner(port, width)) this.unclaimed.countWrite(port);
    else for (let i = 0; i < width; i++) this.write((port + i) & (PORTS - 1), 1, byteLane(value, i));
  }

  private anyOwner(port: number, width: Width): boolean {
    for (let i = 0; i < width; i++) if (this.owners[(port + i) & (PORTS - 1)] !== undefined) return true;
    return false;
  }

  private repaint(from: number, to: number): void {
    this.owners.fill(undefined, from, to);
    for (let i = this.mappings.ordered.length - 1; i >= 0; i--) {
      const mapping = this.mappings.ordered[i]!;
      const low = Math.max(from, mapping.base);
      const high = Math.min(to, mapping.end);
      if (low < high) this.owners.fill(mapping, low, high);
    }
  }
}
