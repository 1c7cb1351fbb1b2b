// The list of snapshots as `img snapshot -l` and `img info` print it.

import type { ImageSnapshot } from '../../engine/block/index.ts';
import { formatSize } from './size.ts';

export function snapshotTable(snapshots: readonly ImageSnapshot[]): string {
  return [
    'Snapshot list:',
    row('ID', 'TAG', 'VM SIZE', 'DATE', 'VM CLOCK', 'ICOUNT'),
    ...snapshots.map(rowOf),
  ].join('\n');
}

function rowOf(snapshot: ImageSnapshot): string {
  const { id, name, vmStateSize, dateSeconds, vmClockNanoseconds, instructionCount } = snapshot;
  return row(
    id,
    name,
    formatSize(vmStateSize),
    localTime(new Date(dateSeconds * 1000)),
    clock(vmClockNanoseconds),
    String(instructionCount ?? ''),
  );
}

function row(id: string, tag: string, size: string, date: string, time: string, icount: string): string {
  return `${id.padEnd(9)} ${tag.padEnd(16)} ${size.padStart(8)}${date.padStart(20)}${time.padStart(13)}${icount.padStart(11)}`;
}

const two = (value: number) => String(value).padStart(2, '0');

function localTime(date: Date): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function clock(nanoseconds: number): string {
  const ms = Math.floor(nanoseconds / 1e6);
  const seconds = Math.floor(ms / 1000);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(ms % 1000).padStart(3, '0')}`;
}
