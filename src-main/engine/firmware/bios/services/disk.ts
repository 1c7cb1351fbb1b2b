// INT 13h: floppies, hard disks and CD-ROMs, by CHS, by EDD, and El Torito's own functions.
// Reference: BIOS Enhanced Disk Drive Services 3.0 (T13/1386D), 8; IBM PS/2 and PC BIOS Interface Technical Reference, INT 13h;
// El Torito 1.0, section 4.

import type { DriveOutcome } from '../../../block/drive.ts';
import type { BiosCall } from '../call.ts';
import { BDA_DISK_STATUS, BDA_FLOPPY_STATUS, EBDA_DISK_TABLE, EBDA_SEGMENT } from '../data-area.ts';
import type { DiskTransfers, Transfer } from '../disk-transfer.ts';
import { type DiskUnit, type DiskUnits, floppyFormat, readEmulation, writeEmulation } from '../disk-units.ts';
import type { Outcome } from '../outcome.ts';
import { SYSTEM_ROM_SEGMENT } from '../rom/system-rom.ts';
import { driveParameters } from './edd-parameters.ts';

const OK = 0x00;
const BAD_COMMAND = 0x01;
const WRITE_PROTECTED = 0x03;
const SECTOR_NOT_FOUND = 0x04;
const CONTROLLER_FAILED = 0x20;
const NO_MEDIUM = 0x31;
const NOT_READY = 0x80;
const NOT_LOCKED = 0xb0;
const EJECT_FAILED = 0xb5;
const DISKS = 0x80;
const EDD_VERSION = 0x30;

export interface DiskServices {
  readonly units: DiskUnits;
  readonly transfers: DiskTransfers;
  /** Offset of the floppy parameter table in the system ROM. */
  readonly floppyTable: number;
}

/** Success, and AH holds something else than a status. */
const ANSWERED = -1;
/** `undefined`: wait and call again. */
type Status = number | undefined;

export function diskService(call: BiosCall, services: DiskServices): Outcome {
  const number = call.dl;
  const status = dispatch(call, services, number);
  if (status === undefined) return 'wait';
  const result = status === ANSWERED ? OK : status;
  call.write8(number >= DISKS ? BDA_DISK_STATUS : BDA_FLOPPY_STATUS, result);
  if (status !== ANSWERED) call.ah = status;
  call.carry = result !== OK;
  return 'done';
}

function dispatch(call: BiosCall, services: DiskServices, number: number): Status {
  const { ah } = call;
  if (ah === 0x4b) return emulationStatus(call);
  const unit = services.units.find(call, number);
  if (ah === 0x01) return call.read8(number >= DISKS ? BDA_DISK_STATUS : BDA_FLOPPY_STATUS);
  if (ah === 0x08) return parameters(call, services, unit, number);
  if (ah === 0x15) return driveType(call, unit);
  if (unit === undefined) return ah === 0x00 && number < DISKS ? OK : BAD_COMMAND;
  if (ah >= 0x41) return extended(call, services, unit);
  if (unit.kind === 'cdrom' && ah >= 0x02 && ah <= 0x05) return BAD_COMMAND;
  switch (ah) {
    case 0x00: case 0x0d: case 0x11: case 0x09: case 0x10: case 0x14: return OK;
    case 0x02: return chs(call, services, unit, 'read');
    case 0x03: return chs(call, services, unit, 'write');
    case 0x04: return chs(call, services, unit, 'verify');
    case 0x05: return format(call, services, unit);
    case 0x0c: return chsOffset(call, unit) === undefined ? SECTOR_NOT_FOUND : OK;
    case 0x16: return unit.source.drive.medium === undefined ? NOT_READY : OK;
    case 0x17: return unit.kind === 'floppy' ? OK : BAD_COMMAND;
    case 0x18: return mediaType(call, services, unit);
    default: return BAD_COMMAND;
  }
}

function statusOf(outcome: DriveOutcome): number {
  switch (outcome) {
    case 'ok': return OK;
    case 'write-protected': return WRITE_PROTECTED;
    case 'no-medium': return NO_MEDIUM;
    case 'out-of-range': return SECTOR_NOT_FOUND;
    default: return CONTROLLER_FAILED;
  }
}

/** First sector of the place in CX and DH. */
function chsOffset(call: BiosCall, { geometry }: DiskUnit): number | undefined {
  const cylinder = call.ch | ((call.cl & 0xc0) << 2);
  const sector = call.cl & 0x3f;
  const head = call.dh;
  if (sector === 0 || sector > geometry.sectors || head >= geometry.heads || cylinder > geometry.cylinders) return undefined;
  return (cylinder * geometry.heads + head) * geometry.sectors + sector - 1;
}

function chs(call: BiosCall, services: DiskServices, unit: DiskUnit, operation: 'read' | 'write' | 'verify'): Status {
  const count = call.al;
  if (count === 0 || count > 128) return BAD_COMMAND;
  const first = chsOffset(call, unit);
  if (first === undefined || first + count > unit.sectors) return failCount(call, unit.source.drive.medium === undefined ? NOT_READY : SECTOR_NOT_FOUND);
  const result = transfer(call, services, unit, { operation, first, count, memory: call.linear('es', call.bx) });
  if (result === undefined) return undefined;
  call.al = result.sectors;
  return result.status;
}

function failCount(call: BiosCall, status: number): number {
  call.al = 0;
  return status;
}

interface SectorRange {
  readonly operation: Transfer['operation'];
  readonly first: number;
  readonly count: number;
  readonly memory: number;
}

function transfer(call: BiosCall, { transfers }: DiskServices, unit: DiskUnit, range: SectorRange): { status: number; sectors: number } | undefined {
  const { drive } = unit.source;
  if (drive.medium === undefined) return { status: unit.kind === 'floppy' ? NOT_READY : NO_MEDIUM, sectors: 0 };
  if (range.operation === 'write' && unit.readOnly) return { status: WRITE_PROTECTED, sectors: 0 };
  const result = transfers.advance(call, {
    drive, operation: range.operation, offset: unit.start + range.first * unit.sectorBytes, bytes: range.count * unit.sectorBytes, memory: range.memory,
  });
  return result && { status: statusOf(result.outcome), sectors: Math.floor(result.bytes / unit.sectorBytes) };
}

/** AH=05h: the sectors of one track are filled, as a formatted floppy's are. */
function format(call: BiosCall, services: DiskServices, unit: DiskUnit): Status {
  if (unit.kind !== 'floppy') return BAD_COMMAND;
  if (unit.readOnly) return WRITE_PROTECTED;
  return unit.source.drive.medium === undefined ? NOT_READY : chs(call, services, unit, 'verify');
}

/** AH=08h. */
function parameters(call: BiosCall, { units, floppyTable }: DiskServices, unit: DiskUnit | undefined, number: number): Status {
  const isDisk = number >= DISKS;
  if (unit === undefined || unit.kind === 'cdrom') {
    if (isDisk) return 0x07;
    call.ax = call.bx = call.cx = call.dx = 0;
    call.dl = units.count(call, 'floppy');
    call.setRealSegment('es', 0);
    call.di = 0;
    return OK;
  }
  const { geometry } = unit;
  const last = geometry.cylinders - 1;
  call.al = 0;
  call.ch = last & 0xff;
  call.cl = geometry.sectors | ((last >> 2) & 0xc0);
  call.dh = geometry.heads - 1;
  call.dl = units.count(call, isDisk ? 'disk' : 'floppy');
  if (isDisk) return OK;
  call.bx = floppyFormat(unit.source.kind === 'floppy' ? unit.source.drive.medium?.bytes ?? 0 : unit.sectors * 512).type;
  call.setRealSegment('es', SYSTEM_ROM_SEGMENT);
  call.di = floppyTable;
  return OK;
}

/** AH=15h: 0 none, 1 floppy without change line, 2 with it, 3 disk. */
function driveType(call: BiosCall, unit: DiskUnit | undefined): Status {
  if (unit?.kind === 'disk') {
    call.cx = Math.min(0xffff, Math.floor(unit.sectors / 0x1_0000));
    call.dx = unit.sectors & 0xffff;
  }
  call.ah = unit === undefined || unit.kind === 'cdrom' ? 0 : unit.kind === 'disk' ? 3 : unit.source.kind === 'floppy' ? 2 : 1;
  return ANSWERED;
}

function mediaType(call: BiosCall, { floppyTable }: DiskServices, unit: DiskUnit): Status {
  if (unit.kind !== 'floppy') return BAD_COMMAND;
  if (call.ch !== unit.geometry.cylinders - 1 || (call.cl & 0x3f) !== unit.geometry.sectors) return 0x0c;
  call.setRealSegment('es', SYSTEM_ROM_SEGMENT);
  call.di = floppyTable;
  return OK;
}

/** AH=41h to 4Eh. */
function extended(call: BiosCall, services: DiskServices, unit: DiskUnit): Status {
  const { ah, al } = call;
  if (ah !== 0x4a && ah !== 0x4c && ah !== 0x4d && unit.kind === 'floppy') return BAD_COMMAND;
  switch (ah) {
    case 0x41:
      if (call.bx !== 0x55aa) return BAD_COMMAND;
      call.bx = 0xaa55;
      // Extended access, locking for removable media, EDD; version 3.0 in AH.
      call.cx = unit.kind === 'cdrom' ? 0x0007 : 0x0005;
      call.ah = EDD_VERSION;
      return ANSWERED;
    case 0x42: return packet(call, services, unit, 'read');
    case 0x43: return al > 2 ? BAD_COMMAND : packet(call, services, unit, 'write');
    case 0x44: return packet(call, services, unit, 'verify');
    case 0x45: return unit.kind === 'cdrom' && al > 2 ? BAD_COMMAND : lock(call, unit);
    case 0x46: return eject(unit);
    case 0x47: return call.read32(call.linear('ds', call.si) + 8) < unit.sectors ? OK : SECTOR_NOT_FOUND;
    case 0x48: return driveParameters(call, unit, EBDA_SEGMENT * 0x1_0000 + EBDA_DISK_TABLE) ? OK : BAD_COMMAND;
    case 0x49: call.ah = 0; return unit.kind === 'cdrom' ? OK : 0x06;
    case 0x4e:
      if (al > 6) return BAD_COMMAND;
      call.al = 0;
      return OK;
    default: return BAD_COMMAND;
  }
}

function lock(call: BiosCall, unit: DiskUnit): Status {
  if (unit.kind !== 'cdrom') return call.al === 1 ? NOT_LOCKED : OK;
  call.al = 0;
  return OK;
}

function eject(unit: DiskUnit): Status {
  if (unit.kind !== 'cdrom') return EJECT_FAILED;
  unit.source.drive.eject();
  return OK;
}

/** The disk address packet at DS:SI. */
function packet(call: BiosCall, services: DiskServices, unit: DiskUnit, operation: 'read' | 'write' | 'verify'): Status {
  const at = call.linear('ds', call.si);
  const size = call.read8(at);
  const count = call.read16(at + 2);
  const low = call.read32(at + 8);
  const high = call.read32(at + 12);
  if (size < 16) return BAD_COMMAND;
  if (count === 0) return OK;
  const first = high * 2 ** 32 + low;
  if (first + count > unit.sectors) return setCount(call, at, 0, unit.source.drive.medium === undefined ? NO_MEDIUM : SECTOR_NOT_FOUND);
  const pointer = call.read32(at + 4);
  const flat = pointer === 0xffff_ffff && size >= 24 ? call.read32(at + 16) : (pointer >>> 16) * 16 + (pointer & 0xffff);
  const result = transfer(call, services, unit, { operation, first, count, memory: flat });
  return result && setCount(call, at, result.sectors, result.status);
}

function setCount(call: BiosCall, at: number, sectors: number, status: number): number {
  if (status !== OK) call.write16(at + 2, sectors);
  return status;
}

/** AH=4Bh: AL=0 ends emulation, AL=1 only asks. The specification packet goes to DS:SI. */
function emulationStatus(call: BiosCall): Status {
  const emulation = readEmulation(call);
  if (!emulation.active || (call.dl !== emulation.number && call.dl !== 0x7f)) return BAD_COMMAND;
  const specification = new Uint8Array(0x13);
  const view = new DataView(specification.buffer);
  specification.set([0x13, emulation.media, emulation.number, 0]);
  view.setUint32(4, emulation.image, true);
  view.setUint16(8, emulation.cd, true);
  view.setUint16(12, emulation.loadSegment, true);
  view.setUint16(14, emulation.loadSectors, true);
  const last = Math.max(0, emulation.geometry.cylinders - 1);
  specification[16] = last & 0xff;
  specification[17] = emulation.geometry.sectors | ((last >> 2) & 0xc0);
  specification[18] = Math.max(0, emulation.geometry.heads - 1);
  call.writeBytes(call.linear('ds', call.si), specification);
  if (call.al === 0) writeEmulation(call, { ...emulation, active: false });
  return OK;
}
