// What some devices can do to the machine as a whole. Each is a narrow interface that the machine
// implements and hands to the constructors that need it.

/** 'processor' is the INIT of an AT's keyboard controller or port 92h; 'system' resets every device too. */
export type ResetKind = 'processor' | 'system';

export interface ResetControl {
  /** Takes effect when the present instruction has ended. */
  reset(kind: ResetKind): void;
}

export interface PowerControl {
  /** ACPI S5, or another soft-off. Takes effect when the present instruction has ended. */
  powerOff(): void;
}

/** What a local APIC does to its processor. */
export interface ProcessorSignals {
  /** INTR: an interrupt may be acknowledged. Called only when it changes. */
  interruptPending(pending: boolean): void;
  nmi(): void;
  smi(): void;
  init(): void;
  startup(vector: number): void;
}

/** The interrupt side of the board as the CPU's run loop uses it. */
export interface InterruptController {
  pending(): boolean;
  /** INTA: the vector, which is in service from then on. */
  acknowledge(): number;
}
