// Input of a serial port waits for a guest that listens, so that none is lost while drivers set up the UART.

import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../src-main/engine/bus/manual-clock.ts';
import { Uart16550 } from '../../../src-main/engine/devices/uart16550/uart16550.ts';
import { SerialPort } from '../../../src-main/engine/machine/serial-port.ts';

const MS = 1_000_000;
const [DATA, IER, FCR, LSR] = [0, 1, 2, 5];

function build() {
  const clock = new ManualClock();
  const events: string[] = [];
  let uart: Uart16550;
  const port = new SerialPort(clock, {
    output: () => events.push('output'),
    drained: () => events.push('drained'),
    receiveInterruptEnabled: () => (uart.state.ier & 1) !== 0,
    inputAvailable: () => uart.inputAvailable(),
  });
  uart = new Uart16550(
    { clock, log: { log() {} }, dma: { read() {}, write() {}, views: () => [], written() {} }, irq: () => ({ set() {} }) },
    { id: 'uart0', base: 0x3f8, peer: port },
  );
  const read = (register: number) => uart.read(0, register, 1);
  const write = (register: number, value: number) => uart.write(0, register, 1, value);
  /** What the guest reads until nothing is ready. */
  const receive = () => {
    let text = '';
    while (read(LSR) & 1) text += String.fromCharCode(read(DATA));
    return text;
  };
  const send = (text: string) => port.send(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  return { clock, events, port, read, write, receive, send };
}

describe('input before the guest listens', () => {
  it('survives a driver that sets the UART up and clears its FIFO', () => {
    const guest = build();
    guest.send('echo one\necho two\n');
    guest.clock.advance(1000 * MS);
    guest.write(FCR, 7);
    guest.write(FCR, 0);
    guest.read(DATA);
    guest.write(IER, 5);
    guest.write(FCR, 7);
    expect(guest.read(LSR) & 1).toBe(0);
    guest.clock.advance(20 * MS);
    expect(guest.receive()).toBe('echo one\necho two\n');
    expect(guest.events).toEqual(['drained']);
  });

  it('is given to a guest that polls', () => {
    const guest = build();
    guest.send('x');
    for (let i = 0; i < 100; i++) guest.read(LSR);
    expect(guest.receive()).toBe('x');
  });

  it('is not given to one that polls only to send', () => {
    const guest = build();
    guest.send('x');
    for (let i = 0; i < 1000; i++) {
      guest.read(LSR);
      guest.write(DATA, 0x2e);
    }
    expect(guest.read(LSR) & 1).toBe(0);
    expect(guest.port.output.take()?.length).toBe(1000);
  });

  it('waits again after a reset', () => {
    const guest = build();
    guest.write(IER, 1);
    guest.send('a');
    guest.clock.advance(20 * MS);
    expect(guest.receive()).toBe('a');
    guest.write(IER, 0);
    guest.port.reset();
    guest.send('b');
    guest.clock.advance(20 * MS);
    expect(guest.read(LSR) & 1).toBe(0);
    guest.write(IER, 1);
    guest.clock.advance(20 * MS);
    expect(guest.receive()).toBe('b');
  });
});

it('output is announced once and taken in one piece', () => {
  const guest = build();
  for (const c of 'hello') guest.write(DATA, c.charCodeAt(0));
  expect(guest.events).toEqual(['output']);
  expect(String.fromCharCode(...(guest.port.output.take() ?? []))).toBe('hello');
  expect(guest.port.output.take()).toBeUndefined();
});
