// An interrupt line as its source sees it: a level, and the edges between them.

export interface IrqLine {
  /** Drives the line; the receiver decides whether the edge or the level counts. */
  set(level: boolean): void;
}
