// INT 19h and INT 18h: boot attempts in order, the menu, and why a device did not boot. A state machine that the ROM
// calls until something is booted; its state stands in guest memory.
// Reference: BIOS Boot Specification 1.01, 4.2 (boot from a device); El Torito 1.0, sections 2 and 3.

import { SEGMENT_INDEX } from '../../x86/state/cpu-state.ts';
import { setRealSegment } from '../../x86/state/segments.ts';
import type { BootDrive } from './boot-drive.ts';
import type { BootOptions } from './boot-order.ts';
import { candidates } from './boot-order.ts';
import type { BiosCall } from './call.ts';
import { BDA_TICKS, BOOT_CANDIDATE, BOOT_DEADLINE, BOOT_PHASE, TORITO } from './data-area.ts';
import type { DiskTransfers } from './disk-transfer.ts';
import { CD_SECTOR, diskGeometry, type DiskUnits, type Emulation, floppyFormat, readEmulation, writeEmulation } from './disk-units.ts';
import type { Outcome } from './outcome.ts';
import { nextKey } from './services/keyboard.ts';
import { print } from './services/video-text.ts';

const LOAD_ADDRESS = 0x7c00;
const SECTOR = 512;
const SIGNATURE = 0xaa55;
const ESCAPE = 0x01;
const F12 = 0x86;
const FIRST_DIGIT = 0x02;
/** Timer ticks that the menu's prompt stays: two and a half seconds. */
const PROMPT_TICKS = 46;
const BOOT_RECORD_SECTOR = 17;
const EL_TORITO = 'EL TORITO SPECIFICATION';
const BRIGHT = 0x0f;
const MiB = 0x10_0000;

const PHASE = { start: 0, prompt: 1, menu: 2, attempt: 3, failed: 4, again: 5 } as const;
/** Steps of a CD: its boot record, its catalogue, its image. */
const STEP = { first: 0, catalog: 1, image: 2 } as const;
const BOOT_STEP = BOOT_PHASE + 8;

export interface BootParts {
  readonly units: DiskUnits;
  readonly transfers: DiskTransfers;
  readonly options: BootOptions;
  readonly ramBytes: number;
  /** Since power-on. */
  isFirstStart(): boolean;
}

/** Booted: where to go. A text: why not. Undefined: not known yet. */
type Attempt = { readonly number: number; readonly segment: number } | string | undefined;

export function beginBoot(call: BiosCall): void {
  call.write8(BOOT_PHASE, PHASE.start);
  call.write8(BOOT_CANDIDATE, 0);
  call.write8(BOOT_STEP, STEP.first);
}

/** INT 18h: what was booted has given up. */
export function bootFailed(call: BiosCall): void {
  call.write8(BOOT_CANDIDATE, call.read8(BOOT_CANDIDATE) + 1);
  call.write8(BOOT_STEP, STEP.first);
  call.write8(BOOT_PHASE, PHASE.attempt);
}

export function boot(call: BiosCall, parts: BootParts): Outcome {
  switch (call.read8(BOOT_PHASE)) {
    case PHASE.start: return start(call, parts);
    case PHASE.prompt: return prompt(call, parts);
    case PHASE.menu: return menu(call, parts);
    case PHASE.attempt: return attempt(call, parts);
    case PHASE.failed: return giveUp(call);
    default: return tryAgain(call);
  }
}

function enter(call: BiosCall, phase: number): Outcome {
  call.write8(BOOT_PHASE, phase);
  return 'again';
}

function menuKey(call: BiosCall): boolean {
  for (let key = nextKey(call, true); key !== undefined; key = nextKey(call, true)) {
    if (key >> 8 === ESCAPE || key >> 8 === F12) return true;
  }
  return false;
}

function start(call: BiosCall, { options, ramBytes }: BootParts): Outcome {
  print(call, `Boxwright BIOS, ${ramBytes / MiB} MiB of memory\n\n`, BRIGHT);
  if (!options.menu) return enter(call, PHASE.attempt);
  print(call, 'Press F12 or Esc for the boot menu.\n\n');
  call.write32(BOOT_DEADLINE, call.read32(BDA_TICKS) + PROMPT_TICKS);
  return enter(call, PHASE.prompt);
}

function prompt(call: BiosCall, parts: BootParts): Outcome {
  if (menuKey(call)) {
    showMenu(call, parts);
    return enter(call, PHASE.menu);
  }
  const left = (call.read32(BOOT_DEADLINE) - call.read32(BDA_TICKS)) | 0;
  return left > 0 && left <= PROMPT_TICKS ? 'wait' : enter(call, PHASE.attempt);
}

function showMenu(call: BiosCall, parts: BootParts): void {
  print(call, 'Boot from:\n\n', BRIGHT);
  listOf(parts).forEach((source, index) => print(call, `  ${index + 1}. ${describe(source)}\n`));
  print(call, '\n  Esc: as configured\n\n');
}

function menu(call: BiosCall, parts: BootParts): Outcome {
  const key = nextKey(call, true);
  if (key === undefined) return 'wait';
  const choice = (key >> 8) - FIRST_DIGIT;
  const isEscape = key >> 8 === ESCAPE;
  if (!isEscape && (choice < 0 || choice >= Math.min(9, listOf(parts).length))) return 'wait';
  if (!isEscape) call.write8(BOOT_CANDIDATE, choice);
  return enter(call, PHASE.attempt);
}

function listOf({ units, options, isFirstStart }: BootParts): readonly BootDrive[] {
  return candidates(units.drives, options, isFirstStart());
}

export function describe({ kind, name }: BootDrive): string {
  return `${{ floppy: 'Floppy', disk: 'Hard disk', cdrom: 'CD-ROM' }[kind]} ${name}`;
}

function attempt(call: BiosCall, parts: BootParts): Outcome {
  const list = listOf(parts);
  const source = list[call.read8(BOOT_CANDIDATE)];
  if (source === undefined) {
    if (list.length === 0) print(call, 'No disk, CD or floppy is connected to this machine.\n');
    return enter(call, PHASE.failed);
  }
  const result = source.kind === 'cdrom' ? bootCd(call, parts, source) : bootDisk(call, parts, source);
  if (result === undefined) return 'wait';
  if (typeof result === 'string') {
    print(call, `${describe(source)}: ${result}\n`);
    bootFailed(call);
    return 'again';
  }
  print(call, `Booting from ${describe(source)}\n`);
  call.write8(BOOT_STEP, STEP.first);
  jump(call, result);
  return 'away';
}

function giveUp(call: BiosCall): Outcome {
  print(call, '\nNothing to boot from. Insert a disk or CD that a computer can start from,\nthen press a key to try again.\n');
  return enter(call, PHASE.again);
}

function tryAgain(call: BiosCall): Outcome {
  if (nextKey(call, true) === undefined) return 'wait';
  print(call, '\n');
  call.write8(BOOT_CANDIDATE, 0);
  return enter(call, PHASE.attempt);
}

/** Registers as boot sectors expect them: drive in DL, interrupts on, stack below the code. */
function jump(call: BiosCall, { number, segment }: { number: number; segment: number }): void {
  const { cpu } = call;
  const atUsualPlace = segment === LOAD_ADDRESS >> 4;
  for (const name of ['ds', 'es', 'ss'] as const) setRealSegment(cpu, SEGMENT_INDEX[name], 0);
  setRealSegment(cpu, SEGMENT_INDEX.cs, atUsualPlace ? 0 : segment);
  for (let index = 0; index < 8; index++) call.set32(index, 0);
  call.set32(4, LOAD_ADDRESS);
  call.eax = SIGNATURE;
  call.edx = number;
  cpu.setHalves('rip', atUsualPlace ? LOAD_ADDRESS : 0, 0);
  cpu.writeFlags(0x202);
  cpu.updateMode();
}

function read(call: BiosCall, { transfers }: BootParts, source: BootDrive, range: { offset: number; bytes: number; memory: number }): string | undefined {
  const result = transfers.advance(call, { drive: source.drive, operation: 'read', ...range });
  if (result === undefined) return undefined;
  if (result.outcome === 'ok') return '';
  return result.outcome === 'no-medium' ? 'there is no medium in the drive.' : 'could not be read.';
}

/** The first sector, which must end in 55h AAh. */
function bootDisk(call: BiosCall, parts: BootParts, source: BootDrive): Attempt {
  const { medium } = source.drive;
  if (medium === undefined) return source.kind === 'floppy' ? 'there is no floppy in the drive.' : 'there is no medium in the drive.';
  if (medium.bytes < SECTOR) return 'the image is empty.';
  const problem = read(call, parts, source, { offset: 0, bytes: SECTOR, memory: LOAD_ADDRESS });
  if (problem !== '') return problem;
  if (call.read16(LOAD_ADDRESS + SECTOR - 2) !== SIGNATURE) return 'its first sector is no boot sector (55h AAh is missing at its end).';
  return { number: parts.units.numberOf(source), segment: LOAD_ADDRESS >> 4 };
}

function bootCd(call: BiosCall, parts: BootParts, source: BootDrive): Attempt {
  const { medium } = source.drive;
  if (medium === undefined) return 'there is no CD in the drive.';
  const step = call.read8(BOOT_STEP);
  if (step === STEP.image) return loadImage(call, parts, source);
  const sector = step === STEP.first ? BOOT_RECORD_SECTOR : readEmulation(call).image;
  if ((sector + 1) * CD_SECTOR > medium.bytes) return step === STEP.first ? 'it is not bootable: it has no boot record.' : 'its boot catalogue lies outside the image.';
  const problem = read(call, parts, source, { offset: sector * CD_SECTOR, bytes: CD_SECTOR, memory: LOAD_ADDRESS });
  if (problem !== '') return problem;
  return step === STEP.first ? bootRecord(call) : catalog(call, parts, source);
}

function bootRecord(call: BiosCall): Attempt {
  const text = Array.from({ length: EL_TORITO.length }, (_, at) => String.fromCharCode(call.read8(LOAD_ADDRESS + 7 + at))).join('');
  if (call.read8(LOAD_ADDRESS) !== 0 || text !== EL_TORITO) return 'it is not bootable: it has no boot record.';
  const where = call.read32(LOAD_ADDRESS + 0x47);
  call.write32(TORITO + 4, where);
  call.write8(TORITO, 0);
  call.write8(BOOT_STEP, STEP.catalog);
  return undefined;
}

/** Validation entry, then the default entry. */
function catalog(call: BiosCall, parts: BootParts, source: BootDrive): Attempt {
  const entry = LOAD_ADDRESS + 0x20;
  let sum = 0;
  for (let at = 0; at < 0x20; at += 2) sum += call.read16(LOAD_ADDRESS + at);
  if (call.read8(LOAD_ADDRESS) !== 1 || (sum & 0xffff) !== 0 || call.read16(LOAD_ADDRESS + 0x1e) !== SIGNATURE) return 'its boot catalogue is damaged.';
  if (call.read8(LOAD_ADDRESS + 1) !== 0) return 'it boots another kind of computer (platform id is not 80x86).';
  if (call.read8(entry) !== 0x88) return 'its boot catalogue has no bootable entry.';
  const media = call.read8(entry + 1) & 15;
  if (media > 4) return `its boot image emulates an unknown medium (${media}).`;
  const loadSectors = call.read16(entry + 6);
  const format = media === 0 || media === 4 ? diskGeometry(0) : floppyFormat([0, 1_228_800, 1_474_560, 2_949_120][media]!);
  const cd = parts.units.of('cdrom').indexOf(source);
  writeEmulation(call, {
    active: false, media, number: media === 0 ? parts.units.numberOf(source) : media === 4 ? 0x80 : 0, cd,
    image: call.read32(entry + 8), sectors: format.cylinders * format.heads * format.sectors, geometry: format,
    loadSegment: call.read16(entry + 2) || LOAD_ADDRESS >> 4, loadSectors: loadSectors || 1,
  });
  call.write8(BOOT_STEP, STEP.image);
  return undefined;
}

function loadImage(call: BiosCall, parts: BootParts, source: BootDrive): Attempt {
  const emulation = readEmulation(call);
  const offset = emulation.image * CD_SECTOR;
  const available = (source.drive.medium?.bytes ?? 0) - offset;
  const memory = emulation.loadSegment * 16;
  // Without emulation images are as long as they say; the others begin with a boot sector. All stay below 640 KiB.
  const bytes = Math.min(emulation.loadSectors * SECTOR, available, 0x9_0000 - memory);
  if (bytes <= 0) return 'its boot image lies outside the CD.';
  const problem = read(call, parts, source, { offset, bytes, memory });
  if (problem !== '') return problem;
  writeEmulation(call, { ...withDiskGeometry(call, emulation, memory), active: true });
  return { number: emulation.number, segment: emulation.loadSegment };
}

/** An emulated hard disk is as large as its first partition says. */
function withDiskGeometry(call: BiosCall, emulation: Emulation, memory: number): Emulation {
  if (emulation.media !== 4) return emulation;
  const entry = memory + 0x1be;
  const heads = call.read8(entry + 5) + 1;
  const sectors = Math.max(1, call.read8(entry + 6) & 0x3f);
  const cylinders = (call.read8(entry + 7) | ((call.read8(entry + 6) & 0xc0) << 2)) + 1;
  const total = Math.max(cylinders * heads * sectors, call.read32(entry + 8) + call.read32(entry + 12));
  return { ...emulation, sectors: total, geometry: { cylinders, heads, sectors } };
}
