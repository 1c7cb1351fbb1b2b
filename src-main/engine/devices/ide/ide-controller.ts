// The IDE function of the PIIX3: two channels at their legacy places, and the bus master registers.
// Reference: Intel 82371SB (PIIX3) datasheet (290550), 2.3.

import type { Drive } from '../../block/drive.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import type { ConfigSpace } from '../pci/config-space.ts';
import type { PciFunction } from '../pci/pci-function.ts';
import { AtaDisk } from './ata-disk.ts';
import { Cdrom } from './atapi/cdrom.ts';
import { Channel, type UnitFactory } from './channel.ts';
import type { Identity } from './identify.ts';
import { IDE_SPEC, type IdeState } from './state.ts';

const IDETIM = 0x40;
const DECODE_ENABLE = 0x8000;
const BUS_MASTER_REGION = 4;
const BUS_MASTER_BYTES = 16;
const BUS_MASTER_STEP = 8;
const UNITS = 2;

/** A drive on a cable: channel and unit, 0 or 1 each. */
export interface IdeDrive {
  readonly channel: 0 | 1;
  readonly unit: 0 | 1;
  readonly drive: Drive;
  readonly identity?: Partial<Identity>;
}

export interface IdeOptions {
  readonly slot: number;
  readonly drives: readonly IdeDrive[];
  /** The channels answer from reset on, without a BIOS that switches them on. */
  readonly decodeAtReset: boolean;
  readonly ports: { move(device: Device, region: number, base: number | undefined): void };
}

const LEGACY = [
  { command: 0x1f0, control: 0x3f6 },
  { command: 0x170, control: 0x376 },
] as const;

export class IdeController implements Device<IdeState> {
  readonly id = 'ide';
  readonly spec = IDE_SPEC;
  readonly state = IDE_SPEC.create();
  readonly regions: readonly Region[] = [
    ...LEGACY.flatMap(({ command, control }): Region[] => [
      { space: 'port', base: command, length: 8 },
      { space: 'port', base: control, length: 1, maxWidth: 1 },
    ]),
    { space: 'port', base: 0, length: BUS_MASTER_BYTES, unmapped: true },
  ];
  readonly pci: PciFunction;
  readonly #channels: readonly [Channel, Channel];
  readonly #ports: IdeOptions['ports'];
  readonly #decoded = [true, true];

  constructor(context: DeviceContext, options: IdeOptions) {
    const factories = (channel: number): (UnitFactory | undefined)[] =>
      Array.from({ length: UNITS }, (_, unit) => unitFactory(options.drives, channel, unit));
    this.#channels = [
      new Channel(context, this.state.channels[0]!, 'primary', factories(0)),
      new Channel(context, this.state.channels[1]!, 'secondary', factories(1)),
    ];
    this.#ports = options.ports;
    const timing = options.decodeAtReset ? DECODE_ENABLE : 0;
    this.pci = {
      slot: options.slot,
      function: 1,
      vendorId: 0x8086,
      deviceId: 0x7010,
      classCode: 0x010180,
      bars: [{ index: 4, kind: 'io', bytes: BUS_MASTER_BYTES, region: BUS_MASTER_REGION }],
      registers: [
        { offset: IDETIM, width: 2, value: timing, writable: 0xf3ff },
        { offset: IDETIM + 2, width: 2, value: timing, writable: 0xf3ff },
        { offset: IDETIM + 4, width: 1, writable: 0xff },
      ],
      device: this,
      configure: (config) => this.#configure(config),
    };
  }

  read(region: number, offset: number, width: Width): number {
    if (region === BUS_MASTER_REGION) return this.#readBusMaster(offset, width);
    const channel = this.#channels[region >> 1]!;
    if ((region & 1) !== 0) return channel.readAlternateStatus();
    if (offset === 0 || width === 1) return channel.readRegister(offset, width);
    let value = 0;
    for (let i = 0; i < width; i++) value |= channel.readRegister(offset + i, 1) << (8 * i);
    return value >>> 0;
  }

  write(region: number, offset: number, width: Width, value: number): void {
    if (region === BUS_MASTER_REGION) return this.#writeBusMaster(offset, width, value);
    const channel = this.#channels[region >> 1]!;
    if ((region & 1) !== 0) return channel.writeControl(value & 0xff);
    if (offset === 0 || width === 1) return channel.writeRegister(offset, width, value);
    for (let i = 0; i < width; i++) channel.writeRegister(offset + i, 1, (value >>> (8 * i)) & 0xff);
  }

  reset(): void {
    IDE_SPEC.reset(this.state);
    for (const channel of this.#channels) channel.reset();
  }

  afterRestore(): void {
    for (const channel of this.#channels) channel.afterRestore();
  }

  #readBusMaster(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.#busMaster(offset + i).read((offset + i) % BUS_MASTER_STEP) << (8 * i);
    return value >>> 0;
  }

  #writeBusMaster(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) this.#busMaster(offset + i).write((offset + i) % BUS_MASTER_STEP, (value >>> (8 * i)) & 0xff);
  }

  #busMaster(offset: number) {
    return this.#channels[offset < BUS_MASTER_STEP ? 0 : 1]!.busMaster;
  }

  #configure(config: ConfigSpace): void {
    LEGACY.forEach(({ command, control }, channel) => {
      const decoded = (config.u16(IDETIM + 2 * channel) & DECODE_ENABLE) !== 0;
      if (this.#decoded[channel] === decoded) return;
      this.#decoded[channel] = decoded;
      this.#ports.move(this, 2 * channel, decoded ? command : undefined);
      this.#ports.move(this, 2 * channel + 1, decoded ? control : undefined);
    });
  }
}

function unitFactory(drives: readonly IdeDrive[], channel: number, unit: number): UnitFactory | undefined {
  const found = drives.find((one) => one.channel === channel && one.unit === unit);
  if (found === undefined) return undefined;
  return unitFor(found, channel * UNITS + unit);
}

/** A drive as a unit of a channel or port; `place` numbers it where it has no serial number of its own. */
export function unitFor({ drive, identity }: Pick<IdeDrive, 'drive' | 'identity'>, place: number): UnitFactory {
  const serial = identity?.serial ?? `BW${String(place + 1).padStart(8, '0')}`;
  return drive.kind === 'cdrom'
    ? (port) => new Cdrom(port, drive, { model: identity?.model ?? 'BOXWRIGHT CD-ROM', serial })
    : (port) => new AtaDisk(port, drive, { model: identity?.model ?? 'BOXWRIGHT HARDDISK', serial });
}
