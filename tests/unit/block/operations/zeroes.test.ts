// Finding zeroes and differences, against the obvious way of doing it.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  firstDifference,
  firstNonZeroByte,
  isZero,
  zeroRuns,
} from '../../../../src-main/engine/block/operations/zeroes.ts';
import { sameBytes } from '../../../../src-main/host/same-bytes.ts';

/** Mostly zero, at any alignment. */
const bytes = fc
  .tuple(
    fc.integer({ min: 0, max: 7 }),
    fc.array(
      fc.oneof(
        { weight: 30, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 255 }) },
      ),
      { maxLength: 200 },
    ),
  )
  .map(([start, values]) => {
    const whole = new Uint8Array(start + values.length);
    whole.set(values, start);
    return whole.subarray(start);
  });

describe('zeroes', () => {
  it('are found like byte by byte', () => {
    fc.assert(
      fc.property(bytes, (some) => {
        const first = some.findIndex((byte) => byte !== 0);
        expect(firstNonZeroByte(some)).toBe(first < 0 ? some.length : first);
        expect(isZero(some)).toBe(first < 0);
      }),
    );
  });

  it('are told from data in granules of the disk, covering the buffer', () => {
    fc.assert(
      fc.property(bytes, fc.constantFrom(1, 4, 8, 64), fc.nat(1000), (some, granule, offset) => {
        const runs = zeroRuns(some, granule, offset);
        expect(runs.reduce((at, run) => (run.start === at ? at + run.length : Number.NaN), 0)).toBe(
          some.length,
        );
        for (const [index, run] of runs.entries()) {
          const part = some.subarray(run.start, run.start + run.length);
          if (run.zero) expect(part.every((byte) => byte === 0)).toBe(true);
          if (index > 0) {
            expect((offset + run.start) % granule).toBe(0);
            expect(run.zero).not.toBe(runs[index - 1]?.zero);
          }
          if (!run.zero) {
            // Each granule of it holds something.
            let at = run.start;
            while (at < run.start + run.length) {
              const end = Math.min(at + granule - ((offset + at) % granule), run.start + run.length);
              expect(some.subarray(at, end).some((byte) => byte !== 0)).toBe(true);
              at = end;
            }
          }
        }
      }),
    );
  });

  it("are the same with the host's comparison of bytes", () => {
    const places = fc.array(fc.nat(300_000), { maxLength: 6 });
    const granules = fc.constantFrom(512, 4096, 65536, 1 << 20);
    fc.assert(
      fc.property(places, granules, fc.nat(2000), (filled, granule, sector) => {
        const some = new Uint8Array(300_001);
        for (const at of filled) some[at] = 1;
        const offset = sector * 512;
        expect(zeroRuns(some, granule, offset, sameBytes)).toEqual(zeroRuns(some, granule, offset));
        const first = firstNonZeroByte(some);
        expect(firstNonZeroByte(some, sameBytes)).toBe(first);
        expect(firstDifference(some, new Uint8Array(some.length), sameBytes)).toBe(first);
      }),
      { numRuns: 50 },
    );
  });

  it('do not include the number -0, whose bytes are not all zero', () => {
    expect(isZero(new Uint8Array(new Float64Array([-0]).buffer))).toBe(false);
  });
});

describe('the first difference', () => {
  it('is found like byte by byte', () => {
    fc.assert(
      fc.property(bytes, fc.nat(200), fc.boolean(), (some, at, odd) => {
        const room = new Uint8Array(some.length + 1);
        const other = odd ? room.subarray(1) : room.subarray(0, some.length);
        other.set(some);
        if (at < other.length) other[at] = (other[at] ?? 0) ^ 0x80;
        expect(firstDifference(some, other)).toBe(Math.min(at, some.length));
      }),
    );
  });
});
