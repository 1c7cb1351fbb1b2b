// A CD-ROM or DVD-ROM drive on an IDE channel: the PACKET protocol, reading, the tray and its events. What the drive
// answers about itself is in answers.ts. Reference: ATA/ATAPI-6 (T13/1410D), 8.23 and 9.8; MMC-5 (T10/1675-D), 6.

import type { Drive, DriveOutcome } from '../../../block/drive.ts';
import type { Scatter } from '../bus-master.ts';
import type { Unit, UnitPort } from '../channel.ts';
import { type Identity, identifyCdrom } from '../identify.ts';
import { ERROR_ABRT, REASON_CD, REASON_IO } from '../registers.ts';
import { BUFFER_BYTES } from '../state.ts';
import * as answers from './answers.ts';
import * as sense from './sense.ts';

const BLOCK = 2048;
const RAW_BLOCK = 2352;
/** As many as the buffer takes. */
const RAW_BLOCKS = Math.floor(BUFFER_BYTES / RAW_BLOCK);
const PACKET_BYTES = 12;
const EVENT_EJECT_REQUEST = 1;
const EVENT_NEW_MEDIUM = 2;
const EVENT_REMOVAL = 3;
/** Commands that a unit attention does not hold up: INQUIRY, REQUEST SENSE, GET CONFIGURATION, GET EVENT STATUS. */
const BEFORE_ATTENTION = [0x12, 0x03, 0x46, 0x4a];

const u16 = (packet: Uint8Array, at: number): number => (packet[at]! << 8) | packet[at + 1]!;
const u24 = (packet: Uint8Array, at: number): number => (packet[at]! << 16) | u16(packet, at + 1);
const u32 = (packet: Uint8Array, at: number): number => u16(packet, at) * 0x1_0000 + u16(packet, at + 2);

export class Cdrom implements Unit {
  readonly #port: UnitPort;
  readonly #drive: Drive;
  readonly #identity: Identity;

  constructor(port: UnitPort, drive: Drive, identity: Identity) {
    this.#port = port;
    this.#drive = drive;
    this.#identity = identity;
    drive.onMediumChange(() => this.#mediumChanged());
  }

  command(code: number): void {
    const { state } = this.#port;
    switch (code) {
      case 0x08: // DEVICE RESET
        this.signature();
        return;
      case 0xa0:
        state.byteLimit = state.mid | (state.high << 8);
        state.filled = 0;
        state.count = REASON_CD;
        return this.#port.dataOut(PACKET_BYTES, false);
      case 0xa1:
        this.#port.buffer.set(identifyCdrom(state, this.#identity));
        return this.#port.dataIn(0, 512);
      case 0xec: // IDENTIFY DEVICE: says by its signature that it is not a disk
        this.signature();
        return this.#port.abort();
      case 0xef:
        if (state.features === 0x03) state.transferMode = state.count;
        return state.features === 0x03 || state.features === 0x66 || state.features === 0xcc ? this.#port.done() : this.#port.abort();
      case 0xe0:
      case 0xe1:
      case 0xe2:
      case 0xe3:
      case 0xe6:
        return this.#port.done();
      case 0xe5:
        state.count = 0xff;
        return this.#port.done();
      default:
        return this.#port.abort();
    }
  }

  blockRead(): void {
    const { state } = this.#port;
    if (state.command !== 0xa0) return;
    if (state.blockStart < state.filled) this.#offer();
    else if (state.left > 0) this.#fill();
    else this.#complete();
  }

  blockWritten(): void {
    const { state, buffer } = this.#port;
    // The parameters of a command (MODE SELECT), which change nothing.
    if (state.filled > 0) {
      state.filled = 0;
      return this.#complete();
    }
    state.packet.set(buffer.subarray(0, PACKET_BYTES));
    this.#packet(state.packet);
  }

  resume(): void {
    const { state } = this.#port;
    if (state.filled > 0 && state.left === 0) this.#dmaBuffer();
    else if (state.left > 0) this.#readOn();
  }

  signature(): void {
    const { state } = this.#port;
    Object.assign(state, { count: 1, low: 1, mid: 0x14, high: 0xeb, status: 0, filled: 0, left: 0 });
  }

  reset(hard: boolean): void {
    const { state } = this.#port;
    state.filled = 0;
    if (hard) state.locked = false;
  }

  get #disc(): answers.DiscInfo {
    const { trayOpen, locked } = this.#port.state;
    const medium = trayOpen ? undefined : this.#drive.medium;
    return { blocks: Math.floor((medium?.bytes ?? 0) / BLOCK), trayOpen, locked };
  }

  #mediumChanged(): void {
    const { state } = this.#port;
    const present = this.#drive.medium !== undefined;
    // The user's hand is stronger than the lock; the tray closes over what is inserted.
    state.trayOpen = !present;
    state.mediaEvent = present ? EVENT_NEW_MEDIUM : EVENT_REMOVAL;
    state.attention = present;
  }

  #packet(packet: Uint8Array): void {
    const { state } = this.#port;
    const code = packet[0]!;
    state.filled = 0;
    state.left = 0;
    if (state.attention && !BEFORE_ATTENTION.includes(code)) {
      state.attention = false;
      return this.#check(sense.UNIT_ATTENTION, sense.MEDIUM_CHANGED);
    }
    if (code !== 0x03) this.#sense(sense.NO_SENSE, 0);
    this.#carryOut(code, packet);
  }

  #carryOut(code: number, packet: Uint8Array): void {
    switch (code) {
      case 0x00: // TEST UNIT READY
      case 0x2b: // SEEK
      case 0x01: // REZERO
      case 0xbb: // SET CD SPEED
        return this.#ready() ? this.#complete() : undefined;
      case 0x03:
        return this.#requestSense(packet[4]!);
      case 0x12:
        if ((packet[1]! & 1) !== 0) return this.#illegal(sense.INVALID_FIELD);
        return this.#answer(answers.inquiry('BOXWRGHT', this.#identity.model), u16(packet, 3));
      case 0x1b:
        return this.#startStop(packet[4]!);
      case 0x1e:
        this.#port.state.locked = (packet[4]! & 1) !== 0;
        return this.#complete();
      case 0x1a:
        return this.#modeSense(packet, false);
      case 0x5a:
        return this.#modeSense(packet, true);
      case 0x15:
        return this.#parameters(packet[4]!);
      case 0x55:
        return this.#parameters(u16(packet, 7));
      case 0x28:
        return this.#read(u32(packet, 2), u16(packet, 7));
      case 0xa8:
        return this.#read(u32(packet, 2), u32(packet, 6));
      case 0xbe:
        return this.#readCd(packet, u32(packet, 2), u24(packet, 6));
      case 0xb9:
        return this.#readCdMsf(packet);
      case 0x46:
        return this.#answer(answers.configuration(this.#disc, packet[1]! & 3, u16(packet, 2)), u16(packet, 7));
      case 0x4a:
        return this.#eventStatus(packet);
      case 0xbd:
        return this.#answer(answers.mechanismStatus(this.#disc), u16(packet, 8));
      default:
        return this.#aboutDisc(code, packet);
    }
  }

  /** Commands that want a disc in the drive. */
  #aboutDisc(code: number, packet: Uint8Array): void {
    const limit = u16(packet, 7);
    switch (code) {
      case 0x25:
        if (!this.#ready()) return;
        return this.#answer([...answers.big32(this.#disc.blocks - 1), ...answers.big32(BLOCK)], 8);
      case 0x42:
        if (!this.#ready()) return;
        return this.#answer((packet[2]! & 0x40) !== 0 ? answers.subChannel(packet[3]!) : answers.subChannel(0), limit);
      case 0x43:
        return this.#ready() ? this.#tableOfContents(packet, limit) : undefined;
      case 0x51:
        return this.#ready() ? this.#answer(answers.discInformation(), limit) : undefined;
      case 0x52:
        return this.#ready() ? this.#answer(answers.trackInformation(this.#disc), limit) : undefined;
      case 0xad: {
        if (!this.#ready()) return;
        const structure = answers.isDvd(this.#disc) || packet[7] === 0xff ? answers.dvdStructure(packet[7]!, this.#disc) : undefined;
        return structure === undefined ? this.#illegal(sense.INVALID_FIELD) : this.#answer(structure, u16(packet, 8));
      }
      default:
        return this.#illegal(sense.INVALID_COMMAND);
    }
  }

  #tableOfContents(packet: Uint8Array, limit: number): void {
    const msf = (packet[1]! & 2) !== 0;
    // Older hosts put the format into the last byte.
    const format = packet[2]! & 15 || packet[9]! >> 6;
    const table =
      format === 0
        ? answers.tableOfContents(this.#disc, msf, packet[6]!)
        : format === 1
          ? answers.sessions(msf)
          : format === 2
            ? answers.fullTableOfContents(this.#disc)
            : undefined;
    if (table === undefined) this.#illegal(sense.INVALID_FIELD);
    else this.#answer(table, limit);
  }

  #requestSense(limit: number): void {
    const { state } = this.#port;
    if (state.attention && state.senseKey === sense.NO_SENSE) {
      state.attention = false;
      this.#sense(sense.UNIT_ATTENTION, sense.MEDIUM_CHANGED);
    }
    const data = answers.senseData(state.senseKey, state.senseCode);
    this.#sense(sense.NO_SENSE, 0);
    this.#answer(data, limit);
  }

  #modeSense(packet: Uint8Array, long: boolean): void {
    const saved = packet[2]! >> 6 === 3;
    if (saved) return this.#illegal(sense.SAVING_UNSUPPORTED);
    const pages = answers.modePages(packet[2]! & 0x3f, this.#disc);
    if (pages === undefined) return this.#illegal(sense.INVALID_FIELD);
    const type = answers.mediumType(this.#disc);
    if (long) this.#answer([...answers.big16(pages.length + 6), type, 0, 0, 0, 0, 0, ...pages], u16(packet, 7));
    else this.#answer([pages.length + 3, type, 0, 0, ...pages], packet[4]!);
  }

  #parameters(bytes: number): void {
    const { state } = this.#port;
    if (bytes === 0) return this.#complete();
    state.filled = 1;
    state.count = 0;
    this.#setByteCount(bytes);
    this.#port.dataOut(Math.min(bytes + (bytes & 1), BUFFER_BYTES), true);
  }

  #eventStatus(packet: Uint8Array): void {
    const { state } = this.#port;
    // Only polling: an asynchronous drive would answer later.
    if ((packet[1]! & 1) === 0) return this.#illegal(sense.INVALID_FIELD);
    const classes = packet[4]!;
    const event = state.mediaEvent;
    if ((classes & 0x10) !== 0) state.mediaEvent = 0;
    this.#answer(answers.eventStatus(classes, this.#disc, event), u16(packet, 7));
  }

  #startStop(action: number): void {
    const { state } = this.#port;
    const loadEject = (action & 2) !== 0;
    const start = (action & 1) !== 0;
    if (!loadEject) return this.#complete();
    if (start) {
      if (state.trayOpen && this.#drive.medium !== undefined) state.mediaEvent = EVENT_NEW_MEDIUM;
      state.trayOpen = false;
    } else {
      if (state.locked) return this.#illegal(sense.REMOVAL_PREVENTED);
      if (!state.trayOpen) {
        state.mediaEvent = EVENT_REMOVAL;
        state.trayOpen = true;
        this.#drive.eject();
      }
    }
    this.#complete();
  }

  /** For the user's button: an unlocked tray could open at once, a locked one asks the guest. */
  requestEject(): void {
    this.#port.state.mediaEvent = EVENT_EJECT_REQUEST;
  }

  #ready(): boolean {
    const { blocks, trayOpen } = this.#disc;
    if (blocks > 0) return true;
    this.#check(sense.NOT_READY, trayOpen ? sense.NO_MEDIUM_OPEN : sense.NO_MEDIUM_CLOSED);
    return false;
  }

  #readCdMsf(packet: Uint8Array): void {
    const block = (at: number): number => (packet[at]! * 60 + packet[at + 1]!) * 75 + packet[at + 2]! - 150;
    const start = block(3);
    if (start < 0 || block(6) < start) return this.#illegal(sense.INVALID_FIELD);
    this.#readCd(packet, start, block(6) - start);
  }

  /** User data alone, or whole raw sectors. */
  #readCd(packet: Uint8Array, block: number, count: number): void {
    const parts = packet[9]! & 0xf8;
    if (parts === 0x10) return this.#read(block, count);
    if (parts === 0 || count === 0) return this.#ready() ? this.#complete() : undefined;
    // The bus master's table is walked once, so they must fit into the buffer.
    if (parts !== 0xf8 || (this.#usesDma && count > RAW_BLOCKS)) return this.#illegal(sense.INVALID_FIELD);
    this.#read(block, count);
  }

  #read(block: number, count: number): void {
    const { state } = this.#port;
    if (!this.#ready()) return;
    if (block + count > this.#disc.blocks) return this.#illegal(sense.OUT_OF_RANGE);
    if (count === 0) return this.#complete();
    state.lba = block;
    state.left = count;
    this.#readOn();
  }

  #readOn(): void {
    const { left } = this.#port.state;
    if (this.#usesDma && !this.#raw) this.#port.dma(true, left * BLOCK, (scatter) => this.#readDma(scatter));
    else this.#fill();
  }

  get #usesDma(): boolean {
    return (this.#port.state.features & 1) !== 0;
  }

  get #raw(): boolean {
    const { packet } = this.#port.state;
    return (packet[0] === 0xbe || packet[0] === 0xb9) && (packet[9]! & 0xf8) === 0xf8;
  }

  #readDma(scatter: Scatter): void {
    const { busMaster, state } = this.#port;
    const bytes = state.left * BLOCK;
    if (scatter.bytes < bytes) return busMaster.finish(true);
    this.#request(state.left, busMaster.views(scatter, 'write'), (outcome) => {
      busMaster.written(scatter);
      busMaster.finish(scatter.exhausted || outcome !== 'ok');
      if (outcome !== 'ok') return this.#failRead(outcome);
      state.left = 0;
      this.#complete();
    });
  }

  #request(blocks: number, data: readonly Uint8Array[], then: (outcome: DriveOutcome) => void): void {
    const offset = this.#port.state.lba * BLOCK;
    this.#port.request((request) => this.#drive.submit(request), { operation: 'read', offset, length: blocks * BLOCK, data }, then);
  }

  /** Reads as much as fits into the buffer and offers it. */
  #fill(): void {
    const { state, buffer } = this.#port;
    const raw = this.#raw;
    const blocks = Math.min(state.left, raw ? RAW_BLOCKS : BUFFER_BYTES / BLOCK);
    const start = raw ? BUFFER_BYTES - blocks * BLOCK : 0;
    this.#request(blocks, [buffer.subarray(start, start + blocks * BLOCK)], (outcome) => {
      if (outcome !== 'ok') return this.#failRead(outcome);
      if (raw) this.#spread(start, blocks);
      state.lba += blocks;
      state.left -= blocks;
      state.blockStart = 0;
      state.filled = blocks * (raw ? RAW_BLOCK : BLOCK);
      if (this.#usesDma) this.#dmaBuffer();
      else this.#offer();
    });
  }

  /** Makes raw sectors of the blocks that stand at the end of the buffer. */
  #spread(start: number, blocks: number): void {
    const { state, buffer } = this.#port;
    for (let i = 0; i < blocks; i++) {
      const at = start + i * BLOCK;
      buffer.set(answers.rawSector(state.lba + i, buffer.slice(at, at + BLOCK)), i * RAW_BLOCK);
    }
  }

  #failRead(outcome: DriveOutcome): void {
    this.#port.state.left = 0;
    this.#port.state.filled = 0;
    if (outcome === 'no-medium') this.#check(sense.NOT_READY, sense.NO_MEDIUM_CLOSED);
    else if (outcome === 'out-of-range') this.#illegal(sense.OUT_OF_RANGE);
    else this.#check(sense.MEDIUM_ERROR, sense.UNRECOVERED_READ);
  }

  #answer(data: readonly number[], limit: number): void {
    const { state, buffer } = this.#port;
    const bytes = Math.min(data.length, limit);
    if (bytes === 0) return this.#complete();
    buffer.set(data.slice(0, bytes));
    state.blockStart = 0;
    state.filled = bytes;
    if (this.#usesDma) this.#dmaBuffer();
    else this.#offer();
  }

  /** The next block for the data register: at most what the host said it takes, whole sectors where possible. */
  #offer(): void {
    const { state } = this.#port;
    const limit = this.#byteLimit();
    const bytes = Math.min(limit, state.filled - state.blockStart);
    const start = state.blockStart;
    state.blockStart += bytes;
    state.count = REASON_IO;
    this.#setByteCount(bytes);
    this.#port.dataIn(start, bytes);
  }

  #byteLimit(): number {
    const asked = this.#port.state.byteLimit || 0xfffe;
    const even = asked === 0xffff ? 0xfffe : asked > 1 ? asked & ~1 : asked;
    return even > BLOCK ? even - (even % BLOCK) : even;
  }

  #setByteCount(bytes: number): void {
    const { state } = this.#port;
    state.mid = bytes & 0xff;
    state.high = (bytes >> 8) & 0xff;
  }

  #dmaBuffer(): void {
    const { state } = this.#port;
    this.#port.dma(true, state.filled, (scatter) => {
      const { busMaster, buffer } = this.#port;
      let at = 0;
      for (const view of busMaster.views(scatter, 'write')) {
        view.set(buffer.subarray(at, at + view.length));
        at += view.length;
      }
      busMaster.written(scatter);
      busMaster.finish(scatter.exhausted);
      state.filled = 0;
      if (state.left > 0) this.#fill();
      else this.#complete();
    });
  }

  #complete(): void {
    this.#port.state.count = REASON_IO | REASON_CD;
    this.#port.done();
  }

  #illegal(code: number): void {
    this.#check(sense.ILLEGAL_REQUEST, code);
  }

  /** CHECK CONDITION: the sense key in the error register, the rest for REQUEST SENSE. */
  #check(key: number, code: number): void {
    this.#sense(key, code);
    this.#port.state.count = REASON_IO | REASON_CD;
    this.#port.fail((key << 4) | ERROR_ABRT);
  }

  #sense(key: number, code: number): void {
    this.#port.state.senseKey = key;
    this.#port.state.senseCode = code;
  }
}
