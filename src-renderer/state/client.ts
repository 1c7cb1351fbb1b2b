// The one connection of this window, for everything above it.

import { FailureError } from '../../shared/rpc/failure.ts';
import { t } from '../i18n/strings.ts';
import type { AppConnection } from './connect-app.ts';

let connection: AppConnection | undefined;

export function setClient(opened: AppConnection): void {
  connection = opened;
}

/** Throws a FailureError before the connection stands. */
export function client(): AppConnection {
  if (!connection) throw new FailureError('rpc.closed', t.connection.notOpen);
  return connection;
}
