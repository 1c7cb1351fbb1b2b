// What the TLB forgets, and what it must not: with its tables in a linear memory as the engine has it.

import { describe, expect, it } from 'vitest';
import { computeLayout, GUEST_PAGE } from '../../../../src-main/engine/execution/layout.ts';
import { Tlb } from '../../../../src-main/engine/execution/mmu/tlb.ts';
import { createViews } from '../../../../src-main/engine/execution/views.ts';

const MIB = 0x10_0000;
const layout = computeLayout({ ramBytes: MIB });
const { pages } = layout;
const views = createViews(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }));
const HOST = layout.ramBase;

function tlbWith(count: number, global: boolean, write = false): Tlb {
  const tlb = new Tlb(views, layout);
  for (let i = 0; i < count; i++) tlb.insert({ page: i * GUEST_PAGE, host: HOST, global }, false, write);
  return tlb;
}
const found = (tlb: Tlb, count: number, write = false): number =>
  Array.from({ length: count }, (_, i) => tlb.lookup(i * GUEST_PAGE, false, write)).filter((host) => host === HOST).length;

describe('TLB', () => {
  it('has places of their own for all pages of 256 MiB', () => {
    expect(found(tlbWith(0x1_0000, true), 0x1_0000)).toBe(0x1_0000);
  });

  it.each([100, 0x8000])('forgets %i entries of all kinds, and global ones only when everything is flushed', (count) => {
    const tlb = tlbWith(count, false);
    tlb.flushLocal();
    expect(found(tlb, count)).toBe(0);
    const globalTlb = tlbWith(count, true);
    globalTlb.flushLocal();
    expect(found(globalTlb, count)).toBe(count);
    globalTlb.flush();
    expect(found(globalTlb, count)).toBe(0);
  });

  it('takes back every way to write a page, of both privileges, and no other', () => {
    const tlb = tlbWith(3, true, true);
    tlb.insert({ page: 0x7000, host: HOST, global: false }, true, true);
    tlb.insert({ page: GUEST_PAGE, host: HOST + GUEST_PAGE, global: true }, false, true);
    tlb.removeWrites(HOST / GUEST_PAGE);
    expect(found(tlb, 3, true)).toBe(0);
    expect(tlb.lookup(0x7000, true, true)).toBe(-1);
    expect(tlb.lookup(GUEST_PAGE, false, true)).toBe(HOST + GUEST_PAGE);
    tlb.insert({ page: 0, host: HOST, global: true }, false, true);
    tlb.removeWrites(HOST / GUEST_PAGE);
    expect(tlb.lookup(0, false, true)).toBe(-1);
  });

  it('takes back writes behind flushes and other pages in the same place', () => {
    const tlb = tlbWith(2, false, true);
    tlb.flush();
    tlb.insert({ page: 0x1_0000 * GUEST_PAGE, host: HOST, global: true }, false, true);
    tlb.removeWrites(HOST / GUEST_PAGE);
    expect(tlb.lookup(0x1_0000 * GUEST_PAGE, false, true)).toBe(-1);
  });
});
