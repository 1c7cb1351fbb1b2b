// How often each cluster of a file is referred to, counted while an image is checked. Room is taken only for parts of
// the file that are in use, whatever offsets a damaged image names.

const CHUNK = 32768;

export class ReferenceMap {
  readonly #chunks = new Map<number, Uint32Array>();
  #end = 0;

  /** One more than the highest cluster counted. */
  get end(): number {
    return this.#end;
  }

  get(cluster: number): number {
    return this.#chunks.get(Math.floor(cluster / CHUNK))?.[cluster % CHUNK] ?? 0;
  }

  add(cluster: number, count: number): void {
    const index = Math.floor(cluster / CHUNK);
    let chunk = this.#chunks.get(index);
    if (chunk === undefined) {
      chunk = new Uint32Array(CHUNK);
      this.#chunks.set(index, chunk);
    }
    chunk[cluster % CHUNK] = (chunk[cluster % CHUNK] ?? 0) + count;
    this.#end = Math.max(this.#end, cluster + 1);
  }

  /** Clusters that are counted at all, in order of chunks. */
  *entries(): Generator<readonly [cluster: number, count: number]> {
    for (const [index, chunk] of this.#chunks)
      for (let at = 0; at < CHUNK; at++) {
        const count = chunk[at];
        if (count !== undefined && count > 0) yield [index * CHUNK + at, count];
      }
  }
}
