// Where the browser shell listens and how a page proves who it is. Used by the server (src-main/web) and by the
// page's WebSocket transport.

/** POST: swaps the one-time token of the address fragment for a session key. */
export const SESSION_PATH = '/session';
/** WebSocket: the app contract. */
export const RPC_PATH = '/rpc';
/** WebSocket: console protocol of one machine; handed to its process. */
export const CONSOLE_PATH = '/console';

/** Subprotocol names. The key and the ticket travel as further "subprotocols", which no page of another origin has. */
export const RPC_PROTOCOL = 'boxwright.rpc.v1';
export const CONSOLE_PROTOCOL = 'boxwright.console.v1';
export const KEY_PREFIX = 'key.';
export const TICKET_PREFIX = 'ticket.';
/** Name of the token in the address fragment. */
export const TOKEN_FIELD = 'k';
