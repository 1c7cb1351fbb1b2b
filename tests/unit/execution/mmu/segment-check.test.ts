// The slow half of a segment's limit check (Intel SDM vol. 3A 5.3, expand-down segments 3.4.5.1).

import { expect, it } from 'vitest';
import { SegmentCheck } from '../../../../src-main/engine/execution/mmu/segment-check.ts';
import { SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { ACCESS_CODE, ACCESS_DB, ACCESS_DC, ACCESS_P, ACCESS_RW, ACCESS_S } from '../../../../src-main/engine/x86/state/segments.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';

const { gs, ss } = SEGMENT_INDEX;
const DATA = ACCESS_P | ACCESS_S | ACCESS_RW | ACCESS_DB;
const WRITE = 0x100;

function check(limit: number, access: number, offset: number, descriptor: number, segment: number = gs) {
  const cpu = new FakeCpu();
  cpu.set32('segmentAccess', access, segment);
  cpu.set32('segmentLimit', limit, segment);
  const status = new SegmentCheck(cpu).check(segment, offset, descriptor);
  return { status, faults: cpu.faults };
}
const FINE = { status: 0, faults: [] };
const refused = (vector: number) => ({ status: 1, faults: [expect.objectContaining({ vector, errorCode: 0 })] });

it('lets accesses up to the limit pass, and none beyond', () => {
  expect(check(0xfff, DATA, 0xffc, 4)).toEqual(FINE);
  expect(check(0xfff, DATA, 0xffd, 4)).toEqual(refused(13));
  expect(check(0xfff, DATA, 0xffd, 4, ss)).toEqual(refused(12));
});

it('lets what runs over the end of four gigabytes wrap', () => {
  expect(check(0xffff_ffff, DATA, -1, 4)).toEqual(FINE);
  expect(check(0xffff_ffff, DATA, -1, 4 | WRITE)).toEqual(FINE);
  expect(check(0xffff_fffe, DATA, -4, 4)).toEqual(refused(13));
});

it('lets accesses above the limit of an expand-down segment pass', () => {
  expect(check(0xfff, DATA | ACCESS_DC, 0x1000, 4)).toEqual(FINE);
  expect(check(0xfff, DATA | ACCESS_DC, 0xfff, 4)).toEqual(refused(13));
  expect(check(0xfff, (DATA | ACCESS_DC) & ~ACCESS_DB, 0xfffd, 4)).toEqual(refused(13));
});

it('refuses what the type of the segment does not allow', () => {
  expect(check(0xffff_ffff, DATA & ~ACCESS_RW, 0, 4 | WRITE)).toEqual(refused(13));
  expect(check(0xffff_ffff, DATA | ACCESS_CODE, 0, 4 | WRITE)).toEqual(refused(13));
  expect(check(0xffff_ffff, (DATA | ACCESS_CODE) & ~ACCESS_RW, 0, 4)).toEqual(refused(13));
  expect(check(0xffff_ffff, 0, 0, 4)).toEqual(refused(13));
});
