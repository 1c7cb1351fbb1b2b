// The secrets of the browser shell: one-time tokens that open a session, session keys, and console tickets bound to a
// session. All comparisons take the same time wherever the difference is.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { MachineId } from '../../shared/machine/config.ts';

const TOKEN_LIFE_MS = 10 * 60_000;
const TICKET_LIFE_MS = 30_000;
const MAX_TOKENS = 16;
const MAX_SESSIONS = 64;
const MAX_TICKETS = 64;

interface Secret<T> {
  readonly digest: Buffer;
  readonly expiresMs: number;
  readonly value: T;
}

/** A bounded set of secrets, each with a value; the oldest goes when there are too many. */
class SecretSet<T> {
  readonly #now: () => number;
  readonly #limit: number;
  readonly #lifeMs: number;
  #secrets: Secret<T>[] = [];

  constructor(now: () => number, limit: number, lifeMs: number) {
    this.#now = now;
    this.#limit = limit;
    this.#lifeMs = lifeMs;
  }

  issue(value: T): string {
    const text = randomBytes(32).toString('base64url');
    const expiresMs = this.#now() + this.#lifeMs;
    this.#secrets = [...this.#secrets.slice(-this.#limit + 1), { digest: digest(text), expiresMs, value }];
    return text;
  }

  find(text: string): Secret<T> | undefined {
    const wanted = digest(text);
    let found: Secret<T> | undefined;
    // Every secret is compared, so that the time says nothing about which one it was.
    for (const secret of this.#secrets) if (timingSafeEqual(secret.digest, wanted)) found = secret;
    return found && found.expiresMs > this.#now() ? found : undefined;
  }

  take(text: string): Secret<T> | undefined {
    const found = this.find(text);
    if (found) this.#secrets = this.#secrets.filter((secret) => secret !== found);
    return found;
  }
}

export class Secrets {
  readonly #tokens: SecretSet<null>;
  readonly #sessions: SecretSet<null>;
  readonly #tickets: SecretSet<{ readonly session: Buffer; readonly machine: MachineId }>;

  constructor(now: () => number = Date.now) {
    this.#tokens = new SecretSet(now, MAX_TOKENS, TOKEN_LIFE_MS);
    this.#sessions = new SecretSet(now, MAX_SESSIONS, Number.POSITIVE_INFINITY);
    this.#tickets = new SecretSet(now, MAX_TICKETS, TICKET_LIFE_MS);
  }

  issueToken(): string {
    return this.#tokens.issue(null);
  }

  /** Session key for a one-time token; the token is used up. */
  openSession(token: string): string | undefined {
    return this.#tokens.take(token) && this.#sessions.issue(null);
  }

  isSession(key: string): boolean {
    return this.#sessions.find(key) !== undefined;
  }

  issueTicket(key: string, machine: MachineId): string {
    return this.#tickets.issue({ session: digest(key), machine });
  }

  /** The machine a ticket is for, if it was issued to this session. */
  redeemTicket(key: string, ticket: string): MachineId | undefined {
    const found = this.#tickets.take(ticket);
    if (!found || !timingSafeEqual(found.value.session, digest(key))) return undefined;
    return found.value.machine;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
