// The bus over which I/O APICs, MSIs and inter-processor interrupts reach local APICs, and over which ends
// of level interrupts travel back. Reference: Intel SDM vol. 3A, 11.6 (ICR, destinations), 11.11 (MSI).

export const DELIVERY_FIXED = 0;
export const DELIVERY_LOWEST = 1;
export const DELIVERY_SMI = 2;
export const DELIVERY_NMI = 4;
export const DELIVERY_INIT = 5;
export const DELIVERY_STARTUP = 6;
export const DELIVERY_EXTINT = 7;

/** A local APIC as a receiver of messages. */
export interface ApicTarget {
  matches(destination: number, logical: boolean): boolean;
  /** For lowest-priority arbitration. */
  processorPriority(): number;
  accept(delivery: number, vector: number, level: boolean): void;
}

/** An I/O APIC as a listener for EOI messages. */
export interface EoiListener {
  endOfInterrupt(vector: number): void;
}

export class ApicBus {
  private readonly targets: ApicTarget[] = [];
  private readonly listeners: EoiListener[] = [];

  attachProcessor(target: ApicTarget): void {
    this.targets.push(target);
  }

  attachIoApic(listener: EoiListener): void {
    this.listeners.push(listener);
  }

  send(delivery: number, vector: number, level: boolean, destination: number, logical: boolean): void {
    let chosen: ApicTarget | undefined;
    for (let i = 0; i < this.targets.length; i++) {
      const target = this.targets[i]!;
      if (!target.matches(destination, logical)) continue;
      if (delivery !== DELIVERY_LOWEST) target.accept(delivery, vector, level);
      else if (chosen === undefined || target.processorPriority() < chosen.processorPriority())
        chosen = target;
    }
    chosen?.accept(DELIVERY_FIXED, vector, level);
  }

  /** Shorthands "all including self" and "all excluding self". */
  sendToAll(delivery: number, vector: number, level: boolean, except: ApicTarget | undefined): void {
    for (let i = 0; i < this.targets.length; i++) {
      const target = this.targets[i]!;
      if (target !== except) target.accept(delivery, vector, level);
    }
  }

  /** A message-signalled interrupt: a 32-bit write to FEExxxxxh. */
  sendMsi(address: number, data: number): void {
    const delivery = (data >>> 8) & 7;
    this.send(delivery, data & 0xff, (data & 0x8000) !== 0, (address >>> 12) & 0xff, (address & 4) !== 0);
  }

  endOfInterrupt(vector: number): void {
    for (let i = 0; i < this.listeners.length; i++) this.listeners[i]!.endOfInterrupt(vector);
  }
}
