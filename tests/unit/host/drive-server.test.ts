// A drive of a machine and the server of its image, joined as the two threads join them.

import { describe, expect, it } from 'vitest';
import type { DriveOutcome, DriveRequest } from '../../../src-main/engine/block/drive.ts';
import { ManualClock } from '../../../src-main/engine/bus/manual-clock.ts';
import type { MachineEvent } from '../../../src-main/engine/machine/messages.ts';
import { RemoteDrive } from '../../../src-main/engine/machine/remote-drive.ts';
import { createTemporaryOverlay } from '../../../src-main/engine/block/index.ts';
import type { BlockNode } from '../../../src-main/engine/block/node.ts';
import { type CacheMode, type DriveImage, DriveServer, mediumOf } from '../../../src-main/host/drive-server.ts';
import { MemoryNode } from '../../support/memory-node.ts';

function build(node: MemoryNode, cache: CacheMode = 'writeback') {
  const clock = new ManualClock();
  const events: MachineEvent[] = [];
  const failures: string[] = [];
  const image = { node, cache };
  const drive = new RemoteDrive({
    id: 'hd',
    kind: 'disk',
    medium: mediumOf(image),
    clock,
    emit: (event) => {
      events.push(event);
      if (event.kind === 'drive-request') server.request(event);
    },
  });
  const server = new DriveServer({
    images: new Map([['hd', image]]),
    send: (command) => {
      if (command.kind === 'drive-done') drive.complete(command.request, command.outcome);
      else if (command.kind === 'medium') drive.change(command.medium, command.mediumNumber);
    },
    onFailure: (id, error) => failures.push(`${id}: ${error.message}`),
  });
  const ask = (
    operation: DriveRequest['operation'],
    offset = 0,
    data: Uint8Array[] = [],
    length?: number,
  ): Promise<DriveOutcome> =>
    new Promise((done) => {
      const bytes = length ?? data.reduce((sum, view) => sum + view.length, 0);
      drive.submit({ operation, offset, length: bytes, data, done });
      clock.advance(0);
    });
  return { clock, events, failures, drive, server, ask };
}

const pattern = (bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, at) => (at * 7 + 1) & 0xff);

describe('requests', () => {
  it('scatter what is read and gather what is written over several views', async () => {
    const node = new MemoryNode(pattern(4096));
    const { ask } = build(node);
    const memory = new Uint8Array(3000);
    const views = [memory.subarray(0, 100), memory.subarray(1000, 1412)];
    expect(await ask('read', 512, views)).toBe('ok');
    expect([...views[0]!, ...views[1]!]).toEqual([...node.content.subarray(512, 1024)]);
    expect(await ask('write', 0, views)).toBe('ok');
    expect(node.content.subarray(0, 512)).toEqual(pattern(4096).subarray(512, 1024));
  });

  it('reach the node in one call where the views follow each other', async () => {
    const node = new MemoryNode(pattern(4096));
    const { ask } = build(node);
    const memory = new Uint8Array(1024);
    await ask('read', 0, [memory.subarray(0, 512), memory.subarray(512)]);
    expect(node.calls).toEqual(['read 0+1024']);
    expect(memory).toEqual(node.content.subarray(0, 1024));
  });

  it('are refused without the host where the medium says enough', async () => {
    const node = new MemoryNode(pattern(1024), true);
    const { ask } = build(node);
    expect(await ask('write', 0, [new Uint8Array(512)])).toBe('write-protected');
    expect(await ask('read', 1024, [new Uint8Array(512)])).toBe('out-of-range');
    expect(node.calls).toEqual([]);
  });

  it('never complete from inside submit', () => {
    const { drive, clock } = build(new MemoryNode(pattern(512)));
    let outcome: DriveOutcome | undefined;
    drive.submit({
      operation: 'read',
      offset: 4096,
      length: 512,
      data: [],
      done: (is) => {
        outcome = is;
      },
    });
    expect(outcome).toBeUndefined();
    clock.advance(0);
    expect(outcome).toBe('out-of-range');
  });

  it('read zeroes behind an image that ends inside a sector, and complete the sector when it is written', async () => {
    const node = new MemoryNode(pattern(700));
    const { ask, drive } = build(node);
    expect(drive.medium?.bytes).toBe(1024);
    const sector = new Uint8Array(512).fill(0xee);
    expect(await ask('read', 512, [sector])).toBe('ok');
    expect(sector.subarray(0, 188)).toEqual(node.content.subarray(512));
    expect(sector.subarray(188)).toEqual(new Uint8Array(324));
    expect(await ask('write', 512, [pattern(512)])).toBe('ok');
    expect(node.length).toBe(1024);
    expect(node.content.subarray(512)).toEqual(pattern(512));
  });

  it('give ranges back and zero them', async () => {
    const node = new MemoryNode(pattern(4096));
    const { ask } = build(node);
    expect(await ask('discard', 512, [], 1024)).toBe('ok');
    expect(await ask('write-zeroes', 2048, [], 512)).toBe('ok');
    expect(node.calls).toEqual(['discard 512+1024', 'unmap 2048+512']);
  });
});

describe('durability', () => {
  it.each([
    ['writeback', ['write 0+512', 'flush']],
    ['writethrough', ['write 0+512', 'flush', 'flush']],
    ['unsafe', ['write 0+512']],
  ] as const)('%s', async (cache, calls) => {
    const node = new MemoryNode(pattern(512));
    const { ask } = build(node, cache);
    await ask('write', 0, [new Uint8Array(512)]);
    expect(await ask('flush')).toBe('ok');
    expect(node.calls).toEqual(calls);
  });

  it('closing lets writes finish first, and happens once', async () => {
    const node = new MemoryNode(pattern(512));
    const { ask, server } = build(node);
    let open = (): void => {};
    node.gate = new Promise((resolve) => {
      open = resolve;
    });
    const written = ask('write', 0, [new Uint8Array(512).fill(9)]);
    const closed = server.close();
    expect(node.closed).toBe(false);
    open();
    await closed;
    expect(await written).toBe('ok');
    await server.close();
    expect(node.content[0]).toBe(9);
    expect(node.calls).toEqual(['write 0+512', 'close']);
  });
});

describe('failures of the host', () => {
  it.each([
    ['io-error', 'io-error'],
    ['no-space', 'no-space'],
    ['read-only', 'write-protected'],
    ['corrupt', 'io-error'],
  ] as const)('%s becomes the outcome %s', async (failure, outcome) => {
    const node = new MemoryNode(pattern(512));
    const { ask, failures } = build(node);
    node.failure = failure;
    expect(await ask('write', 0, [new Uint8Array(512)])).toBe(outcome);
    expect(failures).toEqual([`hd: disk.img: ${failure}`]);
  });

  it('are told once until it works again', async () => {
    const node = new MemoryNode(pattern(512));
    const { ask, failures } = build(node);
    node.failure = 'io-error';
    await ask('read', 0, [new Uint8Array(512)]);
    await ask('read', 0, [new Uint8Array(512)]);
    expect(failures).toHaveLength(1);
    node.failure = undefined;
    await ask('read', 0, [new Uint8Array(512)]);
    node.failure = 'io-error';
    await ask('read', 0, [new Uint8Array(512)]);
    expect(failures).toHaveLength(2);
  });
});

describe('changing the medium', () => {
  it('tells the drive, closes the former image after its requests, and keeps these from the new one', async () => {
    const first = new MemoryNode(pattern(512));
    const second = new MemoryNode(new Uint8Array(1024));
    const { ask, server, drive } = build(first);
    let changes = 0;
    drive.onMediumChange(() => {
      changes += 1;
    });
    let open = (): void => {};
    first.gate = new Promise((resolve) => {
      open = resolve;
    });
    const late = ask('write', 0, [new Uint8Array(512).fill(5)]);
    const changed = server.change('hd', { node: second });
    expect(changes).toBe(1);
    expect(drive.medium).toEqual({ bytes: 1024, readOnly: false });
    open();
    await changed;
    expect(await late).toBe('ok');
    expect(first.calls).toEqual(['write 0+512', 'close']);
    expect(await ask('read', 512, [new Uint8Array(512)])).toBe('ok');
    expect(second.calls).toEqual(['read 512+512']);
    await server.change('hd', undefined);
    expect(drive.medium).toBeUndefined();
    expect(await ask('read', 0, [new Uint8Array(512)])).toBe('no-medium');
  });
});

describe('a new layer for a drive', () => {
  const node = (fill: number, bytes = 1024) => new MemoryNode(new Uint8Array(bytes).fill(fill));
  const first = async ({ ask }: ReturnType<typeof build>): Promise<number | undefined> => {
    const view = new Uint8Array(512);
    expect(await ask('read', 0, [view])).toBe('ok');
    return view[0];
  };
  const write = ({ ask }: ReturnType<typeof build>, fill: number) => ask('write', 0, [new Uint8Array(512).fill(fill)]);
  /** A layer of the temporary kind, and `again` in place of what is below it. */
  const layering = (again: MemoryNode) => ({
    drive: 'hd', open: async (below: BlockNode) => ({ node: createTemporaryOverlay(below) }), reopen: async () => ({ node: again }),
  });

  it('takes the requests from then on, without a disk being waited for, and the guest sees no change of the medium', async () => {
    const below = node(1);
    const board = build(below);
    let changes = 0;
    board.drive.onMediumChange(() => { changes += 1; });
    const layers = await board.server.openLayers([layering(node(1))]);
    expect(await write(board, 4)).toBe('ok');
    board.server.layer(layers);
    expect(await write(board, 5)).toBe('ok');
    expect([below.content[0], await first(board), changes]).toEqual([4, 5, 0]);
    expect(below.calls.filter((call) => call === 'flush' || call === 'close')).toEqual([]);
  });

  it('is durable only together with what is below it', async () => {
    const below = node(1);
    const board = build(below);
    board.server.layer(await board.server.openLayers([layering(node(1))]));
    board.server.layer(await board.server.openLayers([layering(node(1))]));
    below.failure = 'io-error';
    expect(await board.ask('flush')).toBe('io-error');
    below.failure = undefined;
    expect(await board.ask('flush')).toBe('ok');
    expect(below.calls.at(-1)).toBe('flush');
  });

  it('is opened by itself once all is durable, while requests wait', async () => {
    const below = node(1);
    const again = node(7);
    const board = build(below);
    const layers = await board.server.openLayers([layering(again)]);
    board.server.layer(layers);
    let open = (): void => {};
    below.gate = new Promise((resolve) => { open = resolve; });
    const read = first(board);
    const settled = board.server.settle(layers);
    open();
    expect(await read).toBe(1);
    await settled;
    expect(below.calls.toSorted()).toEqual(['close', 'flush', 'read 0+512']);
    expect(below.calls.at(-1)).toBe('close');
    expect([await first(board), again.closed]).toEqual([7, false]);
    await board.server.close();
    expect(again.closed).toBe(true);
  });

  it('takes the image below it along when the machine ends before that', async () => {
    const below = node(1);
    const again = node(1);
    const board = build(below);
    const layers = await board.server.openLayers([layering(again)]);
    board.server.layer(layers);
    let open = (): void => {};
    below.gate = new Promise((resolve) => { open = resolve; });
    const settled = board.server.settle(layers);
    await board.server.close();
    open();
    await settled;
    expect(below.calls.filter((call) => call === 'close')).toHaveLength(1);
    expect(again.calls).toEqual([]);
  });

  it('that cannot be opened, is of another size or not wanted any more leaves the drive as it was', async () => {
    const image = node(1);
    const board = build(image);
    const failing = (open: () => Promise<DriveImage>) => board.server.openLayers([layering(node(1)), { ...layering(node(1)), open }]);
    await expect(failing(() => Promise.reject(new Error('no such file')))).rejects.toThrow('no such file');
    await expect(failing(async () => ({ node: node(1, 2048) }))).rejects.toThrow(/another size/);
    await board.server.closeLayers(await board.server.openLayers([layering(node(1))]));
    expect(await write(board, 5)).toBe('ok');
    expect([image.content[0], image.closed]).toEqual([5, false]);
  });
});

describe('another image with the same content', () => {
  const node = (fill: number, bytes = 1024) => new MemoryNode(new Uint8Array(bytes).fill(fill));

  it('that cannot be opened, or is of another size, leaves the drive on its former image', async () => {
    const board = build(node(1));
    const again = node(1);
    const exchange = (open: () => Promise<DriveImage>) => board.server.exchange([{ drive: 'hd', open, reopen: async () => ({ node: again }) }]);
    await expect(exchange(() => Promise.reject(new Error('no such file')))).rejects.toThrow('no such file');
    await expect(exchange(async () => ({ node: node(1, 2048) }))).rejects.toThrow(/another size/);
    expect(await board.ask('write', 0, [new Uint8Array(512).fill(5)])).toBe('ok');
    expect(again.content[0]).toBe(5);
  });
});
