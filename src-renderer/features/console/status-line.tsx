// The line below a console: state, engine and its speed, resolution, lights of the keyboard, who has the keyboard.

import { ArrowDownToLine, Cpu } from 'lucide-react';
import { useStore } from 'zustand';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { StateBadge } from '../../components/state-badge.tsx';
import { t } from '../../i18n/strings.ts';
import { useStats } from '../../state/polling.ts';
import type { ConsoleSession } from './console-session.ts';

interface StatusLineProps {
  readonly machine: ReadyMachine;
  readonly session: ConsoleSession;
  readonly isKeyboardCaptured: boolean;
}

const LEDS = ['numLock', 'capsLock', 'scrollLock'] as const;

export function StatusLine({ machine, session, isKeyboardCaptured }: StatusLineProps) {
  const { id, state, config } = machine;
  const stats = useStats(id, state === 'running');
  const width = useStore(session.state, (now) => now.width);
  const height = useStore(session.state, (now) => now.height);
  const columns = useStore(session.state, (now) => now.text?.columns ?? 0);
  const rows = useStore(session.state, (now) => now.text?.rows.length ?? 0);
  const leds = useStore(session.state, (now) => now.leds);
  return (
    <section className="status-line" aria-label={t.console.status}>
      <StateBadge state={state} />
      <span>
        <Cpu aria-hidden /> {t.console.engines[config.cpu.engine]}
      </span>
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
        title={isKeyboardCaptured ? t.console.hostKeyCaptured : t.console.hostKeyFree}
      >
        <ArrowDownToLine aria-hidden />
        {isKeyboardCaptured ? t.console.keysBanner : t.console.clickHint}
      </span>
    </section>
  );
}
