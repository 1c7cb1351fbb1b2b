// Wall-clock milliseconds to and from the clock registers of an MC146818: seconds, minutes, hours, weekday,
// day, month, year and century in binary or BCD, 12 or 24 hours. Reference: MC146818A datasheet, table 2.

import { fromBcd, toBcd } from '../../base/bits.ts';

export const RTC_SECONDS = 0;
export const RTC_MINUTES = 2;
export const RTC_HOURS = 4;
export const RTC_WEEKDAY = 6;
export const RTC_DAY = 7;
export const RTC_MONTH = 8;
export const RTC_YEAR = 9;
/** Not of the chip but of the PC: the byte ACPI's FADT names as "century". */
export const RTC_CENTURY = 0x32;

const B_BINARY = 0x04;
const B_24_HOURS = 0x02;
const PM = 0x80;

/** Writes the time into the register file in the format that register B selects. */
export function encodeTime(ram: Uint8Array, registerB: number, timeMs: number): void {
  const date = new Date(Number.isFinite(timeMs) ? timeMs : 0);
  const encode = (registerB & B_BINARY) !== 0 ? (value: number) => value : toBcd;
  const hours = date.getUTCHours();
  ram[RTC_SECONDS] = encode(date.getUTCSeconds());
  ram[RTC_MINUTES] = encode(date.getUTCMinutes());
  ram[RTC_HOURS] =
    (registerB & B_24_HOURS) !== 0 ? encode(hours) : encode(hours % 12 || 12) | (hours >= 12 ? PM : 0);
  ram[RTC_WEEKDAY] = encode(date.getUTCDay() + 1);
  ram[RTC_DAY] = encode(date.getUTCDate());
  ram[RTC_MONTH] = encode(date.getUTCMonth() + 1);
  ram[RTC_YEAR] = encode(date.getUTCFullYear() % 100);
  ram[RTC_CENTURY] = encode(Math.floor(date.getUTCFullYear() / 100) % 100);
}

/** The time the registers say, in milliseconds since 1970; nonsense normalises as a calendar does. */
export function decodeTime(ram: Uint8Array, registerB: number): number {
  const decode = (register: number): number => {
    const value = ram[register]!;
    return (registerB & B_BINARY) !== 0 ? value : fromBcd(value);
  };
  const year = decode(RTC_CENTURY) * 100 + decode(RTC_YEAR);
  return Date.UTC(
    year,
    decode(RTC_MONTH) - 1,
    decode(RTC_DAY),
    decodeHours(ram[RTC_HOURS]!, registerB),
    decode(RTC_MINUTES),
    decode(RTC_SECONDS),
  );
}

export function decodeHours(value: number, registerB: number): number {
  const decode = (raw: number) => ((registerB & B_BINARY) !== 0 ? raw : fromBcd(raw));
  if ((registerB & B_24_HOURS) !== 0) return decode(value);
  return (decode(value & 0x7f) % 12) + ((value & PM) !== 0 ? 12 : 0);
}
