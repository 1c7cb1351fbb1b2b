// The start address as the CRT controller uses it: what is written counts from the next vertical retrace on, so that
// programs that draw one page while another is shown change them between two frames.
// Reference: IBM PS/2 Technical Reference, "Start Address High Register".

import { type FrameTiming, startAddress } from './crtc.ts';
import type { VgaState } from './registers.ts';

export class StartLatch {
  private readonly state: VgaState;
  private shown = 0;
  /** Beginning of the retrace that the registers are waiting for. */
  private due: number | undefined;

  constructor(state: VgaState) {
    this.state = state;
  }

  /** The address of the frame that is shown at a moment. */
  at(nowNs: number): number {
    if (this.due === undefined || nowNs >= this.due) this.set();
    return this.shown;
  }

  /** Whether the address has become another since it was last asked for. */
  isDue(nowNs: number): boolean {
    return this.due !== undefined && nowNs >= this.due;
  }

  /** One of the registers is about to change. */
  beforeWrite(nowNs: number, timing: FrameTiming): void {
    if (this.due === undefined || nowNs >= this.due) {
      this.set();
      this.due = timing.nextRetrace(nowNs);
    }
  }

  /** No frame has been shown with what was there before. */
  set(): void {
    this.shown = startAddress(this.state.crtc);
    this.due = undefined;
  }
}
