// The members of a tar archive: where each lies in the file. Only plain files are taken; links, devices, names that lead
// elsewhere and two members of one name are refused. Nothing is unpacked here.
// Reference: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format".

import * as fs from 'node:fs';
import { damaged, shown, unsupported } from './appliance-error.ts';
import { readSpan } from './copying.ts';
import { foldedName, memberName } from './member-name.ts';

export interface TarMember {
  readonly name: string;
  /** Of its first byte in the archive. */
  readonly offset: number;
  readonly bytes: number;
}

const BLOCK = 512;
const MAX_MEMBERS = 20_000;
/** Of a member that only describes the next one. */
const MAX_HEADER_BYTES = 64 * 1024;

export function readTar(fd: number, file: string): TarMember[] {
  const length = fs.fstatSync(fd).size;
  const members: TarMember[] = [];
  const names = new Set<string>();
  let described: { name?: string; bytes?: number } = {};
  for (let at = 0; at + BLOCK <= length; ) {
    const header = readSpan({ fd, file, offset: at, bytes: BLOCK });
    if (header.every((byte) => byte === 0)) return members;
    checkSum(file, header, at);
    const type = String.fromCharCode(header[156] ?? 0);
    const bytes = described.bytes ?? numberField(file, header.subarray(124, 136));
    const offset = at + BLOCK;
    if (offset + bytes > length) throw damaged(file, 'is cut short: an archive ends in the middle of a file. Download or copy it again.');
    at = offset + Math.ceil(bytes / BLOCK) * BLOCK;
    if (type === 'L' || type === 'x') {
      described = { ...described, ...description(file, type, readSpan({ fd, file, offset, bytes: bounded(file, bytes) })) };
      continue;
    }
    const stated = described.name ?? nameField(header);
    described = {};
    if (type === 'g' || type === '5') continue;
    const name = requirePlain(file, type, stated);
    if (names.has(foldedName(name))) throw damaged(file, `holds two files “${shown(name)}”.`);
    names.add(foldedName(name));
    members.push({ name, offset, bytes });
    if (members.length > MAX_MEMBERS) throw unsupported(file, `holds more than ${MAX_MEMBERS} files.`);
  }
  if (members.length === 0) throw unsupported(file, 'is no tar archive.');
  return members;
}

function requirePlain(file: string, type: string, stated: string): string {
  if (type === '1' || type === '2') throw unsupported(file, `holds a link, “${shown(stated)}”; links are not taken from archives.`);
  if (type !== '0' && type !== '\0' && type !== '7') throw unsupported(file, `holds “${shown(stated)}”, which is no plain file.`);
  const name = memberName(stated);
  if (name === undefined) throw unsupported(file, `holds a file “${shown(stated)}”, whose name leads out of its folder or cannot be used here.`);
  return name;
}

/** The sum of all bytes with the sum itself taken as spaces. */
function checkSum(file: string, header: Uint8Array, at: number): void {
  let sum = 0;
  header.forEach((byte, index) => {
    sum += index >= 148 && index < 156 ? 0x20 : byte;
  });
  if (numberField(file, header.subarray(148, 156)) === sum) return;
  throw at === 0 ? unsupported(file, 'is no tar archive.') : damaged(file, `has a damaged archive header at byte ${at}.`);
}

/** Octal digits, or with the topmost bit set a binary number. */
function numberField(file: string, field: Uint8Array): number {
  let value = 0;
  if (((field[0] ?? 0) & 0x80) !== 0) for (const [index, byte] of field.entries()) value = value * 256 + (index === 0 ? byte & 0x7f : byte);
  else {
    const digits = textOf(field).trim();
    if (!/^[0-7]*$/.test(digits)) throw damaged(file, 'has an archive header that is no number where one has to be.');
    value = Number.parseInt(digits || '0', 8);
  }
  if (!Number.isSafeInteger(value)) throw damaged(file, 'names a file of an impossible size.');
  return value;
}

function nameField(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100));
  const isUstar = textOf(header.subarray(257, 262)) === 'ustar' && header[262] === 0;
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function bounded(file: string, bytes: number): number {
  if (bytes <= MAX_HEADER_BYTES) return bytes;
  throw unsupported(file, 'has an archive header that is too long.');
}

/** What a describing member says of the next one. */
function description(file: string, type: 'L' | 'x', content: Uint8Array): { name?: string; bytes?: number } {
  if (type === 'L') return { name: textOf(content) };
  const found: { name?: string; bytes?: number } = {};
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const length = Number(textOf(content.subarray(at, space)));
    if (space < 0 || !Number.isInteger(length) || length < 5 || at + length > content.length) throw damaged(file, 'has a damaged archive header (pax).');
    const record = Buffer.from(content.subarray(space + 1, at + length - 1)).toString('utf8');
    const [, key = '', value = ''] = /^([^=]*)=([\s\S]*)$/.exec(record) ?? [];
    if (key === 'path') found.name = value;
    if (key === 'size') {
      found.bytes = Number(value);
      if (!/^\d+$/.test(value) || !Number.isSafeInteger(found.bytes)) throw damaged(file, 'names a file of an impossible size.');
    }
    if (key.startsWith('GNU.sparse')) throw unsupported(file, 'holds files with holes in GNU tar’s own way; make the archive without --sparse.');
    at += length;
  }
  return found;
}

function textOf(field: Uint8Array): string {
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('utf8');
}
