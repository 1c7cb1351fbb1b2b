// The end of the application from a window: what becomes of running machines is asked once, or as decided for good.

import { useState } from 'react';
import { QUIT_ACTIONS, type QuitAction } from '../../../shared/rpc/app-contract.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { FieldMessages } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { changePreferences } from '../../state/app-store.ts';
import { messageOf } from '../../state/notices.ts';
import { quit, running, useQuit } from '../../state/quit.ts';

const TEXTS: Record<QuitAction, { title: string; hint: string }> = {
  keep: { title: t.console.closeKeep, hint: t.console.closeKeepHint },
  save: { title: t.console.closeSave, hint: t.console.closeSaveHint },
  shutdown: { title: t.console.closeShutdown, hint: t.console.closeShutdownHint },
  powerOff: { title: t.console.closePowerOff, hint: t.console.closePowerOffHint },
};

export function QuitDialog() {
  const isAsking = useQuit((state) => state.isAsking);
  return isAsking && <Question onClose={() => useQuit.setState({ isAsking: false })} />;
}

function Question({ onClose }: { readonly onClose: () => void }) {
  const [action, setAction] = useState<QuitAction>('keep');
  const [remember, setRemember] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const go = async () => {
    setBusy(true);
    setProblem(null);
    try {
      if (remember) await changePreferences({ closeAction: action });
      const left = await quit(action);
      if (left === null) onClose();
      else setProblem(left);
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={t.console.closeTitle(running())} size="small" onClose={onClose}>
      <div className="dialog-body quit-dialog">
        <fieldset>
          <legend>{t.console.closeText}</legend>
          {QUIT_ACTIONS.map((one) => (
            <label key={one} className="quit-choice">
              <input type="radio" name="quit" checked={action === one} onChange={() => setAction(one)} />
              <span>{TEXTS[one].title}</span>
              <span className="hint">{TEXTS[one].hint}</span>
            </label>
          ))}
        </fieldset>
        <label className="inline-check">
          <input type="checkbox" checked={remember} onChange={({ target }) => setRemember(target.checked)} />
          {t.console.closeRemember}
        </label>
        <div role="alert">{problem && <FieldMessages messages={[{ severity: 'error', message: problem }]} />}</div>
      </div>
      <footer className="dialog-footer">
        <Button onPress={onClose}>{t.app.cancel}</Button>
        <Button kind="primary" isPending={busy} onPress={() => void go()}>
          {t.console.quitAction}
        </Button>
      </footer>
    </Dialog>
  );
}
