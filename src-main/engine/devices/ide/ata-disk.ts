// A hard disk on an IDE channel: the ATA command set. Reference: ATA/ATAPI-6 (T13/1410D), 8.

import type { Drive, DriveOutcome } from '../../block/drive.ts';
import type { Scatter } from './bus-master.ts';
import type { Unit, UnitPort } from './channel.ts';
import { currentGeometry, type Identity, identifyDisk, MAX_MULTIPLE } from './identify.ts';
import { DEVICE_LBA, ERROR_ABRT, ERROR_IDNF, ERROR_UNC, ERROR_WP, STATUS_DF } from './registers.ts';
import { smartCommand } from './smart.ts';
import { BUFFER_BYTES } from './state.ts';

const SECTOR = 512;
/** What is read ahead into the buffer in one go. */
const BUFFER_SECTORS = BUFFER_BYTES / SECTOR;
const POWER_ACTIVE = 0xff;
const POWER_IDLE = 0x80;
const POWER_STANDBY = 0x00;

interface Transfer {
  readonly protocol: 'read' | 'write' | 'verify' | 'read-dma' | 'write-dma';
  readonly wide: boolean;
  readonly multiple: boolean;
  /** Durable before the command ends. */
  readonly forced: boolean;
}

const transfer = (protocol: Transfer['protocol'], flags = ''): Transfer => ({
  protocol, wide: flags.includes('w'), multiple: flags.includes('m'), forced: flags.includes('f'),
});

const TRANSFERS = new Map<number, Transfer>([
  [0x20, transfer('read')], [0x21, transfer('read')], [0x24, transfer('read', 'w')],
  [0xc4, transfer('read', 'm')], [0x29, transfer('read', 'wm')],
  [0x30, transfer('write')], [0x31, transfer('write')], [0x3c, transfer('write')], [0x34, transfer('write', 'w')],
  [0xc5, transfer('write', 'm')], [0x39, transfer('write', 'wm')], [0xce, transfer('write', 'wmf')],
  [0x40, transfer('verify')], [0x41, transfer('verify')], [0x42, transfer('verify', 'w')],
  [0xc8, transfer('read-dma')], [0xc9, transfer('read-dma')], [0x25, transfer('read-dma', 'w')],
  [0xca, transfer('write-dma')], [0xcb, transfer('write-dma')], [0x35, transfer('write-dma', 'w')], [0x3d, transfer('write-dma', 'wf')],
]);

export class AtaDisk implements Unit {
  readonly #port: UnitPort;
  readonly #drive: Drive;
  readonly #identity: Identity;

  constructor(port: UnitPort, drive: Drive, identity: Identity) {
    this.#port = port;
    this.#drive = drive;
    this.#identity = identity;
  }

  command(code: number): void {
    const found = TRANSFERS.get(code);
    if (found !== undefined) return this.#transfer(found);
    const group = code & 0xf0;
    if (group === 0x10 || group === 0x70) return this.#seek(group === 0x70);
    const { state } = this.#port;
    switch (code) {
      case 0x27:
        return this.#nativeMax(true);
      case 0xf8:
        return this.#nativeMax(false);
      case 0x91:
        return this.#initializeParameters();
      case 0xb0:
        return this.#answer(smartCommand(state));
      case 0xc6:
        return this.#setMultiple();
      case 0xe4: // READ BUFFER
        return this.#port.dataIn(0, SECTOR);
      case 0xe8: // WRITE BUFFER
        return this.#port.dataOut(SECTOR, false);
      case 0xe7:
      case 0xea:
        return this.#flush();
      case 0xec:
        return this.#answer(identifyDisk(state, this.#identity, this.#sectors));
      case 0xef:
        return this.#setFeatures();
      default:
        return this.#power(code);
    }
  }

  blockRead(): void {
    const { state } = this.#port;
    const transfer = TRANSFERS.get(state.command);
    if (transfer?.protocol !== 'read') return; // the answer of another command
    if (state.left === 0 && state.blockStart >= state.filled) return this.#finished();
    if (state.blockStart < state.filled) this.#offerBlock(transfer);
    else this.#fill(transfer);
  }

  blockWritten(): void {
    const { state } = this.#port;
    const transfer = TRANSFERS.get(state.command);
    if (transfer?.protocol !== 'write') return this.#port.done();
    const sectors = this.#blockSectors(transfer);
    const data = [this.#port.buffer.subarray(0, sectors * SECTOR)];
    this.#request('write', sectors, data, (outcome) => {
      if (outcome !== 'ok') return this.#fail(outcome, true);
      this.#advance(sectors);
      if (state.left > 0) return this.#port.dataOut(this.#blockSectors(transfer) * SECTOR, true);
      if (transfer.forced) this.#flush();
      else this.#finished();
    });
  }

  resume(): void {
    const { state } = this.#port;
    const transfer = TRANSFERS.get(state.command);
    if (transfer === undefined || state.left === 0) return this.#flush();
    switch (transfer.protocol) {
      case 'read':
        return this.#fill(transfer);
      case 'write':
        return this.blockWritten();
      case 'verify':
        return this.#verify();
      case 'read-dma':
      case 'write-dma':
        return this.#dma(transfer);
    }
  }

  signature(): void {
    this.#port.state.status = 0x50;
  }

  reset(hard: boolean): void {
    const { state } = this.#port;
    state.power = POWER_ACTIVE;
    if (!hard) return;
    state.multiple = MAX_MULTIPLE;
  }

  get #sectors(): number {
    return Math.floor((this.#drive.medium?.bytes ?? 0) / SECTOR);
  }

  #transfer(transfer: Transfer): void {
    const { state } = this.#port;
    if (transfer.multiple && state.multiple === 0) return this.#port.abort();
    const count = transfer.wide ? (state.previous[1]! << 8) | state.count : state.count;
    state.left = count || (transfer.wide ? 0x1_0000 : 0x100);
    state.lba = this.#address(transfer.wide);
    state.power = POWER_ACTIVE;
    if (state.lba < 0 || state.lba + state.left > this.#sectors) return this.#port.fail(ERROR_IDNF);
    switch (transfer.protocol) {
      case 'read':
        return this.#fill(transfer);
      case 'write':
        return this.#port.dataOut(this.#blockSectors(transfer) * SECTOR, false);
      case 'verify':
        return this.#verify();
      case 'read-dma':
      case 'write-dma':
        return this.#dma(transfer);
    }
  }

  /** Negative: there is no such cylinder, head or sector. */
  #address(wide: boolean): number {
    const { low, mid, high, previous } = this.#port.state;
    const device = this.#port.device;
    const below = low + mid * 0x100 + high * 0x1_0000;
    if (wide) return below + previous[2]! * 2 ** 24 + previous[3]! * 2 ** 32 + previous[4]! * 2 ** 40;
    if ((device & DEVICE_LBA) !== 0) return below + (device & 15) * 2 ** 24;
    const { cylinders, heads, sectors } = currentGeometry(this.#port.state, this.#sectors);
    const cylinder = mid + high * 0x100;
    const head = device & 15;
    if (low === 0 || low > sectors || head >= heads || cylinder >= cylinders) return -1;
    return (cylinder * heads + head) * sectors + low - 1;
  }

  #blockSectors({ multiple }: Transfer): number {
    const { state } = this.#port;
    return Math.min(multiple ? state.multiple : 1, state.left);
  }

  #fill(transfer: Transfer): void {
    const sectors = Math.min(this.#port.state.left, BUFFER_SECTORS);
    const data = [this.#port.buffer.subarray(0, sectors * SECTOR)];
    this.#request('read', sectors, data, (outcome) => {
      if (outcome !== 'ok') return this.#fail(outcome, false);
      this.#port.state.blockStart = 0;
      this.#port.state.filled = sectors * SECTOR;
      this.#advance(sectors);
      this.#offerBlock(transfer);
    });
  }

  #offerBlock({ multiple }: Transfer): void {
    const { state } = this.#port;
    const start = state.blockStart;
    const bytes = Math.min((multiple ? state.multiple : 1) * SECTOR, state.filled - start);
    state.blockStart += bytes;
    this.#port.dataIn(start, bytes);
  }

  #advance(sectors: number): void {
    const { state } = this.#port;
    state.lba += sectors;
    state.left -= sectors;
  }

  /** Status without a further interrupt: the last block had it. */
  #finished(): void {
    const { state } = this.#port;
    state.count = 0;
    if (TRANSFERS.get(state.command)?.protocol === 'read') state.status = 0x50;
    else this.#port.done();
  }

  #verify(): void {
    const sectors = Math.min(this.#port.state.left, BUFFER_SECTORS);
    const data = [this.#port.buffer.subarray(0, sectors * SECTOR)];
    this.#request('read', sectors, data, (outcome) => {
      if (outcome !== 'ok') return this.#fail(outcome, false);
      this.#advance(sectors);
      if (this.#port.state.left > 0) this.#verify();
      else this.#finished();
    });
  }

  #dma(transfer: Transfer): void {
    const { left } = this.#port.state;
    const reading = transfer.protocol === 'read-dma';
    this.#port.dma(reading, left * SECTOR, (scatter) => this.#dmaReady(transfer, scatter));
  }

  #dmaReady(transfer: Transfer, scatter: Scatter): void {
    const { busMaster, state } = this.#port;
    const reading = transfer.protocol === 'read-dma';
    const wanted = state.left * SECTOR;
    // A table too short leaves the drive waiting for more; drivers find that out by time.
    if (scatter.bytes < wanted) return busMaster.finish(true);
    const data = busMaster.views(scatter, reading ? 'write' : 'read');
    this.#request(reading ? 'read' : 'write', state.left, data, (outcome) => {
      if (reading) busMaster.written(scatter);
      busMaster.finish(scatter.exhausted || outcome !== 'ok');
      if (outcome !== 'ok') return this.#fail(outcome, !reading);
      this.#advance(state.left);
      if (transfer.forced) this.#flush();
      else this.#finished();
    });
  }

  #request(operation: 'read' | 'write', sectors: number, data: readonly Uint8Array[], then: (outcome: DriveOutcome) => void): void {
    const offset = this.#port.state.lba * SECTOR;
    this.#port.request((request) => this.#drive.submit(request), { operation, offset, length: sectors * SECTOR, data }, then);
  }

  /** The address registers name the first sector not transferred. */
  #fail(outcome: DriveOutcome, writing: boolean): void {
    this.#showAddress(this.#port.state.lba);
    switch (outcome) {
      case 'write-protected':
        return this.#port.fail(ERROR_WP | ERROR_ABRT);
      case 'out-of-range':
        return this.#port.fail(ERROR_IDNF);
      default:
        return writing ? this.#port.fail(ERROR_ABRT, STATUS_DF) : this.#port.fail(ERROR_UNC);
    }
  }

  #showAddress(lba: number): void {
    const { state } = this.#port;
    state.low = lba % 0x100;
    state.mid = Math.floor(lba / 0x100) % 0x100;
    state.high = Math.floor(lba / 0x1_0000) % 0x100;
    state.previous[2] = Math.floor(lba / 2 ** 24) % 0x100;
    state.previous[3] = Math.floor(lba / 2 ** 32) % 0x100;
    state.previous[4] = Math.floor(lba / 2 ** 40) % 0x100;
  }

  #answer(answer: Uint8Array | 'done' | 'abort'): void {
    if (answer === 'abort') return this.#port.abort();
    if (answer === 'done') return this.#port.done();
    this.#port.buffer.set(answer);
    this.#port.dataIn(0, answer.length);
  }

  #flush(): void {
    const request = { operation: 'flush', offset: 0, length: 0, data: [] } as const;
    this.#port.request((full) => this.#drive.submit(full), request, (outcome) => {
      if (outcome === 'ok') this.#port.done();
      else this.#fail(outcome, true);
    });
  }

  #seek(checked: boolean): void {
    const lba = this.#address(false);
    if (checked && (lba < 0 || lba >= this.#sectors)) return this.#port.fail(ERROR_IDNF);
    this.#port.done();
  }

  #nativeMax(wide: boolean): void {
    const last = this.#sectors - 1;
    this.#showAddress(wide ? last : Math.min(last, 0xfff_fffe));
    this.#port.done();
  }

  #initializeParameters(): void {
    const { state } = this.#port;
    if (state.count === 0) return this.#port.abort();
    state.heads = (this.#port.device & 15) + 1;
    state.sectors = state.count;
    this.#port.done();
  }

  #setMultiple(): void {
    const { state } = this.#port;
    const { count } = state;
    const valid = count <= MAX_MULTIPLE && (count & (count - 1)) === 0;
    if (!valid) return this.#port.abort();
    state.multiple = count;
    this.#port.done();
  }

  #setFeatures(): void {
    const { state } = this.#port;
    switch (state.features) {
      case 0x02:
      case 0x82:
        state.writeCache = state.features === 0x02;
        // Switching the cache off empties it.
        return state.writeCache ? this.#port.done() : this.#flush();
      case 0x55:
      case 0xaa:
        state.lookAhead = state.features === 0xaa;
        return this.#port.done();
      case 0x03: {
        const known = [0, 1, 4, 8].includes(state.count >> 3);
        if (!known) return this.#port.abort();
        state.transferMode = state.count;
        return this.#port.done();
      }
      case 0x05: // power management level, acoustics: taken, nothing to change
      case 0x85:
      case 0x42:
      case 0xc2:
      case 0x66: // keep settings over SRST
      case 0xcc:
        return this.#port.done();
      default:
        return this.#port.abort();
    }
  }

  #power(code: number): void {
    const { state } = this.#port;
    switch (code) {
      case 0x94:
      case 0xe0: // STANDBY IMMEDIATE
      case 0x96:
      case 0xe2:
      case 0x99:
      case 0xe6: // SLEEP
        state.power = POWER_STANDBY;
        return this.#flush();
      case 0x95:
      case 0xe1:
      case 0x97:
      case 0xe3:
        state.power = POWER_IDLE;
        return this.#port.done();
      case 0x98:
      case 0xe5:
        state.count = state.power;
        return this.#port.done();
      default:
        return this.#port.abort();
    }
  }
}
