// The session of a window in a browser. The page swaps the one-time token of its address for a session key, which it
// keeps in sessionStorage: it survives a reload, and no other tab, port or origin can read it. Knows no schemas and no
// typed failures, so that main.ts can begin it before they are loaded. Not what goes through its sockets:
// web-socket-transport.ts.

import { KEY_PREFIX, RPC_PATH, RPC_PROTOCOL, SESSION_PATH, TOKEN_FIELD } from '../../shared/rpc/web-endpoints.ts';

const STORED_KEY = 'boxwright.session';

export interface WebSession {
  readonly key: string;
  /** Open, and nothing was sent through it yet. */
  readonly socket: WebSocket;
}

/** `stranger`: the page has no key, since it was not opened by Boxwright. `silent`: nobody answers. */
export type SessionOutcome = WebSession | 'stranger' | 'silent';

let begun: Promise<SessionOutcome> | undefined;

/** Takes the token out of the address at once: whoever reads the address afterwards finds none. Never rejects. */
export function beginSession(): Promise<SessionOutcome> {
  begun ??= open();
  return begun;
}

async function open(): Promise<SessionOutcome> {
  const token = new URLSearchParams(location.hash.slice(1)).get(TOKEN_FIELD);
  if (token) {
    history.replaceState(null, '', location.pathname);
    const response = await fetch(SESSION_PATH, { method: 'POST', body: token }).catch(() => undefined);
    if (response?.ok) sessionStorage.setItem(STORED_KEY, await response.text());
  }
  const key = sessionStorage.getItem(STORED_KEY);
  if (!key) return 'stranger';
  const socket = await openSocket(RPC_PATH, [RPC_PROTOCOL, KEY_PREFIX + key]);
  return socket ? { key, socket } : 'silent';
}

/** undefined: it was refused, or nobody answers. */
export function openSocket(path: string, protocols: string[]): Promise<WebSocket | undefined> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://${location.host}${path}`, protocols);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => resolve(socket);
    socket.onerror = () => resolve(undefined);
  });
}
