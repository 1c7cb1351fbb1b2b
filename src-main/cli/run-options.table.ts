// The options of `boxwright run`: one row each, from which parsing, refusal and --help all come.

import { parseBoot, parseRtc } from './boot-settings.ts';
import { type DriveSetting, parseDrive, plainDrive } from './drive-settings.ts';
import {
  ACCELERATORS, addDevice, CPU_MODELS, MAX_SERIAL_PORTS, parseAccel, parseCharacterTarget, parseChoice, parseCpuModel, parseMachine, parseMemory, parseProcessors, parseSeconds, parseText, parseUuidOption,
  type RunSettings, VGA_KINDS,
} from './run-settings.ts';
import { UsageError } from './usage-error.ts';

export interface OptionRow {
  readonly name: string;
  /** What its value is called in --help; absent: it takes none. */
  readonly value?: string;
  readonly help: string;
  /** May be given more than once. */
  readonly repeatable?: boolean;
  apply(settings: RunSettings, value: string): void;
}

export const RUN_OPTIONS: readonly OptionRow[] = [
  { name: 'm', value: 'SIZE', help: 'memory: 256, 256M, 1G (default 128M)', apply: (s, v) => { s.memoryBytes = parseMemory(v); } },
  { name: 'smp', value: 'N', help: 'processors: 1', apply: (_s, v) => parseProcessors(v) },
  { name: 'cpu', value: 'MODEL', help: `${CPU_MODELS.join(', ')} (default x86-64-v1, which runs 32-bit systems too); max is x86-64-v2, qemu64 is x86-64-v1, qemu32 is pentium3`, apply: (s, v) => { s.cpuModel = parseCpuModel(v); } },
  { name: 'machine', value: 'PROPERTIES', help: 'pc, accel=KIND, hpet=on|off: with a high precision event timer (default off)', apply: parseMachine },
  { name: 'M', value: 'PROPERTIES', help: 'the same', apply: parseMachine },
  { name: 'accel', value: 'KIND', help: `${ACCELERATORS.join(', ')} (default jit); tcg is jit, and of a list like kvm:tcg the first that there is; with ,tb-size=MIB: the most that translated code may take (default 256)`, apply: parseAccel },
  { name: 'uuid', value: 'UUID', help: 'identity of the machine, as the guest sees it', apply: (s, v) => { s.uuid = parseUuidOption(v); } },
  { name: 'kernel', value: 'FILE', help: 'Linux bzImage or Multiboot kernel to start', apply: (s, v) => { s.kernel = v; } },
  { name: 'initrd', value: 'FILE', help: 'initial RAM disk; for Multiboot: "FILE ARGUMENTS,FILE ARGUMENTS"', apply: (s, v) => { s.initrd = v; } },
  { name: 'append', value: 'TEXT', help: 'command line of the kernel', apply: (s, v) => { s.append = v; } },
  driveOption('hda', 'first hard disk: an image file', { interface: 'ide', media: 'disk', index: 0 }),
  driveOption('hdb', 'second hard disk', { interface: 'ide', media: 'disk', index: 1 }),
  driveOption('hdc', 'third hard disk, in the place of -cdrom', { interface: 'ide', media: 'disk', index: 2 }),
  driveOption('hdd', 'fourth hard disk', { interface: 'ide', media: 'disk', index: 3 }),
  driveOption('cdrom', 'CD-ROM: an ISO file', { interface: 'ide', media: 'cdrom', index: 2 }),
  driveOption('fda', 'first floppy: 360K, 720K, 1.2M, 1.44M or 2.88M', { interface: 'floppy', media: 'disk', index: 0 }),
  driveOption('fdb', 'second floppy', { interface: 'floppy', media: 'disk', index: 1 }),
  { name: 'drive', value: 'PROPERTIES', help: 'file=FILE,if=ide|virtio|floppy|none,format=,media=disk|cdrom,readonly=,snapshot=,id=,index=,bus=,unit=,cache=', repeatable: true, apply: (s, v) => { s.drives.push(parseDrive(v)); } },
  { name: 'allow-references', help: 'let disk images name others outside their own folders', apply: (s) => { s.allowReferences = true; } },
  { name: 'snapshot', help: 'throw away what the guest writes to its disks', apply: (s) => { s.snapshot = true; } },
  { name: 'boot', value: 'ORDER', help: 'without -kernel: order=cda (c disk, d CD-ROM, a floppy, n network), once=d, menu=on, strict=on', apply: (s, v) => { s.boot = parseBoot(v); } },
  { name: 'bios', value: 'FILE', help: 'a BIOS to use instead of the built-in one', apply: (s, v) => { s.bios = v; } },
  { name: 'vga', value: 'KIND', help: `${VGA_KINDS.join(', ')} (default std)`, apply: (s, v) => { s.vga = parseChoice('-vga', v, VGA_KINDS); } },
  { name: 'rtc', value: 'base=TIME', help: 'the clock of the machine: utc (default), localtime, or a date', apply: (s, v) => { s.wallClockOffsetMs = parseRtc(v, Date.now()); } },
  { name: 'serial', value: 'TARGET', help: 'stdio, file:PATH or null; repeat for COM2 to COM4', repeatable: true, apply: addSerial },
  { name: 'nographic', help: 'no display, COM1 on this terminal; Ctrl-A X quits', apply: (s) => { s.nographic = true; } },
  { name: 'display', value: 'KIND', help: 'none; `run` never opens a window', apply: (_s, v) => { parseChoice('-display', v, ['none']); } },
  { name: 'vnc', value: 'KIND', help: 'none; the window is a program of its own', apply: (_s, v) => { parseChoice('-vnc', v, ['none']); } },
  { name: 'nodefaults', help: 'no display adapter unless -vga asks for one', apply: (s) => { s.noDefaults = true; } },
  { name: 'no-reboot', help: 'end instead of restarting when the guest resets', apply: (s) => { s.onReset = 'stop'; } },
  { name: 'debugcon', value: 'TARGET', help: 'stdio or file:PATH: bytes written to port E9h', apply: (s, v) => { s.debugConsole = parseCharacterTarget('-debugcon', v, ['stdio', 'file']); } },
  { name: 'device', value: 'DEVICE', help: 'ide-hd, ide-cd, floppy, virtio-blk-pci: drive=ID; ahci,id=ID with bus=ID.0 to ID.5; virtio-rng-pci; pc-testdev; isa-debug-exit,iobase=0xf4,iosize=0x04: a write of V ends with status 2V+1', repeatable: true, apply: addDevice },
  { name: 'icount', value: 'off', help: 'off: guest time is real time', apply: (_s, v) => { parseChoice('-icount', v, ['off']); } },
  { name: 'screenshot', value: 'FILE.png', help: 'write the screen to a file, at the time of --at or at the end', apply: (s, v) => { s.screenshot = v; } },
  { name: 'at', value: 'SECONDS', help: 'when to take the screenshot or to save the state', apply: (s, v) => { s.atSeconds = parseSeconds(v); } },
  { name: 'save-state', value: 'FILE', help: 'at the time of --at, save the state of the machine to a new file and end', apply: (s, v) => { s.saveState = v; } },
  { name: 'restore-state', value: 'FILE', help: 'go on where a saved state was; the options must be those of its machine, and its disks as they were', apply: (s, v) => { s.restoreState = v; } },
  { name: 'code-cache', value: 'FILE', help: 'keep compiled code in FILE, and start with what is there: the same system starts sooner the next time', apply: (s, v) => { s.codeArchive = v; } },
  { name: 'wait-for-text', value: 'TEXT', help: 'end with status 0 once TEXT stands on the text screen, with 3 if it does not by the time of --within', apply: (s, v) => { s.waitForText = parseText(v); } },
  { name: 'within', value: 'SECONDS', help: 'how long to wait for it (default 60)', apply: (s, v) => { s.waitSeconds = parseSeconds(v, '--within'); } },
  { name: 'stats', help: 'at the end, print what the engine did as JSON on standard error', apply: (s) => { s.stats = true; } },
  { name: 'help', help: 'this text', apply: (s) => { s.help = true; } },
];

function addSerial(settings: RunSettings, value: string): void {
  if (settings.serial.length === MAX_SERIAL_PORTS) throw new UsageError(`-serial ${value}: there are only ${MAX_SERIAL_PORTS} serial ports`);
  settings.serial.push(parseCharacterTarget('-serial', value, ['stdio', 'file', 'null']));
}

function driveOption(name: string, help: string, place: Pick<DriveSetting, 'interface' | 'media'> & { index: number }): OptionRow {
  return { name, value: 'FILE', help, apply: (s, v) => { s.drives.push(plainDrive(`-${name}`, v, place)); } };
}
