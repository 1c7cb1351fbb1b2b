// Messages at the corner of the window: what failed, the way out, a button that dismisses.

import { CircleAlert, CircleCheck, TriangleAlert, X } from 'lucide-react';
import { Button, IconButton } from '../components/button.tsx';
import { t } from '../i18n/strings.ts';
import { goTo, usePlace } from '../state/navigation.ts';
import { dismiss, type Notice, useNotices } from '../state/notices.ts';

const ICONS = { info: CircleCheck, warning: TriangleAlert, error: CircleAlert };

export function Notices() {
  const notices = useNotices((state) => state.notices);
  return (
    <section className="notices" aria-label={t.app.notices} aria-live="polite">
      {notices.map((notice) => (
        <Message key={notice.id} notice={notice} />
      ))}
    </section>
  );
}

function Message({ notice }: { readonly notice: Notice }) {
  const { id, level, message, hint, machineId, action } = notice;
  const Icon = ICONS[level];
  const isHere = usePlace((place) => place.machineId === machineId);
  return (
    <div className="notice" data-level={level} role={level === 'error' ? 'alert' : undefined}>
      <Icon aria-hidden />
      <div>
        <p>{message}</p>
        {hint && <p className="quiet">{hint}</p>}
        {action && (
          <Button
            kind="quiet"
            onPress={() => {
              dismiss(id);
              void action.run();
            }}
          >
            {action.label}
          </Button>
        )}
        {machineId !== undefined && !isHere && level !== 'info' && (
          <Button kind="quiet" onPress={() => goTo(machineId)}>
            {t.app.showMachine}
          </Button>
        )}
      </div>
      <IconButton icon={X} label={t.app.dismissMessage(message)} onPress={() => dismiss(id)} />
    </div>
  );
}
