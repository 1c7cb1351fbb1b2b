// The two sides of a contract, joined: what crosses, and what a hostile other side can do.

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connect } from '../../../../shared/rpc/connect.ts';
import type { Contract } from '../../../../shared/rpc/contract.ts';
import { FailureError } from '../../../../shared/rpc/failure.ts';
import { serve } from '../../../../shared/rpc/serve.ts';
import { channelPair } from '../../../support/channel-pair.ts';
import { eventually } from '../../../support/eventually.ts';

const contract = {
  calls: {
    double: { input: z.number(), output: z.number() },
    nothing: { input: z.undefined(), output: z.undefined() },
    fail: { input: z.string(), output: z.undefined() },
    slow: { input: z.undefined(), output: z.undefined() },
  },
  events: { tick: z.number() },
} as const satisfies Contract;

function joined(options: { maxInProgress?: number } = {}) {
  const [window, main] = channelPair();
  const unexpected: unknown[] = [];
  const server = serve(
    contract,
    main,
    {
      double: (value) => value * 2,
      nothing: () => undefined,
      fail: (kind) => {
        if (kind === 'expected') throw new FailureError('files.notFound', 'Not there.', { path: 'x' });
        throw new Error('secret path /home/someone');
      },
      slow: () => new Promise<undefined>(() => undefined),
    },
    { ...options, onUnexpected: (_name, error) => unexpected.push(error) },
  );
  return { client: connect(contract, window), server, window, main, unexpected };
}

describe('a contract', () => {
  it('answers calls', async () => {
    const { client } = joined();
    expect(await client.call('double', 21)).toBe(42);
    expect(await client.call('nothing')).toBeUndefined();
  });

  it('carries expected failures with code and detail', async () => {
    const { client } = joined();
    await expect(client.call('fail', 'expected')).rejects.toMatchObject({
      name: 'FailureError',
      code: 'files.notFound',
      message: 'Not there.',
      detail: { path: 'x' },
    });
  });

  it('keeps the text of defects on its side', async () => {
    const { client, unexpected } = joined();
    const error = await client.call('fail', 'other').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'rpc.internal' });
    expect(String(error)).not.toContain('secret');
    expect(unexpected).toHaveLength(1);
  });

  it('refuses inputs of a wrong form and unknown calls', async () => {
    const { client } = joined();
    await expect(client.call('double', 'x' as never)).rejects.toMatchObject({ code: 'rpc.invalidInput' });
    for (const name of ['none', 'constructor', '__proto__'])
      await expect(client.call(name as never)).rejects.toMatchObject({ code: 'rpc.unknownCall' });
  });

  it('refuses more calls at once than it can bear', async () => {
    const { client } = joined({ maxInProgress: 2 });
    void client.call('slow').catch(() => undefined);
    void client.call('slow').catch(() => undefined);
    await expect(client.call('double', 1)).rejects.toMatchObject({ code: 'rpc.tooManyCalls' });
  });

  it('does not take an answer of a wrong form for a value', async () => {
    const [window, main] = channelPair();
    main.onMessage((message) => main.send({ type: 'done', id: (message as { id: number }).id, output: 'x' }));
    await expect(connect(contract, window).call('double', 1)).rejects.toMatchObject({
      code: 'rpc.invalidOutput',
    });
  });

  it('ignores messages that are nothing', async () => {
    const { client, main, window } = joined();
    for (const message of [
      null,
      7,
      'x',
      [],
      { type: 'done' },
      { type: 'done', id: 99 },
      { type: 'event', name: 'toString' },
    ]) {
      main.send(message);
      window.send(message);
    }
    expect(await client.call('double', 2)).toBe(4);
  });

  it('delivers events of a right form until told to stop', async () => {
    const { client, server, main } = joined();
    const ticks: number[] = [];
    const stop = client.on('tick', (value) => ticks.push(value));
    main.send({ type: 'event', name: 'tick', payload: 'no number' });
    server.emit('tick', 1);
    await eventually(() => ticks.length === 1, 'the event');
    stop();
    server.emit('tick', 2);
    await client.call('nothing');
    expect(ticks).toEqual([1]);
  });

  it('fails what is open, and what follows, when the channel closes', async () => {
    const { client, main } = joined();
    let closed = 0;
    client.onClose(() => (closed += 1));
    const open = client.call('slow');
    main.close();
    await expect(open).rejects.toMatchObject({ code: 'rpc.closed' });
    await expect(client.call('nothing')).rejects.toMatchObject({ code: 'rpc.closed' });
    expect(closed).toBe(1);
  });
});
