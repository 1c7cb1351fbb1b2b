// An interrupt line as its source sees it (a level, and the edges between them), and the two ways lines are
// joined on a board: several sources on one input, one source on several inputs.

export interface IrqLine {
  /** Drives the line; the receiver decides whether the edge or the level counts. */
  set(level: boolean): void;
}

/** A pin that leads nowhere. */
export const UNCONNECTED: IrqLine = { set() {} };

/** One source drives several inputs, as an ISA IRQ drives the PIC and the I/O APIC. */
export function fanOut(...inputs: readonly IrqLine[]): IrqLine {
  if (inputs.length === 1) return inputs[0]!;
  return {
    set(level) {
      for (let i = 0; i < inputs.length; i++) inputs[i]!.set(level);
    },
  };
}

/** Several sources share one input: it is high while any of them is. At most 32 sources. */
export class WiredOr {
  private readonly output: IrqLine;
  private sources = 0;
  private levels = 0;

  constructor(output: IrqLine) {
    this.output = output;
  }

  /** A new source; its level belongs to the device that drives it, which drives it again after a restore. */
  source(): IrqLine {
    const mask = 1 << this.sources++;
    return {
      set: (level) => {
        const before = this.levels;
        this.levels = level ? before | mask : before & ~mask;
        if ((before === 0) !== (this.levels === 0)) this.output.set(this.levels !== 0);
      },
    };
  }
}
