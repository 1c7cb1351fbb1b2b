// Instructions of regions that take something for granted, and how often it did not hold, so that they were left to the
// interpreter: a frame that lies in two pages, or numbers that are always denormal, would leave their region for ever.
// Only a hint, as device sites are.

import { FAILURES_HEARD_AS_ONE } from '../interpreter/main-loop.ts';
import { pageOf } from '../layout.ts';
import { Sites } from './sites.ts';

/**
 * A failure takes some ten nanoseconds, compiling a region anew more than a millisecond of several threads. Misses of the TLB leave
 * too, so that a few are no sign.
 */
const MANY_FAILURES = 6000;
/** Of those that the run loop hears of. */
const OFTEN = Math.ceil(MANY_FAILURES / FAILURES_HEARD_AS_ONE);
/** A region that is translated anew for one site has the others in mind that fail, if not so often. */
const SELDOM = Math.ceil(OFTEN / 4);
const MAX_SITES = 0x1_0000;

export class FailingSites {
  /** By host address. */
  readonly #failures = new Map<number, number>();
  readonly #failing = new Sites(MAX_SITES);
  readonly #failingPages = new Set<number>();

  /** Failures of a site are to be counted. */
  watch(host: number): void {
    if (this.#failures.has(host)) return;
    if (this.#failures.size >= MAX_SITES) this.#failures.clear();
    this.#failures.set(host, 0);
  }

  /** True where a site is to be translated anew: in each region that has not been since it came to that. */
  failed(host: number): boolean {
    if (this.#failing.has(host)) return true;
    const count = this.#failures.get(host);
    if (count === undefined) return false;
    if (count < OFTEN) {
      this.#failures.set(host, count + 1);
      return false;
    }
    this.#settle(host);
    return true;
  }

  #settle(host: number): void {
    this.#failures.delete(host);
    this.#failing.note(host);
  }

  /** Of these sites, those that fail now and then count as failing. */
  include(hosts: Iterable<number>): void {
    for (const host of hosts) if ((this.#failures.get(host) ?? 0) >= SELDOM) this.#settle(host);
  }

  /** What failed at one site would fail at the others of its page. */
  pageFailed(host: number): void {
    if (this.#failingPages.size >= MAX_SITES) this.#failingPages.clear();
    this.#failingPages.add(pageOf(host));
  }

  isFailing(host: number): boolean {
    return this.#failing.has(host) || this.#failingPages.has(pageOf(host));
  }

  /** Offsets of those that fail in the page at a host address. */
  in(host: number): number[] | 'all' {
    return this.#failingPages.has(pageOf(host)) ? 'all' : this.#failing.in(host);
  }

  clear(): void {
    this.#failures.clear();
    this.#failing.clear();
    this.#failingPages.clear();
  }
}

/** What one region takes for granted, and where. */
export class WatchedSites {
  readonly #hosts = new Map<FailingSites, Set<number>>();

  add(sites: FailingSites, host: number): void {
    sites.watch(host);
    const hosts = this.#hosts.get(sites);
    if (hosts === undefined) this.#hosts.set(sites, new Set([host]));
    else hosts.add(host);
  }

  /** Whether what a region has left to the interpreter makes it one to be translated anew. */
  failed(sites: FailingSites, host: number): boolean {
    const hosts = this.#hosts.get(sites);
    if (hosts?.has(host) !== true || !sites.failed(host)) return false;
    sites.include(hosts);
    return true;
  }
}
