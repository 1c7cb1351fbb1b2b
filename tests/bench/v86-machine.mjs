// `node v86-machine.mjs MODULE FIRMWARE OPTION...`: a machine of v86's as a program that takes the options of QEMU that the
// benchmark uses, so that it can be measured like every other contestant. The serial port, or the debug port with
// -debugcon, is standard output. No part of the product. References: v86's v86.d.ts; QEMU's manual page.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';

const MB = 1024 * 1024;
const DEBUG_PORT = 0xe9;
const EXIT_PORT = 0xf4;

const [module = '', firmware = '', ...words] = process.argv.slice(2);
// Options of one dash, as QEMU has them.
const { values } = parseArgs({
  args: words.map((word) => word.replace(/^-(?=[a-z-]{2})/, '--')),
  options: {
    m: { type: 'string', short: 'm', default: '64' },
    kernel: { type: 'string', default: '' },
    initrd: { type: 'string' },
    append: { type: 'string', default: '' },
    display: { type: 'string' },
    debugcon: { type: 'string' },
    device: { type: 'string' },
    nographic: { type: 'boolean' },
    'no-reboot': { type: 'boolean' },
  },
});
await main();

async function main() {
  const { V86 } = await import(pathToFileURL(module).href);
  const emulator = new V86({
    wasm_path: join(dirname(module), 'v86.wasm'),
    memory_size: Number(values.m) * MB,
    vga_memory_size: 8 * MB,
    bios: image(join(firmware, 'bios.bin')),
    vga_bios: image(join(firmware, 'vgabios-stdvga.bin')),
    ...kernel(),
    autostart: false,
    disable_speaker: true,
    fastboot: true,
  });
  await new Promise((resolve) => emulator.add_listener('emulator-loaded', () => resolve(undefined)));
  if (values.debugcon === undefined) {
    emulator.add_listener('serial0-output-byte', (/** @type {number} */ byte) => process.stdout.write(Buffer.of(byte)));
    process.stdin.on('data', (bytes) => emulator.serial_send_bytes(0, bytes));
  } else {
    const { io } = emulator.v86.cpu;
    io.register_write(DEBUG_PORT, undefined, (/** @type {number} */ byte) => process.stdout.write(Buffer.of(byte)));
    const end = (/** @type {number} */ value) => process.exit(value * 2 + 1);
    io.register_write(EXIT_PORT, undefined, end, end, end);
  }
  await emulator.run();
}

/** A Multiboot kernel or one of Linux. */
function kernel() {
  const file = image(values.kernel);
  const LINUX_SIGNATURE_AT = 0x202;
  const isLinux = Buffer.from(file.buffer, LINUX_SIGNATURE_AT, 4).toString('latin1') === 'HdrS';
  // Multiboot's command line begins with the kernel's name.
  if (!isLinux) return { multiboot: file, cmdline: `kernel ${values.append}` };
  return { bzimage: file, cmdline: values.append, ...(values.initrd === undefined ? {} : { initrd: image(values.initrd) }) };
}

/** @param {string} path */
function image(path) {
  const bytes = readFileSync(path);
  return { buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) };
}
