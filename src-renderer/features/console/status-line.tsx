// The line below a console: state, engine and its speed, drives, resolution, lights of the keyboard, who has the keys.

import { ArrowDownToLine } from 'lucide-react';
import { useStore } from 'zustand';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { StateBadge } from '../../components/state-badge.tsx';
import { t } from '../../i18n/strings.ts';
import { useApp } from '../../state/app-store.ts';
import { useStats } from '../../state/polling.ts';
import type { ConsoleSession } from './console-session.ts';
import { DriveLights } from './drive-lights.tsx';
import { EngineBadge } from './engine-badge.tsx';

interface StatusLineProps {
  readonly machine: ReadyMachine;
  readonly session: ConsoleSession;
  readonly isKeyboardCaptured: boolean;
}

const LEDS = ['numLock', 'capsLock', 'scrollLock'] as const;

export function StatusLine({ machine, session, isKeyboardCaptured }: StatusLineProps) {
  const { id, state, config } = machine;
  const stats = useStats(id, state === 'running');
  const hostKey = useApp(({ preferences }) => preferences?.hostKey ?? 'ControlRight');
  const width = useStore(session.state, (now) => now.width);
  const height = useStore(session.state, (now) => now.height);
  const columns = useStore(session.state, (now) => now.text?.columns ?? 0);
  const rows = useStore(session.state, (now) => now.text?.rows.length ?? 0);
  const leds = useStore(session.state, (now) => now.leds);
  return (
    <section className="status-line" aria-label={t.console.status}>
      <StateBadge state={state} />
      <EngineBadge cpu={config.cpu} stats={stats} />
      {stats && (
        <>
          <span className="number-text" title={t.console.mipsHint}>
            {t.console.mips(stats.mips.toFixed(stats.mips < 10 ? 1 : 0))}
          </span>
          <span className="number-text" title={t.console.loadHint}>
            {t.console.load(`${Math.round(stats.load * 100)} %`)}
          </span>
        </>
      )}
      <span className="spring" aria-hidden />
      <DriveLights machine={machine} session={session} counters={stats?.drives ?? []} />
      {width > 0 && (
        <span title={columns > 0 ? t.console.textSize(columns, rows) : undefined}>
          {t.console.resolution(width, height)}
        </span>
      )}
      {LEDS.filter((led) => leds[led]).map((led) => (
        <span key={led} className="led">
          {t.console.leds[led]}
        </span>
      ))}
      <span
        className="host-key"
        data-captured={isKeyboardCaptured || undefined}
      >
        <ArrowDownToLine aria-hidden />
        {isKeyboardCaptured ? t.console.keysBanner(t.console.hostKeys[hostKey]) : t.console.clickHint}
      </span>
    </section>
  );
}
