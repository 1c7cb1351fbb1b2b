// Consoles of one machine: pace, merging, late comers, input, and hostile windows.

import { describe, expect, it } from 'vitest';
import {
  decodeToWindow,
  encodeToMachine,
  type FrameMessage,
  type ToMachine,
  type ToWindow,
} from '../../../shared/rpc/console-protocol.ts';
import { ConsoleHub, type ConsoleMachine } from '../../../src-main/host/console-hub.ts';
import { DriveActivityLog } from '../../../src-main/host/drive-activity.ts';
import type { Frame, RunnerEvents } from '../../../src-main/host/machine-runner.ts';
import { byteChannelPair } from '../../support/channel-pair.ts';
import { eventually } from '../../support/eventually.ts';

/** Records what the hub asks of it; the test raises its events. */
class RecordingMachine implements ConsoleMachine {
  readonly asked: unknown[][] = [];
  readonly #handlers: { [K in keyof RunnerEvents]?: ((...payload: RunnerEvents[K]) => void)[] } = {};

  keyboard = (scanCodes: Uint8Array) => void this.asked.push(['keyboard', ...scanCodes]);
  mouse = (...movement: number[]) => void this.asked.push(['mouse', ...movement]);
  serialWrite = (port: number, bytes: Uint8Array) => void this.asked.push(['serial', port, ...bytes]);
  wantFrames = (wanted: boolean) => void this.asked.push(['wantFrames', wanted]);
  frameDone = () => void this.asked.push(['frameDone']);

  on<K extends keyof RunnerEvents>(event: K, handler: (...payload: RunnerEvents[K]) => void) {
    const list = (this.#handlers[event] ??= []) as ((...payload: RunnerEvents[K]) => void)[];
    list.push(handler);
    return { dispose: () => undefined };
  }

  raise<K extends keyof RunnerEvents>(event: K, ...payload: RunnerEvents[K]): void {
    for (const handler of this.#handlers[event] ?? []) handler(...payload);
  }

  count(name: string): number {
    return this.asked.filter(([asked]) => asked === name).length;
  }
}

function frame(dirty: Frame['dirty'], width = 200, height = 100): Frame {
  const pixels = new Uint8Array(width * height * 4);
  for (let index = 0; index < width * height; index++)
    pixels.set([index & 0xff, index >> 8, 0, 255], index * 4);
  return { width, height, dirty, pixels, text: undefined };
}

const WHOLE = [{ x: 0, y: 0, width: 200, height: 100 }];
const settled = () => new Promise((resolve) => setImmediate(resolve));

function hub(port: number | undefined = 0) {
  const machine = new RecordingMachine();
  const consoles = new ConsoleHub(machine, port, new DriveActivityLog(['disk0', 'cd0']));
  const connect = () => {
    const [window, channel] = byteChannelPair();
    const received: ToWindow[] = [];
    window.onMessage((bytes) => void received.push(decodeToWindow(bytes)));
    consoles.connect(channel);
    return {
      received,
      channel: window,
      frames: () => received.filter((message): message is FrameMessage => message.type === 'frame'),
      tell: async (message: ToMachine) => {
        window.send(encodeToMachine(message));
        await settled();
      },
    };
  };
  return { machine, consoles, connect };
}

describe('frames', () => {
  it('carry the pixels of what is dirty', async () => {
    const { machine, connect } = hub();
    const window = connect();
    machine.raise('frame', frame(WHOLE));
    machine.raise('frame', frame([{ x: 70, y: 10, width: 2, height: 2 }]));
    await settled();
    const [first, second] = window.frames();
    expect(first?.tiles.map(({ x, y, width, height }) => [x, y, width, height])).toEqual([
      [0, 0, 200, 64],
      [0, 64, 200, 36],
    ]);
    expect(second?.tiles).toHaveLength(1);
    const tile = second?.tiles[0];
    expect(tile).toMatchObject({ x: 64, y: 0, width: 64, height: 64 });
    // The pixel at 70, 10 counts 2070 from the first.
    expect([...(tile?.pixels.subarray((10 * 64 + 6) * 4, (10 * 64 + 6) * 4 + 4) ?? [])]).toEqual([
      2070 & 0xff,
      2070 >> 8,
      0,
      255,
    ]);
  });

  it('wait for acknowledgement, merge meanwhile, and hold the machine back', async () => {
    const { machine, connect } = hub();
    const window = connect();
    machine.raise('frame', frame(WHOLE));
    machine.raise('frame', frame([{ x: 0, y: 0, width: 1, height: 1 }]));
    await settled();
    expect(window.frames()).toHaveLength(2);
    expect(machine.count('frameDone')).toBe(1);
    machine.raise('frame', frame([{ x: 0, y: 0, width: 1, height: 1 }]));
    machine.raise('frame', frame([{ x: 199, y: 99, width: 1, height: 1 }]));
    await settled();
    expect(window.frames()).toHaveLength(2);
    expect(machine.count('frameDone')).toBe(1);
    await window.tell({ type: 'ack', sequence: window.frames()[0]?.sequence ?? 0 });
    expect(window.frames()).toHaveLength(3);
    expect(window.frames()[2]?.tiles.map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [192, 64],
    ]);
    await window.tell({ type: 'ack', sequence: window.frames()[1]?.sequence ?? 0 });
    expect(machine.count('frameDone')).toBe(2);
  });

  it('are no more for acknowledging what was never sent', async () => {
    const { machine, connect } = hub();
    const window = connect();
    for (let index = 0; index < 2; index++) machine.raise('frame', frame(WHOLE));
    await settled();
    for (let sequence = 100; sequence < 110; sequence++) await window.tell({ type: 'ack', sequence });
    machine.raise('frame', frame(WHOLE));
    await settled();
    expect(window.frames()).toHaveLength(2);
  });

  it('do not make a quick window wait for a slow one', async () => {
    const { machine, connect } = hub();
    const [slow, quick] = [connect(), connect()];
    for (let index = 0; index < 5; index++) {
      machine.raise('frame', frame(WHOLE));
      await settled();
      await quick.tell({ type: 'ack', sequence: quick.frames().at(-1)?.sequence ?? 0 });
    }
    expect(slow.frames()).toHaveLength(2);
    expect(quick.frames()).toHaveLength(5);
    expect(machine.count('frameDone')).toBe(5);
  });

  it('are whole after a change of size, and on request', async () => {
    const { machine, connect } = hub();
    const window = connect();
    machine.raise('frame', frame(WHOLE));
    machine.raise('frame', frame([], 100, 50));
    await settled();
    expect(window.frames()[1]).toMatchObject({ width: 100, height: 50, tiles: [{ width: 100, height: 50 }] });
    await window.tell({ type: 'ack', sequence: window.frames()[0]?.sequence ?? 0 });
    await window.tell({ type: 'refresh' });
    expect(window.frames()[2]).toMatchObject({ tiles: [{ width: 100, height: 50 }] });
  });

  it('carry the text layer, and none that is too large for the protocol', async () => {
    const { machine, connect } = hub();
    const window = connect();
    const text = { columns: 3, rows: ['abc'], cursor: { column: 1, row: 0 } };
    machine.raise('frame', { ...frame(WHOLE), text });
    machine.raise('frame', { ...frame([]), width: 5000, height: 1 });
    await settled();
    expect(window.frames()).toHaveLength(1);
    expect(window.frames()[0]?.text).toEqual(text);
    expect(machine.count('frameDone')).toBe(2);
  });

  it('stop when nobody looks', () => {
    const { machine, connect } = hub();
    const [one, two] = [connect(), connect()];
    one.channel.close();
    return settled().then(async () => {
      expect(machine.asked).not.toContainEqual(['wantFrames', false]);
      two.channel.close();
      await settled();
      expect(machine.asked.at(-1)).toEqual(['wantFrames', false]);
    });
  });
});

describe('the serial port', () => {
  const text = (window: { received: ToWindow[] }) =>
    window.received
      .map((message) => (message.type === 'serialOut' ? String.fromCharCode(...message.bytes) : ''))
      .join('');

  it('reaches every window, later ones with what came before', async () => {
    const { machine, connect } = hub(1);
    const early = connect();
    machine.raise('serial', 1, Uint8Array.from([104, 105]));
    machine.raise('serial', 0, Uint8Array.of(33));
    const late = connect();
    await settled();
    expect([text(early), text(late)]).toEqual(['hi', 'hi']);
  });

  it('remembers a bounded amount, the latest', async () => {
    const { machine, connect } = hub(0);
    for (let index = 0; index < 40; index++)
      machine.raise('serial', 0, new Uint8Array(16 * 1024).fill(index));
    const window = connect();
    await settled();
    const chunks = window.received.filter((message) => message.type === 'serialOut');
    expect(chunks.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(256 * 1024);
    expect(chunks.at(-1)?.bytes.at(-1)).toBe(39);
  });

  it('does not pile up for a window that reads nothing', async () => {
    const { machine, consoles } = hub(0);
    const [deaf, channel] = byteChannelPair();
    consoles.connect(channel);
    channel.unsent = 100 * 1024 * 1024;
    machine.raise('serial', 0, Uint8Array.of(1));
    await settled();
    await settled();
    expect(deaf.closed).toBe(true);
  });

  it('takes input for the port that is shown, and no other', async () => {
    const { machine, connect } = hub(1);
    const window = connect();
    await window.tell({ type: 'serialIn', port: 1, bytes: Uint8Array.of(13) });
    await window.tell({ type: 'serialIn', port: 0, bytes: Uint8Array.of(14) });
    expect(machine.asked.filter(([name]) => name === 'serial')).toEqual([['serial', 1, 13]]);
  });
});

describe('windows', () => {
  it('pass keys and movements on, and release what they hold when they go', async () => {
    const { machine, connect } = hub();
    const window = connect();
    await window.tell({ type: 'keyboard', scanCodes: Uint8Array.of(0x1d, 0xe0, 0x48, 0x1e, 0x9e) });
    await window.tell({ type: 'mouse', dx: 1, dy: -2, wheel: 0, buttons: 4 });
    window.channel.close();
    await settled();
    expect(machine.asked.filter(([name]) => name === 'keyboard' || name === 'mouse')).toEqual([
      ['keyboard', 0x1d, 0xe0, 0x48, 0x1e, 0x9e],
      ['mouse', 1, -2, 0, 4],
      ['keyboard', 0x9d, 0xe0, 0xc8],
    ]);
  });

  it('are told the LEDs', async () => {
    const { machine, connect } = hub();
    machine.raise('keyboardLeds', 2);
    const window = connect();
    await settled();
    expect(window.received[0]).toEqual({ type: 'leds', scrollLock: false, numLock: true, capsLock: false });
  });

  it('are told together what drives did since they were last told', async () => {
    const { machine, connect } = hub();
    const window = connect();
    machine.raise('driveTransfer', 'cd0', 'read', 2048);
    machine.raise('driveTransfer', 'disk0', 'read', 512);
    machine.raise('driveTransfer', 'disk0', 'write', 512);
    machine.raise('driveTransfer', 'disk9', 'write', 512);
    const told = () => window.received.flatMap((message) => (message.type === 'activity' ? [message.drives] : []));
    await eventually(() => told().length > 0, 'the activity');
    expect(told()).toEqual([
      [
        { drive: 0, read: true, written: true },
        { drive: 1, read: true, written: false },
      ],
    ]);
  });

  it.each([
    ['nonsense', Uint8Array.of(1, 2, 3)],
    ['nothing', new Uint8Array(0)],
    ['a piano of keys', encodeToMachine({ type: 'keyboard', scanCodes: new Uint8Array(1000) })],
  ])('that send %s are hung up on, alone', async (_what, bytes) => {
    const { machine, connect } = hub();
    const [bad, good] = [connect(), connect()];
    bad.channel.send(bytes);
    await settled();
    await settled();
    machine.raise('frame', frame(WHOLE));
    await settled();
    expect([bad.channel.closed, good.channel.closed]).toEqual([true, false]);
    expect(good.frames()).toHaveLength(1);
  });

  it('are so many and no more, and all hear of the end', async () => {
    const { consoles, connect } = hub();
    const windows = Array.from({ length: 10 }, connect);
    await settled();
    expect(windows.filter(({ channel }) => channel.closed)).toHaveLength(2);
    consoles.close();
    await settled();
    expect(windows.every(({ channel }) => channel.closed)).toBe(true);
  });
});
