// The messages between a shell and the processes it starts, around the control messages of a contract. The same over
// child_process and Electron's utility processes.

export type ToChild =
  | { readonly kind: 'control'; readonly message: unknown }
  /** Comes with a socket or a MessagePort; `request` is the WebSocket upgrade, or undefined. */
  | { readonly kind: 'console'; readonly request: unknown };

export interface FromChild {
  readonly kind: 'control';
  readonly message: unknown;
}

/** A WebSocket upgrade that was authenticated by the web shell, with what the window sent early. */
export interface UpgradeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly head: Uint8Array;
}

/** Whether a message from a process, which nobody vouches for, is a wrapped control message. */
export function isFromChild(received: unknown): received is FromChild {
  return (
    typeof received === 'object' && received !== null && 'kind' in received && received.kind === 'control'
  );
}
