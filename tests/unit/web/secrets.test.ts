// Tokens, sessions and tickets: once, in time, and for their own.

import { describe, expect, it } from 'vitest';
import { Secrets } from '../../../src-main/web/secrets.ts';

describe('secrets', () => {
  it('a token opens one session, once', () => {
    const secrets = new Secrets();
    const token = secrets.issueToken();
    const key = secrets.openSession(token) ?? '';
    expect(secrets.isSession(key)).toBe(true);
    expect(secrets.openSession(token)).toBeUndefined();
    for (const other of ['', token, `${key}x`, key.slice(1)]) expect(secrets.isSession(other)).toBe(false);
  });

  it('a token expires, a session does not', () => {
    let now = 0;
    const secrets = new Secrets(() => now);
    const [used, late] = [secrets.issueToken(), secrets.issueToken()];
    const key = secrets.openSession(used) ?? '';
    now = 60 * 60_000;
    expect(secrets.openSession(late)).toBeUndefined();
    expect(secrets.isSession(key)).toBe(true);
  });

  it('a ticket is for one machine, one session, one time and a short one', () => {
    let now = 0;
    const secrets = new Secrets(() => now);
    const [mine, theirs] = ['a', 'b'].map(() => secrets.openSession(secrets.issueToken()) ?? '') as [
      string,
      string,
    ];
    const ticket = secrets.issueTicket(mine, 'm');
    expect(secrets.redeemTicket(mine, 'x')).toBeUndefined();
    expect(secrets.redeemTicket(mine, ticket)).toBe('m');
    expect(secrets.redeemTicket(mine, ticket)).toBeUndefined();
    const stolen = secrets.issueTicket(mine, 'm');
    expect(secrets.redeemTicket(theirs, stolen)).toBeUndefined();
    const slow = secrets.issueTicket(mine, 'm');
    now = 31_000;
    expect(secrets.redeemTicket(mine, slow)).toBeUndefined();
  });

  it('are bounded: the oldest go', () => {
    const secrets = new Secrets();
    const first = secrets.issueToken();
    for (let index = 0; index < 20; index++) secrets.issueToken();
    expect(secrets.openSession(first)).toBeUndefined();
  });
});
