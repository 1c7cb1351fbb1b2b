// INTR and NMI as the processor sees them between two instructions: which one waits, what holds it back, and taking it.
// Who asserts them, and with which vector, is the board's matter. Reference: Intel SDM vol. 3A 6.7.1, 6.8.1, 6.8.3.

import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import { isStepDue } from '../x86/helpers/debug-register.ts';
import { deliverInterrupt } from '../x86/helpers/exception.ts';
import { EFLAGS_IF, EFLAGS_RF } from '../x86/state/control-bits.ts';
import { CPU_FIELDS as F, MODE_STEP } from '../x86/state/cpu-state.ts';
import { FLAG_REST, MODE, SHADOW } from './cpu-words.ts';

const VECTOR_NMI = 2;

export class WaitingInterrupts {
  readonly #cpu: CpuContext;
  /** The CPU block, for what is read between all blocks. */
  readonly #block: Uint32Array;
  #interrupt = false;
  #nmi = false;

  constructor(cpu: CpuContext, block: Uint32Array) {
    this.#cpu = cpu;
    this.#block = block;
  }

  get nmi(): boolean {
    return this.#nmi;
  }
  set nmi(waits: boolean) {
    this.#nmi = waits;
    this.#note();
  }
  set interrupt(asserted: boolean) {
    this.#interrupt = asserted;
    this.#note();
  }

  /** Delivers an NMI or interrupt if the CPU takes one now. */
  take(): 'delivered' | 'shutdown' | undefined {
    if (!this.#nmi && !this.#interrupt) return undefined;
    if (this.#block[SHADOW] !== 0 || !this.wakes() || isStepDue(this.#cpu)) return undefined;
    this.#spendResume();
    if (!this.#isNmiDue()) return deliverInterrupt(this.#cpu, this.#cpu.environment.acknowledgeInterrupt());
    this.nmi = false;
    this.#cpu.set32(F.nmiBlocked, 1);
    return deliverInterrupt(this.#cpu, VECTOR_NMI);
  }

  /**
   * RF is for one instruction. Only where a breakpoint may be looked for is it cleared with each; else, once IRET has set it, it is still
   * there, and the instruction has most likely ended.
   */
  #spendResume(): void {
    if (((this.#block[MODE] as number) & MODE_STEP) === 0) this.#block[FLAG_REST] = (this.#block[FLAG_REST] as number) & ~EFLAGS_RF;
  }

  /** Whether one waits for the next instruction to end; a shadow without an interrupt is forgotten. */
  isShadowed(): boolean {
    if (this.#block[SHADOW] === 0) return false;
    if (this.#interrupt || this.#isNmiDue()) return true;
    this.#block[SHADOW] = 0;
    return false;
  }

  /** Whether one that came before HLT, in the shadow of STI for one, ends the halt at once. */
  wakes(): boolean {
    return this.#isNmiDue() || (this.#interrupt && ((this.#block[FLAG_REST] as number) & EFLAGS_IF) !== 0);
  }

  /** A second NMI waits for the IRET of the first. */
  #isNmiDue(): boolean {
    return this.#nmi && this.#cpu.get32(F.nmiBlocked) === 0;
  }

  /** What ends blocks at IRET and where IF is set. */
  #note(): void {
    this.#cpu.set32(F.interruptPending, this.#interrupt || this.#nmi ? 1 : 0);
  }
}
