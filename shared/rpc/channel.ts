// The two kinds of pipe between processes. A Channel carries JSON-like control messages, a ByteChannel binary
// messages (frames, input, serial). Adapters over WebSocket, MessagePort and process messages live in the shells.

export interface Channel {
  send(message: unknown): void;
  onMessage(handler: (message: unknown) => void): void;
  /** Called once, also when the channel was closed from this side. */
  onClose(handler: () => void): void;
  close(): void;
}

export interface ByteChannel {
  /** The bytes are copied or handed over before the call returns; the caller may reuse them. */
  send(bytes: Uint8Array): void;
  /** Bytes sent and not yet passed on, as far as this side can know; 0 where it cannot. */
  unsentBytes(): number;
  onMessage(handler: (bytes: Uint8Array) => void): void;
  onClose(handler: () => void): void;
  close(): void;
}
