// A virtio device on PCI, in its modern form and, for older drivers, in the legacy one: feature negotiation, queues,
// interrupts by MSI-X or pin. What the device does is its kind's business.
// Reference: Virtual I/O Device (VIRTIO) Version 1.2, 4.1 (PCI transport), 4.1.4.8 and 4.1.4.10 (legacy).

import { extractBytes, insertBytes } from '../../base/bits.ts';
import { defineState, type StateSpec } from '../../snapshot/define-state.ts';
import { list, nested, u8, u16, u32, u32s } from '../../snapshot/fields.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import { CAPABILITY_VENDOR, type Capability } from '../pci/capability.ts';
import { IntxPin } from '../pci/intx.ts';
import type { MessageSink } from '../pci/msi.ts';
import { MSIX_BYTES, Msix } from '../pci/msix.ts';
import type { PciFunction } from '../pci/pci-function.ts';
import {
  FEATURE_ANY_LAYOUT,
  FEATURE_EVENT_INDEX,
  FEATURE_INDIRECT,
  FEATURE_VERSION_1,
  type VirtioKind,
  type VirtioTransport,
} from './virtio-device.ts';
import {
  BrokenQueue,
  type Chain,
  DESCRIPTOR_BYTES,
  MAX_QUEUE_SIZE,
  QUEUE_FIELDS,
  Virtqueue,
} from './virtqueue.ts';

const VENDOR = 0x1af4;
const LEGACY_DEVICE_BASE = 0x1000;
/** Legacy numbers don't follow the types. */
const LEGACY_DEVICES: Readonly<Record<number, number>> = { 1: 0, 2: 1, 3: 3, 4: 5, 5: 2, 8: 4, 9: 9 };

const LEGACY = 0;
const TABLE = 1;
const MODERN = 2;
const LEGACY_BAR = 0;
const TABLE_BAR = 1;
const MODERN_BAR = 4;
const LEGACY_BYTES = 0x80;
const MODERN_BYTES = 0x4000;
/** Parts of the modern BAR. */
const COMMON = 0x0000;
const COMMON_BYTES = 0x38;
const ISR = 0x1000;
const CONFIG = 0x2000;
const CONFIG_BYTES = 0x100;
const NOTIFY = 0x3000;
const NOTIFY_STEP = 4;

const STATUS_FEATURES_OK = 8;
const STATUS_DRIVER_OK = 4;
const STATUS_NEEDS_RESET = 0x40;
const ISR_QUEUE = 1;
const ISR_CONFIG = 2;
const NO_VECTOR = 0xffff;
const LEGACY_PAGE = 4096;
const TRANSPORT_FEATURES = FEATURE_ANY_LAYOUT | FEATURE_INDIRECT | FEATURE_EVENT_INDEX;

const FIELDS = (queues: number) => ({
  status: u8(),
  isr: u8(),
  queueSelect: u16(),
  featureSelect: u32(),
  driverFeatureSelect: u32(),
  featuresLow: u32(),
  featuresHigh: u32(),
  configVector: u16(NO_VECTOR),
  kindState: u8(),
  generation: u8(),
  /** Of each queue. */
  queues: list(queues, nested(QUEUE_FIELDS)),
  msix: nested({ table: u32s(4 * (queues + 1)), pending: u32s((queues >>> 5) + 1) }),
});
type VirtioState = ReturnType<ReturnType<typeof specOf>['create']>;
const specOf = (id: string, queues: number) => defineState(id, 1, FIELDS(queues));

export interface VirtioPciOptions {
  readonly id: string;
  readonly slot: number;
  readonly function?: number;
  readonly messages: MessageSink;
  readonly kind: (transport: VirtioTransport) => VirtioKind;
  readonly queues: number;
}

export class VirtioPci implements Device<VirtioState>, VirtioTransport {
  readonly id: string;
  readonly spec: StateSpec<VirtioState>;
  readonly state: VirtioState;
  readonly regions: readonly Region[] = [
    { space: 'port', base: 0, length: LEGACY_BYTES, unmapped: true },
    { space: 'memory', base: 0, length: MSIX_BYTES, unmapped: true },
    { space: 'memory', base: 0, length: MODERN_BYTES, unmapped: true },
  ];
  readonly pci: PciFunction;
  private readonly context: DeviceContext;
  private readonly kind: VirtioKind;
  private readonly queues: readonly Virtqueue[];
  private readonly msix: Msix;
  private readonly pin: IntxPin;
  private inFlight = 0;
  /** Raised by a reset: what was taken before is not given back. */
  private era = 0;
  private readonly eras = new WeakMap<Chain, number>();
  private resetting = false;

  constructor(context: DeviceContext, options: VirtioPciOptions) {
    this.context = context;
    this.id = options.id;
    this.spec = specOf(options.id, options.queues);
    this.state = this.spec.create();
    this.kind = options.kind(this);
    const features = () => ({
      indirect: (this.state.featuresLow & FEATURE_INDIRECT) !== 0,
      eventIndex: (this.state.featuresLow & FEATURE_EVENT_INDEX) !== 0,
    });
    this.queues = this.state.queues.map((queue, index) => new Virtqueue(index, queue, context.dma, features));
    this.msix = new Msix(this.state.msix, options.messages, TABLE_BAR);
    this.pin = new IntxPin(context.irq('inta'));
    this.pci = this.describe(options);
  }

  get accepted(): number {
    return this.state.featuresLow;
  }

  get kindState(): number {
    return this.state.kindState;
  }

  set kindState(value: number) {
    this.state.kindState = value;
  }

  read(region: number, offset: number, width: Width): number {
    if (region === TABLE) return this.msix.read(offset, width);
    if (region === LEGACY) return this.readLegacy(offset, width);
    if (offset < ISR) return offset < COMMON + COMMON_BYTES ? this.readCommon(offset, width) : 0;
    if (offset < CONFIG) return offset === ISR ? this.takeIsr() : 0;
    return offset < NOTIFY ? this.readConfig(offset - CONFIG, width) : 0;
  }

  write(region: number, offset: number, width: Width, value: number): void {
    if (region === TABLE) this.msix.write(offset, width, value);
    else if (region === LEGACY) this.writeLegacy(offset, width, value);
    else if (offset < ISR) this.writeCommon(offset, width, value);
    else if (offset >= NOTIFY) this.notified((offset - NOTIFY) / NOTIFY_STEP);
    else if (offset >= CONFIG) this.writeConfig(offset - CONFIG, width, value);
  }

  reset(): void {
    this.spec.reset(this.state);
    this.msix.reset();
    this.forget();
    // The machine waits for its drives before it resets.
    this.inFlight = 0;
    this.resetting = false;
  }

  afterRestore(): void {
    this.driveLine();
    for (const { state } of this.queues) state.size = Math.min(state.size, MAX_QUEUE_SIZE);
  }

  // VirtioTransport.

  begin(): void {
    this.inFlight++;
  }

  complete(queue: Virtqueue, chain: Chain, written: number): void {
    if (this.eras.get(chain) !== this.era) return this.endRequest();
    this.endRequest();
    try {
      queue.give(chain.head, written);
      if (queue.wantsInterrupt()) this.interrupt(ISR_QUEUE, queue.state.vector);
    } catch (error) {
      this.broken(error);
    }
  }

  configChanged(): void {
    this.state.generation = (this.state.generation + 1) & 0xff;
    if ((this.state.status & STATUS_DRIVER_OK) !== 0) this.interrupt(ISR_CONFIG, this.state.configVector);
  }

  private endRequest(): void {
    this.inFlight--;
    if (this.resetting && this.inFlight === 0) this.finishReset();
  }

  /** By the guest: complete only once nothing of the old life can touch memory any more. */
  private resetByGuest(): void {
    this.forget();
    this.resetting = true;
    if (this.inFlight === 0) this.finishReset();
  }

  private finishReset(): void {
    const { table, pending } = this.state.msix;
    const [oldTable, oldPending] = [table.slice(), pending.slice()];
    this.spec.reset(this.state);
    // The table belongs to PCI and outlives a reset of the device.
    table.set(oldTable);
    pending.set(oldPending);
    this.resetting = false;
    this.driveLine();
  }

  private forget(): void {
    this.era++;
    this.kind.reset();
    this.state.isr = 0;
    for (const { state } of this.queues) state.enabled = false;
    this.driveLine();
  }

  private notified(index: number): void {
    const queue = this.queues[index];
    // Legacy drivers may use queues before they say that they are ready.
    if (queue === undefined || this.resetting || (this.state.status & STATUS_NEEDS_RESET) !== 0) return;
    try {
      let more = true;
      // A guest that adds requests meanwhile gets its turn again with the next notification.
      for (let taken = 0; more && taken < 2 * MAX_QUEUE_SIZE; ) {
        for (let chain = queue.take(); chain !== undefined; chain = queue.take()) {
          this.eras.set(chain, this.era);
          this.begin();
          this.kind.handle(queue, chain);
          taken++;
        }
        more = queue.rearm();
      }
    } catch (error) {
      this.broken(error);
    }
  }

  /** The guest's rings make no sense: the device wants to be reset. */
  private broken(error: unknown): void {
    if (!(error instanceof BrokenQueue)) throw error;
    this.context.log.log('warning', error.message);
    this.state.status |= STATUS_NEEDS_RESET;
    this.interrupt(ISR_CONFIG, this.state.configVector);
  }

  private interrupt(cause: number, vector: number): void {
    if (this.msix.enabled) {
      this.msix.notify(vector);
      return;
    }
    this.state.isr |= cause;
    this.driveLine();
  }

  private driveLine(): void {
    this.pin.set(this.state.isr !== 0);
  }

  private takeIsr(): number {
    const { isr } = this.state;
    this.state.isr = 0;
    this.driveLine();
    return isr;
  }

  private get offeredLow(): number {
    return (this.kind.features | TRANSPORT_FEATURES) >>> 0;
  }

  private setStatus(value: number): void {
    const { state } = this;
    if (value === 0) return this.resetByGuest();
    if (this.resetting) return;
    let status = value & ~STATUS_NEEDS_RESET;
    const modern = (state.featuresHigh & FEATURE_VERSION_1) !== 0;
    const known =
      (state.featuresLow & ~this.offeredLow) === 0 && (state.featuresHigh & ~FEATURE_VERSION_1) === 0;
    if ((status & STATUS_FEATURES_OK) !== 0 && !(modern && known)) status &= ~STATUS_FEATURES_OK;
    state.status = status | (state.status & STATUS_NEEDS_RESET);
    // What was put into queues before the driver was ready is seen now.
    if ((status & STATUS_DRIVER_OK) !== 0) for (const { index } of this.queues) this.notified(index);
  }

  private readConfig(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) {
      const at = offset + i;
      if (at < this.kind.configBytes) value |= this.kind.readConfig(at) << (8 * i);
    }
    return value >>> 0;
  }

  private writeConfig(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) {
      const at = offset + i;
      if (at < this.kind.configBytes) this.kind.writeConfig(at, (value >>> (8 * i)) & 0xff);
    }
  }

  // The modern registers, as words.

  private readCommon(offset: number, width: Width): number {
    return extractBytes(this.commonWord(offset & ~3), offset, width);
  }

  private commonWord(word: number): number {
    const { state } = this;
    const queue = this.queues[state.queueSelect];
    const registers = queue?.state;
    switch (word) {
      case 0x00:
        return state.featureSelect;
      case 0x04:
        return state.featureSelect === 0
          ? this.offeredLow
          : state.featureSelect === 1
            ? FEATURE_VERSION_1
            : 0;
      case 0x08:
        return state.driverFeatureSelect;
      case 0x0c:
        return [state.featuresLow, state.featuresHigh][state.driverFeatureSelect] ?? 0;
      case 0x10:
        return state.configVector | (this.queues.length << 16);
      case 0x14:
        return (state.status | (state.generation << 8) | (state.queueSelect << 16)) >>> 0;
      case 0x18:
        return registers === undefined ? 0 : (registers.size | (registers.vector << 16)) >>> 0;
      case 0x1c:
        return registers === undefined ? 0 : (registers.enabled ? 1 : 0) | (state.queueSelect << 16);
      default:
        return registers === undefined ? 0 : queueAddress(registers, word);
    }
  }

  private writeCommon(offset: number, width: Width, value: number): void {
    const { state } = this;
    const registers = this.queues[state.queueSelect]?.state;
    switch (offset) {
      case 0x00:
        state.featureSelect = value;
        return;
      case 0x08:
        state.driverFeatureSelect = value;
        return;
      case 0x0c:
        this.acceptFeatures(value);
        return;
      case 0x10:
        state.configVector = this.vector(value);
        return;
      case 0x14:
        this.setStatus(value & 0xff);
        return;
      case 0x16:
        state.queueSelect = value & 0xffff;
        return;
    }
    if (registers === undefined || this.resetting) return;
    if (offset === 0x1a) registers.vector = this.vector(value);
    if (registers.enabled) return;
    if (offset === 0x18 && isQueueSize(value)) registers.size = value;
    else if (offset === 0x1c) this.enable(registers, (value & 1) !== 0);
    else if (offset >= 0x20) setQueueAddress(registers, offset, width, value);
  }

  private acceptFeatures(value: number): void {
    const { state } = this;
    if ((state.status & STATUS_FEATURES_OK) !== 0) return;
    if (state.driverFeatureSelect === 0) state.featuresLow = value;
    else if (state.driverFeatureSelect === 1) state.featuresHigh = value;
  }

  private vector(value: number): number {
    return value < this.queues.length + 1 ? value : NO_VECTOR;
  }

  private enable(registers: Virtqueue['state'], enabled: boolean): void {
    registers.enabled = enabled;
  }

  // The legacy registers: little-endian, with the configuration behind them.

  private readLegacy(offset: number, width: Width): number {
    const { state } = this;
    const registers = this.queues[state.queueSelect]?.state;
    const config = this.legacyConfig();
    if (offset >= config) return this.readConfig(offset - config, width);
    switch (offset) {
      case 0x00:
        return this.offeredLow;
      case 0x04:
        return state.featuresLow;
      case 0x08:
        return registers?.legacyPage ?? 0;
      case 0x0c:
        return registers === undefined ? 0 : MAX_QUEUE_SIZE;
      case 0x0e:
        return state.queueSelect;
      case 0x12:
        return width === 1 ? state.status : state.status | (this.takeIsr() << 8);
      case 0x13:
        return this.takeIsr();
      case 0x14:
        return state.configVector;
      case 0x16:
        return registers?.vector ?? NO_VECTOR;
      default:
        return 0;
    }
  }

  private writeLegacy(offset: number, width: Width, value: number): void {
    const { state } = this;
    const registers = this.queues[state.queueSelect]?.state;
    const config = this.legacyConfig();
    if (offset >= config) return this.writeConfig(offset - config, width, value);
    switch (offset) {
      case 0x04:
        // Older drivers know of no refusal: what isn't offered is dropped.
        state.featuresLow = (value & this.offeredLow) >>> 0;
        return;
      case 0x08:
        if (registers !== undefined && !this.resetting) setLegacyPage(registers, value);
        return;
      case 0x0e:
        state.queueSelect = value & 0xffff;
        return;
      case 0x10:
        this.notified(value & 0xffff);
        return;
      case 0x12:
        this.setStatus(value & 0xff);
        return;
      case 0x14:
        state.configVector = this.vector(value & 0xffff);
        return;
      case 0x16:
        if (registers !== undefined) registers.vector = this.vector(value & 0xffff);
        return;
    }
  }

  /** Two vector registers come in between while MSI-X is enabled. */
  private legacyConfig(): number {
    return this.msix.enabled ? 0x18 : 0x14;
  }

  private describe({ slot, function: fn = 0 }: VirtioPciOptions): PciFunction {
    const { type, classCode } = this.kind;
    return {
      slot,
      function: fn,
      vendorId: VENDOR,
      deviceId: LEGACY_DEVICE_BASE + (LEGACY_DEVICES[type] ?? type),
      classCode,
      subsystemVendorId: VENDOR,
      subsystemId: type,
      interruptPin: ((fn & 3) + 1) as 1 | 2 | 3 | 4,
      device: this,
      bars: [
        { index: LEGACY_BAR, kind: 'io', bytes: LEGACY_BYTES, region: LEGACY },
        { index: TABLE_BAR, kind: 'memory', bytes: MSIX_BYTES, region: TABLE },
        { index: MODERN_BAR, kind: 'memory', bytes: MODERN_BYTES, region: MODERN, prefetchable: true },
      ],
      capabilities: [
        this.msix.capability,
        structure(1, COMMON, COMMON_BYTES),
        structure(3, ISR, 1),
        structure(4, CONFIG, CONFIG_BYTES),
        structure(2, NOTIFY, MODERN_BYTES - NOTIFY, NOTIFY_STEP),
      ],
      configure: (config) => {
        this.pin.configure(config);
        this.msix.configure(config);
      },
    };
  }
}

/** A vendor capability that says where a part of the modern registers is. */
function structure(type: number, offset: number, length: number, multiplier?: number): Capability {
  const bytes = multiplier === undefined ? 16 : 20;
  return {
    id: CAPABILITY_VENDOR,
    length: bytes,
    registers: [
      { offset: 2, width: 1, value: bytes },
      { offset: 3, width: 1, value: type },
      { offset: 4, width: 4, value: MODERN_BAR },
      { offset: 8, width: 4, value: offset },
      { offset: 12, width: 4, value: length },
      ...(multiplier === undefined ? [] : [{ offset: 16, width: 4 as const, value: multiplier }]),
    ],
  };
}

const ADDRESSES = ['descriptors', 'available', 'used'] as const;

function queueAddress(registers: Virtqueue['state'], word: number): number {
  const name = ADDRESSES[(word - 0x20) >>> 3];
  if (name === undefined) return 0;
  return Number((registers[name] >> (word & 4 ? 32n : 0n)) & 0xffff_ffffn);
}

function setQueueAddress(registers: Virtqueue['state'], offset: number, width: Width, value: number): void {
  const name = ADDRESSES[(offset - 0x20) >>> 3];
  if (name === undefined) return;
  const shift = offset & 4 ? 32n : 0n;
  const half = Number((registers[name] >> shift) & 0xffff_ffffn);
  const fresh = BigInt(insertBytes(half, offset, width, value)) << shift;
  registers[name] = (registers[name] & (0xffff_ffff_0000_0000n >> shift)) | fresh;
}

function isQueueSize(value: number): boolean {
  return value > 0 && value <= MAX_QUEUE_SIZE && (value & (value - 1)) === 0;
}

/** The legacy layout: descriptors, the available ring behind them, the used ring on the next page. */
function setLegacyPage(registers: Virtqueue['state'], page: number): void {
  registers.legacyPage = page;
  registers.enabled = page !== 0;
  registers.size = MAX_QUEUE_SIZE;
  registers.taken = 0;
  registers.usedIndex = 0;
  registers.signalled = 0;
  const base = page * LEGACY_PAGE;
  const available = base + MAX_QUEUE_SIZE * DESCRIPTOR_BYTES;
  const end = available + 6 + 2 * MAX_QUEUE_SIZE;
  registers.descriptors = BigInt(base);
  registers.available = BigInt(available);
  registers.used = BigInt(Math.ceil(end / LEGACY_PAGE) * LEGACY_PAGE);
}
