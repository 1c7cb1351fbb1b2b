// INT 13h AH=48h: what EDD says of a drive, with its place in the machine.
// Reference: BIOS Enhanced Disk Drive Services 3.0 (T13/1386D), 8.8 (result buffer), 8.8.2 (device path).

import type { BiosCall } from '../call.ts';
import type { DiskUnit } from '../disk-units.ts';

const BASIC_BYTES = 26;
const EDD2_BYTES = 30;
const EDD3_BYTES = 66;
const IDE_COMMAND = [0x1f0, 0x170] as const;
const DEVICE_PATH = 0xbedd;
const DEVICE_PATH_BYTES = 36;

/** False: the buffer is too small for anything. `table`: far pointer for the old-style parameters of the disk. */
export function driveParameters(call: BiosCall, unit: DiskUnit, table: number): boolean {
  const at = call.linear('ds', call.si);
  const size = call.read16(at);
  if (size < BASIC_BYTES) return false;
  const bytes = size >= EDD3_BYTES ? EDD3_BYTES : size >= EDD2_BYTES ? EDD2_BYTES : BASIC_BYTES;
  const result = new Uint8Array(EDD3_BYTES);
  const view = new DataView(result.buffer);
  const { geometry, sectors } = unit;
  const isCd = unit.kind === 'cdrom';
  view.setUint16(0, bytes, true);
  // DMA boundaries are handled; geometry valid for disks; removable, lockable, change line for CDs.
  view.setUint16(2, isCd ? 0x0075 : sectors > 16383 * 16 * 63 ? 0x0001 : 0x0003, true);
  view.setUint32(4, isCd ? 0xffff_ffff : Math.min(16383, Math.floor(sectors / 1008)), true);
  view.setUint32(8, isCd ? 0xffff_ffff : 16, true);
  view.setUint32(12, isCd ? 0xffff_ffff : geometry.sectors, true);
  view.setUint32(16, sectors % 2 ** 32, true);
  view.setUint32(20, Math.floor(sectors / 2 ** 32), true);
  view.setUint16(24, unit.sectorBytes, true);
  const isIde = unit.source.bus === 'ide';
  view.setUint32(26, isIde ? table : 0xffff_ffff, true);
  if (bytes === EDD3_BYTES) describePath(result, unit);
  if (isIde && bytes >= EDD2_BYTES) writeTable(call, unit, table);
  call.writeBytes(at, result.subarray(0, bytes));
  return true;
}

function describePath(result: Uint8Array, { source }: DiskUnit): void {
  const view = new DataView(result.buffer);
  view.setUint16(30, DEVICE_PATH, true);
  result[32] = DEVICE_PATH_BYTES;
  const text = (at: number, value: string, length: number): void => {
    for (let i = 0; i < length; i++) result[at + i] = i < value.length ? value.charCodeAt(i) : 0x20;
  };
  const isIde = source.bus === 'ide';
  text(36, isIde ? 'ISA' : 'PCI', 4);
  text(40, isIde ? 'ATA' : source.bus === 'ahci' ? 'SATA' : 'SCSI', 8);
  if (isIde) view.setUint16(48, IDE_COMMAND[source.channel === 1 ? 1 : 0], true);
  result[56] = source.unit;
  let sum = 0;
  for (let at = 30; at < 65; at++) sum += result[at]!;
  result[65] = (256 - (sum & 0xff)) & 0xff;
}

/** The device parameter table extension of a disk at the IDE channels. */
function writeTable(call: BiosCall, { source, kind }: DiskUnit, table: number): void {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const base = IDE_COMMAND[source.channel === 1 ? 1 : 0];
  view.setUint16(0, base, true);
  view.setUint16(2, base + 0x206, true);
  bytes[4] = 0xe0 | (source.unit << 4);
  bytes[6] = source.channel === 1 ? 15 : 14;
  bytes[7] = 1;
  view.setUint16(10, kind === 'cdrom' ? 0x0070 : 0x0010, true);
  bytes[14] = 0x11;
  bytes[15] = (256 - (bytes.reduce((sum, byte) => sum + byte, 0) & 0xff)) & 0xff;
  call.writeBytes((table >>> 16) * 16 + (table & 0xffff), bytes);
}
