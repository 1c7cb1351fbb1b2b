// The window's pointer as a relative mouse of the machine, while the pointer is locked into the screen.
// Reference: W3C Pointer Lock 2.0.

import type { ToMachine } from '../../../shared/rpc/console-protocol.ts';

type MouseMessage = Extract<ToMachine, { type: 'mouse' }>;

const WHEEL_STEP = 50;

export class PointerCapture {
  readonly #element: HTMLElement;
  readonly #send: (message: MouseMessage) => void;
  #dx = 0;
  #dy = 0;
  #wheel = 0;
  #buttons = 0;
  #due = false;

  constructor(element: HTMLElement, send: (message: MouseMessage) => void) {
    this.#element = element;
    this.#send = send;
  }

  get captured(): boolean {
    return document.pointerLockElement === this.#element;
  }

  /** Rejects where the system does not allow it. */
  async capture(): Promise<void> {
    await this.#element.requestPointerLock();
  }

  free(): void {
    if (this.captured) document.exitPointerLock();
  }

  /** Returns the function that stops listening. */
  listen(onChange: (captured: boolean) => void): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    const element = this.#element;
    element.addEventListener('pointermove', (event) => this.#moved(event), { signal });
    for (const name of ['pointerdown', 'pointerup'] as const)
      element.addEventListener(name, (event) => this.#pressed(event), { signal });
    element.addEventListener('wheel', (event) => this.#turned(event), { signal, passive: false });
    element.addEventListener('contextmenu', (event) => this.captured && event.preventDefault(), { signal });
    document.addEventListener(
      'pointerlockchange',
      () => {
        if (!this.captured) this.#releaseButtons();
        onChange(this.captured);
      },
      { signal },
    );
    return () => {
      stop.abort();
      this.free();
    };
  }

  #moved(event: PointerEvent): void {
    if (!this.captured) return;
    this.#dx += event.movementX;
    this.#dy += event.movementY;
    // A second button's press comes as a move.
    if ((event.buttons & 7) !== this.#buttons) return this.#pressed(event);
    this.#later();
  }

  #pressed(event: PointerEvent): void {
    if (!this.captured) return;
    event.preventDefault();
    this.#buttons = event.buttons & 7;
    this.#now();
  }

  #turned(event: WheelEvent): void {
    if (!this.captured) return;
    event.preventDefault();
    this.#wheel += event.deltaY / WHEEL_STEP;
    this.#later();
  }

  #releaseButtons(): void {
    this.#buttons = 0;
    this.#dx = 0;
    this.#dy = 0;
    this.#wheel = 0;
    this.#send({ type: 'mouse', dx: 0, dy: 0, wheel: 0, buttons: 0 });
  }

  /** A mouse reports less often than a browser does. */
  #later(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => this.#now());
  }

  #now(): void {
    this.#due = false;
    const wheel = Math.trunc(this.#wheel);
    this.#send({ type: 'mouse', dx: this.#dx, dy: this.#dy, wheel, buttons: this.#buttons });
    this.#dx = 0;
    this.#dy = 0;
    this.#wheel -= wheel;
  }
}
