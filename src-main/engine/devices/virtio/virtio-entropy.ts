// The virtio entropy device: fills what it is given with random bytes.
// Reference: Virtual I/O Device (VIRTIO) Version 1.2, 5.4.

import type { Dma } from '../../bus/dma.ts';
import type { VirtioKind, VirtioTransport } from './virtio-device.ts';
import { type Chain, type Virtqueue, writeSegments } from './virtqueue.ts';

/** More than that is not given at once; the guest asks again. */
const MAX_BYTES = 0x1_0000;

export class VirtioEntropy implements VirtioKind {
  readonly type = 4;
  readonly classCode = 0x00ff00;
  readonly queues = 1;
  readonly features = 0;
  readonly configBytes = 0;
  private readonly transport: VirtioTransport;
  private readonly dma: Dma;
  private readonly random: (bytes: number) => Uint8Array;

  constructor(transport: VirtioTransport, dma: Dma, random: (bytes: number) => Uint8Array) {
    this.transport = transport;
    this.dma = dma;
    this.random = random;
  }

  readConfig(): number {
    return 0;
  }

  writeConfig(): void {}

  reset(): void {}

  handle(queue: Virtqueue, chain: Chain): void {
    const bytes = this.random(Math.min(chain.writableBytes, MAX_BYTES));
    writeSegments(this.dma, chain.writable, bytes);
    this.transport.complete(queue, chain, bytes.length);
  }
}
