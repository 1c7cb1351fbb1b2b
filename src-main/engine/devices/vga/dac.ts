// The palette: 256 colours of 18 (or by VBE 24) bits behind ports 3C6h to 3C9h, and the way of a dot to a colour
// through the attribute controller. Reference: IBM PS/2 Technical Reference, "Video Digital-to-Analog Converter".

import { rgb } from '../../display/surface.ts';
import {
  ATTR_COLOR_SELECT,
  ATTR_MODE,
  ATTR_MODE_P54_SELECT,
  ATTR_PLANE_ENABLE,
  type VgaState,
} from './registers.ts';
import { dacIs8Bit } from './vbe.ts';

const STATE_READING = 3;
const STATE_WRITING = 0;

/** Ports 3C7h to 3C9h. */
export class DacPorts {
  private readonly state: VgaState;

  constructor(state: VgaState) {
    this.state = state;
  }

  startReading(index: number): void {
    this.state.dacReadIndex = index;
    this.state.dacComponent = 0;
    this.state.dacReading = true;
  }

  startWriting(index: number): void {
    this.state.dacWriteIndex = index;
    this.state.dacComponent = 0;
    this.state.dacReading = false;
  }

  mode(): number {
    return this.state.dacReading ? STATE_READING : STATE_WRITING;
  }

  readData(): number {
    const { state } = this;
    const value = state.dac[state.dacReadIndex * 3 + state.dacComponent]!;
    if (this.nextComponent()) state.dacReadIndex = (state.dacReadIndex + 1) & 0xff;
    return value;
  }

  writeData(value: number): void {
    const { state } = this;
    state.dac[state.dacWriteIndex * 3 + state.dacComponent] = dacIs8Bit(state) ? value : value & 0x3f;
    if (this.nextComponent()) state.dacWriteIndex = (state.dacWriteIndex + 1) & 0xff;
  }

  private nextComponent(): boolean {
    this.state.dacComponent = (this.state.dacComponent + 1) % 3;
    return this.state.dacComponent === 0;
  }
}

/** Colours as pixels of a picture, worked out once per change of registers. */
export class ColorTables {
  /** By the four bits of a dot in text and 16-colour modes. */
  readonly of16 = new Uint32Array(16);
  /** By the byte of a dot in 256-colour modes. */
  readonly of256 = new Uint32Array(256);

  update(state: VgaState): void {
    const { attr, dac, dacMask } = state;
    const eightBits = dacIs8Bit(state);
    const level = (at: number) => (eightBits ? dac[at]! : (dac[at]! << 2) | (dac[at]! >>> 4));
    for (let index = 0; index < 256; index++) {
      const at = (index & dacMask) * 3;
      this.of256[index] = rgb(level(at), level(at + 1), level(at + 2));
    }
    const select = attr[ATTR_COLOR_SELECT]!;
    const p54 = (attr[ATTR_MODE]! & ATTR_MODE_P54_SELECT) !== 0;
    for (let dot = 0; dot < 16; dot++) {
      const entry = attr[dot & attr[ATTR_PLANE_ENABLE]! & 15]! & 0x3f;
      const low = p54 ? (entry & 0x0f) | ((select & 3) << 4) : entry;
      this.of16[dot] = this.of256[low | ((select & 0x0c) << 4)]!;
    }
  }
}
