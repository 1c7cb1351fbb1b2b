// A VGA with the Bochs VBE extension: its registers by port, the memory window at A0000h, and the same registers in
// a page of PCI memory. What is shown is up to `screen.ts`, the window's logic to `planar.ts`.
// Reference: IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem"; PCI layout as QEMU's "standard VGA".

import { allOnes } from '../../base/bits.ts';
import type { ScreenSource } from '../../display/frame.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import type { PciFunction } from '../pci/pci-function.ts';
import { FrameTiming } from './crtc.ts';
import { DacPorts } from './dac.ts';
import { DirectWindow } from './direct-window.ts';
import { buildEdid, EDID_BYTES } from './edid.ts';
import { PlanarWindow } from './planar.ts';
import {
  ATTR_COUNT,
  ATTR_PALETTE_ON,
  CRTC_COUNT,
  CRTC_CURSOR_END,
  CRTC_CURSOR_HIGH,
  CRTC_CURSOR_LOW,
  CRTC_CURSOR_START,
  CRTC_FLIP_FLOP,
  CRTC_LATCH,
  CRTC_OVERFLOW,
  CRTC_RETRACE_END,
  CRTC_START_HIGH,
  CRTC_START_LOW,
  GFX_COUNT,
  GFX_MISC,
  GFX_MODE,
  GFX_READ_MAP,
  OUTPUT_COLOR_PORTS,
  SEQ_CHARACTER_MAP,
  SEQ_CLOCKING,
  SEQ_COUNT,
  VGA_STATE,
  type VgaState,
} from './registers.ts';
import { VgaScreen } from './screen.ts';
import { StartLatch } from './start-latch.ts';
import { VBE_BANK, VBE_ID, VbeRegisters } from './vbe.ts';
import { type DirectAccess, VideoMemory } from './video-memory.ts';

const MONO_CRTC = 0;
const MONO_STATUS = 1;
const WINDOW = 3;
const VBE_PORTS = 4;
const VGA_MMIO_REGION = 5;

const STATUS_NOT_DISPLAYING = 0x01;
const STATUS_VERTICAL_RETRACE = 0x08;
/** A colour monitor answers the sense test. */
const STATUS_SENSE = 0x10;
const PROTECT_CRTC = 0x80;
const LINE_COMPARE_8 = 0x10;

const EDID = buildEdid();
/** Places inside the page of PCI memory, behind the EDID. */
const MMIO_PORTS = 0x400;
const MMIO_VBE = 0x500;
const VGA_MMIO_BYTES = 0x1000;

/** As the "standard VGA" of QEMU and Bochs, which operating systems have drivers for. */
export function vgaPciFunction(
  vga: Vga,
  slot: number,
  mapMemory: (base: number | undefined) => void,
): PciFunction {
  const bytes = Math.max(vga.memory.bytes.length, VGA_MMIO_BYTES);
  return {
    slot,
    function: 0,
    vendorId: 0x1234,
    deviceId: 0x1111,
    revision: 2,
    classCode: 0x030000,
    device: vga,
    bars: [
      {
        index: 0,
        kind: 'memory',
        bytes: 2 ** Math.ceil(Math.log2(bytes)),
        prefetchable: true,
        onMove: mapMemory,
      },
      { index: 2, kind: 'memory', bytes: VGA_MMIO_BYTES, region: VGA_MMIO_REGION },
    ],
  };
}

export interface VgaOptions {
  /** At least 256 KiB; also the linear frame buffer. */
  readonly memory: Uint8Array;
  /** Where the processor reaches memory by itself. */
  readonly direct?: DirectAccess;
}

export class Vga implements Device<VgaState> {
  readonly id = 'vga';
  readonly spec = VGA_STATE;
  readonly state = VGA_STATE.create();
  readonly regions: readonly Region[] = [
    { space: 'port', base: 0x3b4, length: 2, maxWidth: 1 },
    { space: 'port', base: 0x3ba, length: 1, maxWidth: 1 },
    { space: 'port', base: 0x3c0, length: 0x20, maxWidth: 1 },
    { space: 'memory', base: 0xa_0000, length: 0x2_0000 },
    { space: 'port', base: 0x1ce, length: 3, maxWidth: 2 },
    { space: 'memory', base: 0, length: VGA_MMIO_BYTES, unmapped: true },
  ];
  readonly screen: ScreenSource;
  readonly memory: VideoMemory;
  private readonly context: DeviceContext;
  private readonly picture: VgaScreen;
  private readonly window: PlanarWindow;
  private readonly start: StartLatch;
  private readonly dac: DacPorts;
  private readonly vbe: VbeRegisters;
  private timing: FrameTiming | undefined;

  constructor(context: DeviceContext, { memory, direct }: VgaOptions) {
    this.context = context;
    this.memory = new VideoMemory(memory, direct);
    this.start = new StartLatch(this.state);
    this.picture = new VgaScreen(this.state, this.memory, this.start, () => context.clock.nowNs());
    this.screen = this.picture;
    this.window = new PlanarWindow(
      this.state,
      this.memory,
      direct && new DirectWindow(this.state, this.memory, direct),
    );
    this.dac = new DacPorts(this.state);
    this.vbe = new VbeRegisters(this.state, memory.length, () => this.clearMemory());
  }

  read(region: number, offset: number, width: Width): number {
    switch (region) {
      case WINDOW:
        return this.window.read(offset, width);
      case VBE_PORTS:
        return (offset === 0 ? this.state.vbeIndex : this.vbe.read(this.state.vbeIndex)) & allOnes(width);
      case VGA_MMIO_REGION:
        return this.readMmio(offset, width);
      default:
        return this.readPort(portOf(region, offset));
    }
  }

  write(region: number, offset: number, width: Width, value: number): void {
    switch (region) {
      case WINDOW:
        this.window.write(offset, width, value);
        return;
      case VBE_PORTS:
        if (offset === 0) this.state.vbeIndex = value;
        else this.writeVbe(this.state.vbeIndex, value);
        return;
      case VGA_MMIO_REGION:
        this.writeMmio(offset, width, value);
        return;
      default:
        this.writePort(portOf(region, offset), value);
        return;
    }
  }

  reset(): void {
    VGA_STATE.reset(this.state);
    this.vbe.reset();
    this.changed();
  }

  /** Before memory is looked at from outside: what the processor wrote through a window goes where it belongs. */
  settle(): void {
    this.window.release();
  }

  afterRestore(): void {
    this.state.dacComponent %= 3;
    this.vbe.afterRestore();
    this.memory.markAll();
    this.changed();
  }

  /** Registers or memory were changed from outside, as firmware does. */
  changed(): void {
    this.start.set();
    this.registersChanged();
  }

  private registersChanged(): void {
    this.timing = undefined;
    this.window.registersChanged();
    this.picture.registersChanged();
  }

  /** A write of the VBE register `index`. */
  writeVbe(index: number, value: number): void {
    this.vbe.write(index, value & 0xffff);
    this.window.registersChanged();
    if (index === VBE_BANK || index === VBE_ID) return;
    this.timing = undefined;
    this.picture.registersChanged();
  }

  private clearMemory(): void {
    this.window.release();
    this.memory.bytes.fill(0);
    this.memory.markAll();
  }

  private readPort(port: number): number {
    const { state } = this;
    if (!this.answers(port)) return 0xff;
    switch (port) {
      case 0x3b4:
      case 0x3d4:
        return state.crtcIndex;
      case 0x3b5:
      case 0x3d5:
        return this.readCrtc();
      case 0x3ba:
      case 0x3da:
        return this.readStatus();
      case 0x3c0:
        return state.attrIndex;
      case 0x3c1:
        return state.attr[state.attrIndex & 0x1f] ?? 0;
      case 0x3c2:
        return STATUS_SENSE;
      case 0x3c3:
        return state.subsystemEnabled;
      case 0x3c4:
        return state.seqIndex;
      case 0x3c5:
        return state.seq[state.seqIndex] ?? 0;
      case 0x3c6:
        return state.dacMask;
      case 0x3c7:
        return this.dac.mode();
      case 0x3c8:
        return state.dacWriteIndex;
      case 0x3c9:
        return this.dac.readData();
      case 0x3ca:
        return state.featureControl;
      case 0x3cc:
        return state.output;
      case 0x3ce:
        return state.gfxIndex;
      case 0x3cf:
        return state.gfx[state.gfxIndex] ?? 0;
      default:
        return 0xff;
    }
  }

  private writePort(port: number, value: number): void {
    const { state } = this;
    if (!this.answers(port)) return;
    switch (port) {
      case 0x3b4:
      case 0x3d4:
        state.crtcIndex = value & 0x3f;
        return;
      case 0x3b5:
      case 0x3d5:
        this.writeCrtc(value);
        return;
      case 0x3ba:
      case 0x3da:
        state.featureControl = value & 0x0b;
        return;
      case 0x3c0:
        this.writeAttribute(value);
        return;
      case 0x3c2:
        state.output = value;
        this.timing = undefined;
        this.window.registersChanged();
        return;
      case 0x3c3:
        state.subsystemEnabled = value & 1;
        return;
      case 0x3c4:
        state.seqIndex = value & 7;
        return;
      case 0x3c5:
        this.writeSequencer(value);
        return;
      case 0x3c6:
        state.dacMask = value;
        this.picture.registersChanged();
        return;
      case 0x3c7:
        this.dac.startReading(value);
        return;
      case 0x3c8:
        this.dac.startWriting(value);
        return;
      case 0x3c9:
        this.dac.writeData(value);
        this.picture.registersChanged();
        return;
      case 0x3ce:
        state.gfxIndex = value & 15;
        return;
      case 0x3cf:
        this.writeGraphics(value);
        return;
    }
  }

  /** One of the two places of the CRT controller is switched off. */
  private answers(port: number): boolean {
    const color = (this.state.output & OUTPUT_COLOR_PORTS) !== 0;
    return port < 0x3c0 ? !color : port < 0x3d0 || color;
  }

  private readCrtc(): number {
    const { state } = this;
    if (state.crtcIndex === CRTC_LATCH) return (state.latch >>> (8 * (state.gfx[GFX_READ_MAP]! & 3))) & 0xff;
    if (state.crtcIndex === CRTC_FLIP_FLOP) return state.attrData ? 0x80 : 0;
    return state.crtc[state.crtcIndex] ?? 0;
  }

  private writeCrtc(value: number): void {
    const { crtc, crtcIndex: index } = this.state;
    if (index >= CRTC_COUNT) return;
    let stored = value;
    if (index <= CRTC_OVERFLOW && (crtc[CRTC_RETRACE_END]! & PROTECT_CRTC) !== 0) {
      if (index !== CRTC_OVERFLOW) return;
      stored = (crtc[index]! & ~LINE_COMPARE_8) | (value & LINE_COMPARE_8);
    }
    if (crtc[index] === stored) return;
    if (index === CRTC_START_HIGH || index === CRTC_START_LOW)
      this.start.beforeWrite(this.context.clock.nowNs(), this.frameTiming());
    crtc[index] = stored;
    if (isCursor(index)) this.picture.cursorChanged();
    else this.registersChanged();
    if (index === CRTC_CURSOR_START || index === CRTC_CURSOR_END) this.picture.registersChanged();
  }

  private readStatus(): number {
    this.state.attrData = false;
    const { displaying, verticalRetrace } = this.frameTiming().at(this.context.clock.nowNs());
    return (displaying ? 0 : STATUS_NOT_DISPLAYING) | (verticalRetrace ? STATUS_VERTICAL_RETRACE : 0);
  }

  private frameTiming(): FrameTiming {
    this.timing ??= new FrameTiming(this.state);
    return this.timing;
  }

  /** Index and data take turns at one port; reading the status register makes it the index's turn. */
  private writeAttribute(value: number): void {
    const { state } = this;
    const { attr } = state;
    state.attrData = !state.attrData;
    if (state.attrData) {
      if (((state.attrIndex ^ value) & ATTR_PALETTE_ON) !== 0) this.picture.registersChanged();
      state.attrIndex = value & 0x3f;
      return;
    }
    const index = state.attrIndex & 0x1f;
    const palette = index < 16;
    if (index >= ATTR_COUNT || (palette && (state.attrIndex & ATTR_PALETTE_ON) !== 0)) return;
    const stored = palette ? value & 0x3f : value;
    if (attr[index] === stored) return;
    attr[index] = stored;
    this.registersChanged();
  }

  private writeSequencer(value: number): void {
    const { seq, seqIndex: index } = this.state;
    if (index >= SEQ_COUNT || seq[index] === value) return;
    seq[index] = value;
    this.window.registersChanged();
    if (index === SEQ_CLOCKING || index === SEQ_CHARACTER_MAP) this.registersChanged();
  }

  private writeGraphics(value: number): void {
    const { gfx, gfxIndex: index } = this.state;
    if (index >= GFX_COUNT || gfx[index] === value) return;
    gfx[index] = value;
    this.window.registersChanged();
    if (index === GFX_MODE || index === GFX_MISC) this.registersChanged();
  }

  private readMmio(offset: number, width: Width): number {
    if (offset >= MMIO_VBE && offset < MMIO_VBE + 0x16) {
      return (this.vbe.read((offset - MMIO_VBE) >> 1) >>> (offset & 1 ? 8 : 0)) & allOnes(width);
    }
    let value = 0;
    for (let i = 0; i < width; i++) value |= this.readMmioPort(offset + i) << (8 * i);
    return value >>> 0;
  }

  private readMmioPort(offset: number): number {
    if (offset < EDID_BYTES) return EDID[offset]!;
    return offset >= MMIO_PORTS && offset < MMIO_PORTS + 0x20
      ? this.readPort(0x3c0 + offset - MMIO_PORTS)
      : 0;
  }

  private writeMmio(offset: number, width: Width, value: number): void {
    if (offset >= MMIO_VBE && offset < MMIO_VBE + 0x16) {
      if ((offset & 1) === 0) this.writeVbe((offset - MMIO_VBE) >> 1, value);
      return;
    }
    for (let i = 0; i < width; i++) {
      const at = offset + i - MMIO_PORTS;
      if (at >= 0 && at < 0x20) this.writePort(0x3c0 + at, (value >>> (8 * i)) & 0xff);
    }
  }
}

function portOf(region: number, offset: number): number {
  return (region === MONO_CRTC ? 0x3b4 : region === MONO_STATUS ? 0x3ba : 0x3c0) + offset;
}

function isCursor(index: number): boolean {
  return (
    index === CRTC_CURSOR_START ||
    index === CRTC_CURSOR_END ||
    index === CRTC_CURSOR_HIGH ||
    index === CRTC_CURSOR_LOW
  );
}
