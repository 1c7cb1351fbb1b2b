// Worker of a console: parses the machine's messages and draws frames, away from the window's own thread. Tiles go
// into a picture of the guest's size; the visible canvas has one pixel for each of the display's, so that the scaled
// picture is as sharp as it can be: whole steps without smoothing, the rest with.

import { decodeToWindow, type FrameMessage, ProtocolError } from '../../../shared/rpc/console-protocol.ts';
import type { FromFrameWorker, ToFrameWorker } from './frame-worker-protocol.ts';

interface Surface {
  readonly canvas: OffscreenCanvas;
  readonly context: OffscreenCanvasRenderingContext2D;
}

let visible: Surface | undefined;
const guest = surface(new OffscreenCanvas(1, 1));
/** The guest's picture enlarged by whole steps, only where the visible size is none. */
const enlarged = surface(new OffscreenCanvas(1, 1));

self.onmessage = ({ data }: MessageEvent<ToFrameWorker>) => {
  if (data.kind === 'canvas') visible = surface(data.canvas);
  else if (data.kind === 'size') resize(data.width, data.height);
  else receive(data.bytes);
};

function receive(bytes: Uint8Array): void {
  try {
    const message = decodeToWindow(bytes);
    if (message.type !== 'frame') return answer({ kind: 'other', message });
    draw(message);
    const { sequence, width, height, text } = message;
    answer({ kind: 'drawn', sequence, width, height, text });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    answer({ kind: 'broken', message: error.message });
  }
}

function draw({ width, height, tiles }: FrameMessage): void {
  const { canvas, context } = guest;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  for (const { x, y, width: columns, height: rows, pixels } of tiles) {
    const rgba = new Uint8ClampedArray(pixels.buffer as ArrayBuffer, pixels.byteOffset, pixels.byteLength);
    context.putImageData(new ImageData(rgba, columns, rows), x, y);
  }
  if (tiles.length > 0) show();
}

function resize(width: number, height: number): void {
  if (!visible || (visible.canvas.width === width && visible.canvas.height === height)) return;
  visible.canvas.width = width;
  visible.canvas.height = height;
  show();
}

function show(): void {
  if (!visible) return;
  const { canvas, context } = visible;
  const { width, height } = guest.canvas;
  const scale = canvas.width / width;
  if (Number.isInteger(scale) || scale < 1) {
    context.imageSmoothingEnabled = scale < 1;
    context.drawImage(guest.canvas, 0, 0, canvas.width, canvas.height);
    return;
  }
  const steps = Math.ceil(scale);
  if (enlarged.canvas.width !== width * steps || enlarged.canvas.height !== height * steps) {
    enlarged.canvas.width = width * steps;
    enlarged.canvas.height = height * steps;
  }
  enlarged.context.imageSmoothingEnabled = false;
  enlarged.context.drawImage(guest.canvas, 0, 0, width * steps, height * steps);
  context.imageSmoothingEnabled = true;
  context.drawImage(enlarged.canvas, 0, 0, canvas.width, canvas.height);
}

function surface(canvas: OffscreenCanvas): Surface {
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new Error('There is no 2D canvas.');
  return { canvas, context };
}

function answer(message: FromFrameWorker): void {
  self.postMessage(message);
}
