// The picture the adapter shows at present: finds out which kind of mode the registers make and has it drawn, as
// little of it as possible. Nothing happens here unless somebody asks for the picture.

import type { FrameUpdate, ScreenSource } from '../../display/frame.ts';
import { BLACK, MAX_SIDE, Surface } from '../../display/surface.ts';
import { type Geometry, geometry, memoryOffset } from './crtc.ts';
import { ColorTables } from './dac.ts';
import { GraphicsMode, type GraphicsPicture, type Shift } from './graphics-mode.ts';
import { LinearMode } from './linear-mode.ts';
import {
  ATTR_PALETTE_ON,
  CLOCKING_SCREEN_OFF,
  GFX_MISC,
  GFX_MODE,
  MISC_GRAPHICS,
  MODE_SHIFT_256,
  MODE_SHIFT_INTERLEAVE,
  SEQ_CLOCKING,
  type VgaState,
} from './registers.ts';
import type { StartLatch } from './start-latch.ts';
import { type BlinkPhase, TextMode } from './text-mode.ts';
import { isVbe, VBE_BPP, VBE_VIRT_WIDTH, VBE_X_OFFSET, VBE_XRES, VBE_Y_OFFSET, VBE_YRES } from './vbe.ts';
import type { VideoMemory } from './video-memory.ts';

/** The cursor is on for 8 frames of 16, blinking text for 16 of 32. */
const FRAME_NS = 1e9 / 70;
const CURSOR_OFF = 8;
const TEXT_OFF = 16;
/** What an adapter without a mode is said to show. */
const NO_MODE = { width: 640, height: 480 };

type Mode = 'off' | 'text' | 'graphics' | 'linear';

export class VgaScreen implements ScreenSource {
  private readonly state: VgaState;
  private readonly memory: VideoMemory;
  private readonly nowNs: () => number;
  private readonly start: StartLatch;
  private readonly surface = new Surface();
  private readonly colors = new ColorTables();
  private readonly textMode: TextMode;
  private readonly graphicsMode: GraphicsMode;
  private readonly linearMode: LinearMode;
  private mode: Mode = 'off';
  private picture: GraphicsPicture | undefined;
  private layout: Geometry | undefined;
  /** Registers changed: everything is worked out and drawn anew. */
  private stale = true;
  /** The cursor moved or changed its shape. */
  private cursorTouched = false;
  private blink: BlinkPhase = { cursorOn: true, textOn: true };

  constructor(state: VgaState, memory: VideoMemory, start: StartLatch, nowNs: () => number) {
    this.start = start;
    this.state = state;
    this.memory = memory;
    this.nowNs = nowNs;
    this.textMode = new TextMode(state, memory, this.colors);
    this.graphicsMode = new GraphicsMode(memory, this.colors);
    this.linearMode = new LinearMode(state, memory, this.colors);
  }

  get pixels(): SharedArrayBuffer {
    return this.surface.buffer;
  }

  registersChanged(): void {
    this.stale = true;
  }

  cursorChanged(): void {
    this.cursorTouched = true;
  }

  refresh(whole: boolean): FrameUpdate | undefined {
    const { surface } = this;
    const modeBefore = this.mode;
    const written = this.memory.collect();
    if (this.start.isDue(this.nowNs())) this.stale = true;
    if (this.stale) this.prepare();
    const textChanged = this.draw(written) || modeBefore !== this.mode;
    this.memory.clean();
    this.stale = false;
    this.cursorTouched = false;
    if (whole) surface.dirty.markAll();
    const dirty = surface.takeDirty();
    if (dirty.length === 0 && !textChanged && !whole) return undefined;
    const text = this.mode === 'text' ? this.textMode.text() : undefined;
    return { width: surface.width, height: surface.height, dirty, text };
  }

  /** True when the text layer changed. */
  private draw(written: boolean): boolean {
    const { surface, stale } = this;
    switch (this.mode) {
      case 'text':
        return this.drawText(written);
      case 'graphics':
        if ((stale || written) && this.picture !== undefined)
          this.graphicsMode.draw(surface, this.picture, stale);
        return false;
      case 'linear':
        if (stale || written) this.linearMode.draw(surface, stale);
        return false;
      case 'off':
        if (stale)
          for (let y = 0; y < surface.height; y++)
            surface.putLine(y, new Uint32Array(surface.width).fill(BLACK));
        return false;
    }
  }

  private drawText(written: boolean): boolean {
    const { layout, stale } = this;
    const blinked = this.updateBlink();
    const changed = stale || written || this.cursorTouched;
    if (layout === undefined || !(changed || blinked)) return false;
    this.textMode.draw(this.surface, layout, this.blink, stale || this.memory.fontWritten);
    return changed && this.textMode.updateText(layout);
  }

  private updateBlink(): boolean {
    const frame = Math.floor(this.nowNs() / FRAME_NS);
    const cursorOn = (frame & CURSOR_OFF) === 0;
    const textOn = (frame & TEXT_OFF) === 0;
    if (cursorOn === this.blink.cursorOn && textOn === this.blink.textOn) return false;
    this.blink = { cursorOn, textOn };
    return true;
  }

  private prepare(): void {
    const { state } = this;
    this.colors.update(state);
    this.layout = undefined;
    this.picture = undefined;
    if (isVbe(state)) this.prepareVbe();
    else this.prepareVga();
    const { width, height } = this.size();
    this.surface.resize(width, height);
    if ((state.seq[SEQ_CLOCKING]! & CLOCKING_SCREEN_OFF) !== 0 || (state.attrIndex & ATTR_PALETTE_ON) === 0) {
      if (!isVbe(state)) this.mode = 'off';
    }
  }

  private size(): { width: number; height: number } {
    const { vbe } = this.state;
    if (this.mode === 'linear') return { width: vbe[VBE_XRES]!, height: vbe[VBE_YRES]! };
    return this.layout ?? NO_MODE;
  }

  private prepareVga(): void {
    const { state } = this;
    const layout = geometry(state, this.start.at(this.nowNs()));
    // Too narrow to be meant, as after a reset.
    const sensible =
      layout.columns >= 8 && layout.height >= 8 && layout.width <= MAX_SIDE && layout.pitch > 0;
    this.mode = sensible ? (state.gfx[GFX_MISC]! & MISC_GRAPHICS ? 'graphics' : 'text') : 'off';
    if (!sensible) return;
    this.layout = layout;
    if (this.mode !== 'graphics') return;
    this.picture = {
      layout,
      shift: this.shift(),
      offsetOf: (counter, rowScan) => memoryOffset(state.crtc, counter, rowScan),
    };
  }

  private shift(): Shift {
    const mode = this.state.gfx[GFX_MODE]!;
    if ((mode & MODE_SHIFT_256) !== 0) return 'bytes';
    return (mode & MODE_SHIFT_INTERLEAVE) !== 0 ? 'pairs' : 'planes';
  }

  private prepareVbe(): void {
    const { vbe } = this.state;
    if (vbe[VBE_BPP] !== 4) {
      this.mode = 'linear';
      return;
    }
    const columns = vbe[VBE_XRES]! >>> 3;
    const pitch = vbe[VBE_VIRT_WIDTH]! >>> 3;
    const height = vbe[VBE_YRES]!;
    const xOffset = vbe[VBE_X_OFFSET]!;
    const start = vbe[VBE_Y_OFFSET]! * pitch + (xOffset >>> 3);
    const band = { top: 0, bottom: height, start, rowScan: 0, pan: xOffset & 7 };
    this.mode = 'graphics';
    this.layout = {
      columns,
      charWidth: 8,
      rowLines: 1,
      width: columns * 8,
      height,
      pitch,
      bands: [band],
    };
    this.picture = { layout: this.layout, shift: 'planes', offsetOf: (counter) => counter };
  }
}
