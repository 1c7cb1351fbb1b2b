// What becomes of running machines when the last window closes or the application quits: asked once, or as the user
// has decided for good.

import { type BrowserWindow, dialog } from 'electron';
import { QUIT_ACTIONS, type QuitAction } from '../../shared/rpc/app-contract.ts';
import type { App } from '../services/app.ts';
import type { Texts } from './texts.ts';

/** undefined: the user changed their mind. */
export async function closeAction(app: App, texts: Texts, window: BrowserWindow | undefined): Promise<QuitAction | undefined> {
  const { active } = app.supervisor;
  if (active === 0) return 'powerOff';
  const { closeAction: decided } = app.preferences;
  if (decided !== 'ask') return decided;
  const options = {
    type: 'question' as const,
    message: texts.closeTitle(active),
    detail: texts.closeDetail,
    buttons: [...QUIT_ACTIONS.map((action) => texts.closeButtons[action]), texts.cancel],
    defaultId: 0,
    cancelId: QUIT_ACTIONS.length,
    checkboxLabel: texts.remember,
    noLink: true,
  };
  const { response, checkboxChecked } = await (window
    ? dialog.showMessageBox(window, options)
    : dialog.showMessageBox(options));
  const chosen = QUIT_ACTIONS[response];
  if (chosen !== undefined && checkboxChecked) await app.setPreferences({ closeAction: chosen });
  return chosen;
}

/** Whether it is done; otherwise the user has been told what runs on. */
export async function carryOut(app: App, action: QuitAction, texts: Texts): Promise<boolean> {
  const left = await app.quit(action);
  if (left.length === 0) return true;
  await dialog.showMessageBox({
    type: 'warning',
    message: texts.stillRunning(left.join(', ')),
    detail: texts.stillRunningDetail,
  });
  return false;
}
