// The windows of the browser shell: the app contract over their WebSockets, and consoles, whose sockets are handed to the
// machine processes. Who may open one is the server's business (server.ts).
// Reference: RFC 6455 (WebSocket), section 7.4.1 (status codes).

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { MachineId } from '../../shared/machine/config.ts';
import { appContract } from '../../shared/rpc/app-contract.ts';
import type { Channel } from '../../shared/rpc/channel.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import type { UpgradeRequest } from '../../shared/rpc/process-messages.ts';
import { serve } from '../../shared/rpc/serve.ts';
import { CONSOLE_PATH, CONSOLE_PROTOCOL, RPC_PROTOCOL } from '../../shared/rpc/web-endpoints.ts';
import { parseJson } from '../../shared/units/parse-json.ts';
import type { App } from '../services/app.ts';

const MAX_MESSAGE_BYTES = 1024 * 1024;

/** A WebSocket's opening request, as Node hands it over. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

export class WindowSockets {
  readonly #app: App;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: () => RPC_PROTOCOL,
  });

  constructor(app: App) {
    this.#app = app;
  }

  /** Number of windows that are connected now. */
  get count(): number {
    return this.#sockets.clients.size;
  }

  /** Ends the connections of all windows. */
  close(): void {
    for (const socket of this.#sockets.clients) socket.close(1001);
  }

  terminate(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  /** Serves a window; `openConsole` gives it tickets. */
  serve({ request, socket, head }: Upgrade, openConsole: (id: MachineId) => string): void {
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const channel = jsonChannel(webSocket);
      const server = serve(appContract, channel, this.#app.handlers({ openConsole }), { onUnexpected: reportUnexpected });
      channel.onClose(this.#app.listen((name, payload) => server.emit(name, payload as never)));
    });
  }

  /** Gives a console's socket to the machine's process. False: it takes none, and the socket is the caller's. */
  handOver({ request, socket, head }: Upgrade, machine: MachineId): boolean {
    const headers = { ...request.headers, 'sec-websocket-protocol': CONSOLE_PROTOCOL };
    const upgrade: UpgradeRequest = { url: CONSOLE_PATH, headers, head };
    try {
      this.#app.supervisor.handOver(machine, upgrade, socket);
      return true;
    } catch (error) {
      // Expected when the machine ended between ticket and connection.
      if (!(error instanceof FailureError)) reportUnexpected('console', error);
      return false;
    }
  }
}

function jsonChannel(socket: WebSocket): Channel {
  socket.on('error', () => socket.terminate());
  return {
    send: (message) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
    },
    onMessage: (handler) =>
      void socket.on('message', (data: Buffer, isBinary: boolean) => {
        if (isBinary) return socket.close(1003);
        const message = parseJson(data.toString('utf8'));
        if (message === undefined) return socket.close(1007);
        handler(message);
      }),
    onClose: (handler) => void socket.once('close', handler),
    close: () => socket.close(),
  };
}

/** Expected failures reach the caller; anything else is a defect and is told to whoever started the shell. */
function reportUnexpected(name: string, error: unknown): void {
  process.stderr.write(`boxwright: ${name}: ${error instanceof Error ? error.stack : String(error)}\n`);
}
