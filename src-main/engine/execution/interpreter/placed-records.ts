// Records of one page of code by the place that they are of. All of a mode are gone through for each region that is asked
// for in the page, which takes a Map ten times as long as arrays.

import { GUEST_PAGE } from '../layout.ts';

/** Where a block begins: host address of its first byte, mode word, and whether it is one instruction only. */
export interface RecordPlace {
  readonly host: number;
  readonly mode: number;
  readonly single: boolean;
}

/** Those of one mode: the offset in the page and the record of each. */
export interface RecordList {
  readonly offsets: readonly number[];
  readonly records: readonly number[];
}

interface GrowingList extends RecordList {
  readonly offsets: number[];
  readonly records: number[];
  /** By offset. */
  readonly positions: Map<number, number>;
}

export const NO_RECORDS: RecordList = { offsets: [], records: [] };

/** A number of seventeen bits. */
export const kindOf = (mode: number, single: boolean): number => mode * 2 + (single ? 1 : 0);

export class PlacedRecords {
  readonly #lists = new Map<number, GrowingList>();

  get({ host, mode, single }: RecordPlace): number | undefined {
    const list = this.#lists.get(kindOf(mode, single));
    const position = list?.positions.get(host % GUEST_PAGE);
    return position === undefined ? undefined : list?.records[position];
  }

  set({ host, mode, single }: RecordPlace, record: number): void {
    const list = this.#listOf(kindOf(mode, single));
    const offset = host % GUEST_PAGE;
    const position = list.positions.get(offset) ?? list.records.length;
    list.offsets[position] = offset;
    list.records[position] = record;
    list.positions.set(offset, position);
  }

  #listOf(key: number): GrowingList {
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const list: GrowingList = { offsets: [], records: [], positions: new Map() };
    this.#lists.set(key, list);
    return list;
  }

  /** Of those that are not of one instruction only. */
  get modes(): number[] {
    return [...this.#lists.keys()].filter((key) => key % 2 === 0).map((key) => key / 2);
  }

  /** In the order in which they came; without those of one instruction only. */
  in(mode: number): RecordList {
    return this.#lists.get(kindOf(mode, false)) ?? NO_RECORDS;
  }
}
