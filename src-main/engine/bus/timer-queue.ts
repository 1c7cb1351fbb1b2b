// Timers of a machine in order of their deadlines: the `Clock` that devices see, over a source of time that
// the machine owns. The machine calls `runDue` whenever the guest has stopped, and sleeps or slices until
// `nextDeadlineNs`.

import type { Clock, Timer } from '../base/clock.ts';

export interface TimeSource {
  nowNs(): number;
  wallTimeMs(): number;
}

const UNQUEUED = -1;

export class TimerQueue implements Clock {
  private readonly source: TimeSource;
  private readonly heap: QueuedTimer[] = [];
  private sequence = 0;
  /** The present time while `runDue` works, so that a late timer that re-arms itself queues behind the others. */
  private earliest = -Infinity;
  private readonly onEarlier: ((deadlineNs: number) => void) | undefined;

  /** `onEarlier` hears of a new earliest deadline, so that a running slice can be cut short. */
  constructor(source: TimeSource, onEarlier?: (deadlineNs: number) => void) {
    this.source = source;
    this.onEarlier = onEarlier;
  }

  nowNs(): number {
    return this.source.nowNs();
  }

  wallTimeMs(): number {
    return this.source.wallTimeMs();
  }

  timer(onExpiry: () => void): Timer {
    return new QueuedTimer(this, onExpiry);
  }

  /** Earliest deadline, or Infinity. */
  nextDeadlineNs(): number {
    const first = this.heap[0];
    return first === undefined ? Infinity : first.deadline;
  }

  /**
   * Runs every timer that is due, earliest first, and returns their number. A timer armed meanwhile waits
   * for the next call even if it is due already, so that no guest can keep this loop busy.
   */
  runDue(): number {
    const now = this.source.nowNs();
    const limit = this.sequence;
    let count = 0;
    this.earliest = now;
    for (let first = this.heap[0]; first !== undefined && first.deadline <= now; first = this.heap[0]) {
      if (first.sequence >= limit) break;
      this.remove(first);
      first.onExpiry();
      count++;
    }
    this.earliest = -Infinity;
    return count;
  }

  insert(timer: QueuedTimer, deadline: number): void {
    if (timer.position !== UNQUEUED) this.remove(timer);
    // Not a number (from a damaged snapshot) would upset the order of all others.
    timer.deadline = Number.isNaN(deadline) ? Infinity : Math.max(deadline, this.earliest);
    timer.sequence = this.sequence++;
    this.heap.push(timer);
    this.siftUp(timer, this.heap.length - 1);
    if (timer.position === 0) this.onEarlier?.(deadline);
  }

  remove(timer: QueuedTimer): void {
    const at = timer.position;
    if (at === UNQUEUED) return;
    timer.position = UNQUEUED;
    const moved = this.heap.pop()!;
    if (moved === timer) return;
    this.siftUp(moved, at);
    if (moved.position === at) this.siftDown(moved, at);
  }

  private siftUp(timer: QueuedTimer, start: number): void {
    let at = start;
    while (at > 0) {
      const parent = this.heap[(at - 1) >> 1]!;
      if (!before(timer, parent)) break;
      this.place(parent, at);
      at = (at - 1) >> 1;
    }
    this.place(timer, at);
  }

  private siftDown(timer: QueuedTimer, start: number): void {
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && before(this.heap[child + 1]!, this.heap[child]!)) child++;
      if (!before(this.heap[child]!, timer)) break;
      this.place(this.heap[child]!, at);
      at = child;
    }
    this.place(timer, at);
  }

  private place(timer: QueuedTimer, at: number): void {
    this.heap[at] = timer;
    timer.position = at;
  }
}

/** Equal deadlines expire in the order in which they were armed. */
function before(a: QueuedTimer, b: QueuedTimer): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.sequence < b.sequence);
}

class QueuedTimer implements Timer {
  position = UNQUEUED;
  deadline = Infinity;
  sequence = 0;
  readonly onExpiry: () => void;
  private readonly queue: TimerQueue;

  constructor(queue: TimerQueue, onExpiry: () => void) {
    this.queue = queue;
    this.onExpiry = onExpiry;
  }

  get deadlineNs(): number | undefined {
    return this.position === UNQUEUED ? undefined : this.deadline;
  }

  arm(deadlineNs: number): void {
    this.queue.insert(this, deadlineNs);
  }

  cancel(): void {
    this.queue.remove(this);
  }

  dispose(): void {
    this.cancel();
  }
}
