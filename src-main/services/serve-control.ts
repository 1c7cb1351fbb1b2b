// One client of the control socket: the application's calls, without consoles of its own, and a window on request.

import type { Channel } from '../../shared/rpc/channel.ts';
import { controlContract } from '../../shared/rpc/control-contract.ts';
import { FailureError } from '../../shared/rpc/failure.ts';
import { serve } from '../../shared/rpc/serve.ts';
import type { App } from './app.ts';

export interface ControlShell {
  openWindow(): Promise<void> | void;
  /** A defect, not a failure that its caller hears of. */
  onUnexpected(name: string, error: unknown): void;
}

export function serveControl(app: App, channel: Channel, shell: ControlShell): void {
  const handlers = app.handlers({
    openConsole: () => {
      throw new FailureError('machine.unsupported', 'A console is shown in a window only.');
    },
  });
  const server = serve(
    controlContract,
    channel,
    { ...handlers, 'control.openWindow': () => shell.openWindow() },
    { onUnexpected: shell.onUnexpected },
  );
  const stop = app.listen((name, payload) => server.emit(name, payload as never));
  channel.onClose(stop);
}
