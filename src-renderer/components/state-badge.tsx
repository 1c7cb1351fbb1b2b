// What a machine is doing: always an icon and a word, never a colour alone.

import {
  CalendarClock,
  CircleAlert,
  CirclePause,
  CirclePlay,
  CircleStop,
  FileWarning,
  LoaderCircle,
  type LucideIcon,
  Save,
} from 'lucide-react';
import type { MachineState } from '../../shared/machine/lifecycle.ts';
import { t } from '../i18n/strings.ts';

const ICONS: Record<MachineState | 'damaged' | 'newer', LucideIcon> = {
  damaged: FileWarning,
  newer: CalendarClock,
  off: CircleStop,
  starting: LoaderCircle,
  running: CirclePlay,
  pausing: LoaderCircle,
  paused: CirclePause,
  saving: LoaderCircle,
  saved: Save,
  restoring: LoaderCircle,
  stopping: LoaderCircle,
  crashed: CircleAlert,
};

export function StateBadge({ state }: { readonly state: MachineState | 'damaged' | 'newer' }) {
  const Icon = ICONS[state];
  return (
    <span className="badge" data-state={state}>
      <Icon aria-hidden className={Icon === LoaderCircle ? 'turning' : undefined} />
      {state === 'damaged' || state === 'newer' ? t.list[state] : t.states[state]}
    </span>
  );
}
