// Very small Multiboot kernels, put together from bytes: 32-bit code at 1 MiB with a few instructions each.

export const KERNEL_BASE = 0x10_0000;
const CODE_OFFSET = 0x30;
const HEADER_FIELDS = 5;

const word = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
const dword = (value: number): number[] => [...word(value), ...word(value >>> 16)];

/** mov dx, port */
const port = (number: number): number[] => [0x66, 0xba, ...word(number)];

export const code = {
  outb: (to: number, value: number): number[] => [...port(to), 0xb0, value, 0xee],
  outw: (to: number, value: number): number[] => [...port(to), 0x66, 0xb8, ...word(value), 0x66, 0xef],
  /** Writes text to COM1. */
  print: (text: string): number[] => [...text].flatMap((c) => code.outb(0x3f8, c.charCodeAt(0))),
  hlt: (): number[] => [0xf4],
  sti: (): number[] => [0xfb],
  cli: (): number[] => [0xfa],
  /** Jumps to itself. */
  spin: (): number[] => [0xeb, 0xfe],
  /** Soft-off through the ACPI power management block. */
  powerOff: (): number[] => code.outw(0x604, 0x2000),
  /** Reset through port CF9h. */
  reset: (): number[] => code.outb(0xcf9, 0x06),
  /** An exception without an IDT. */
  tripleFault: (): number[] => [0xcc],
  /** Sends every received character of COM1 back, one greater, until a newline. */
  echo: (): number[] => {
    const poll = [...port(0x3fd), 0xec, 0xa8, 0x01, 0x74, 0xf7];
    const take = [...port(0x3f8), 0xec, 0x3c, 0x0a, 0x74, 0x05, 0xfe, 0xc0, 0xee];
    const body = [...poll, ...take];
    return [...body, 0xeb, -(body.length + 2) & 0xff];
  },
  /** lidt [address] */
  lidt: (address: number): number[] => [0x0f, 0x01, 0x1d, ...dword(address)],
} as const;

/** An image whose code runs at `entry`; `data` follows it, at the address `dataAddress` gives. */
export function tinyKernel(program: readonly number[], data: readonly number[] = []): Uint8Array {
  const header = [0x1bad_b002, 0x1_0000, -(0x1bad_b002 + 0x1_0000) >>> 0];
  const fields = [KERNEL_BASE, KERNEL_BASE, 0, 0, KERNEL_BASE + CODE_OFFSET].slice(0, HEADER_FIELDS);
  const head = [...header, ...fields].flatMap(dword);
  const image = new Uint8Array(0x2000);
  image.set(head);
  image.set(program, CODE_OFFSET);
  image.set(data, DATA_OFFSET);
  return image;
}

const DATA_OFFSET = 0x1000;
export const DATA_ADDRESS = KERNEL_BASE + DATA_OFFSET;

/** Loads an IDT whose vector 20h is the code behind `program`, and opens the 8259 for the timer alone. */
function interruptKernel(program: readonly number[], handler: readonly number[]): Uint8Array {
  const setUp = [
    ...code.lidt(DATA_ADDRESS),
    ...code.outb(0x20, 0x11),
    ...code.outb(0x21, 0x20),
    ...code.outb(0x21, 0x04),
    ...code.outb(0x21, 0x01),
    ...code.outb(0x21, 0xfe),
    ...program,
  ];
  const handlerAddress = KERNEL_BASE + CODE_OFFSET + setUp.length;
  const idt = DATA_ADDRESS + 8;
  const gate = [...word(handlerAddress), ...word(0x08), 0, 0x8e, ...word(handlerAddress >>> 16)];
  return tinyKernel(
    [...setUp, ...handler],
    [...word(0x21 * 8 - 1), ...dword(idt), 0, 0, ...new Array<number>(0x20 * 8).fill(0), ...gate],
  );
}

/** Counter 0 of the 8254 in a mode, for 1 ms or for so many of its clocks; 0: 55 ms. */
const timer = (control: number, clocks = 1193): number[] => [
  ...code.outb(0x43, control),
  ...code.outb(0x40, clocks & 0xff),
  ...code.outb(0x40, clocks >> 8),
];
/** mov ecx, value */
const setCounter = (value: number): number[] => [0xb9, ...dword(value)];

/** A kernel that sleeps through `count` timer interrupts of 1000 Hz, printing a dot for each, and powers off. */
export function timerKernel(count: number): Uint8Array {
  return sleeperKernel([], count, 1193);
}

/** The same behind a program, with an interrupt each `clocks` of the 8254. */
export function sleeperKernel(before: readonly number[], count: number, clocks: number): Uint8Array {
  // sti; loop: hlt; jmp loop
  const program = [...before, ...timer(0x34, clocks), ...setCounter(count), ...code.sti(), 0xf4, 0xeb, 0xfd];
  const handler = [
    ...code.print('.'),
    ...code.outb(0x20, 0x20),
    0x49,
    0x75,
    code.powerOff().length,
    ...code.powerOff(),
    0xcf,
  ];
  return interruptKernel(program, handler);
}

/** A kernel whose only timer interrupt comes before STI and HLT; its handler powers off. */
export function lateSleeperKernel(): Uint8Array {
  // self: loop self; sti; hlt; jmp hlt
  const program = [...timer(0x30), ...setCounter(3_000_000), 0xe2, 0xfe, ...code.sti(), 0xf4, 0xeb, 0xfd];
  return interruptKernel(program, [...code.print('!'), ...code.powerOff(), 0xcf]);
}
