// Which engine runs the machine, why, and what would make it faster.

import { Cpu } from 'lucide-react';
import { Button as AriaButton, Dialog, DialogTrigger, Heading, Popover } from 'react-aria-components';
import type { MachineConfig } from '../../../shared/machine/config.ts';
import type { MachineStats } from '../../../shared/machine/view.ts';
import { WithTooltip } from '../../components/button.tsx';
import { t } from '../../i18n/strings.ts';

interface EngineBadgeProps {
  readonly cpu: MachineConfig['cpu'];
  readonly stats: MachineStats | null;
}

/** Below this share of a core the guest waits for its user, not for the engine. */
const IDLE_LOAD = 0.2;

export function EngineBadge({ cpu, stats }: EngineBadgeProps) {
  const name = t.console.engines[cpu.engine];
  return (
    <DialogTrigger>
      <WithTooltip text={`${t.console.engineName[cpu.engine]} ${t.console.engineWhy[cpu.engine]}`}>
        <AriaButton className="light-button" aria-label={`${t.console.engineTitle}: ${name}`}>
          <Cpu aria-hidden /> {name}
        </AriaButton>
      </WithTooltip>
      <Popover className="popover" placement="top start" offset={6}>
        <Dialog className="popover-text" aria-label={t.console.engineTitle}>
          <Heading slot="title" level={3}>
            {name}
          </Heading>
          <p>
            {t.console.engineName[cpu.engine]} {t.console.engineWhy[cpu.engine]}
          </p>
          {stats && <p className="quiet">{times(stats)}</p>}
          <h3>{t.console.engineFasterTitle}</h3>
          <ul>
            {advice(cpu, stats).map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
          <p className="quiet">{t.console.engineNative}</p>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

function advice(cpu: MachineConfig['cpu'], stats: MachineStats | null): string[] {
  const { engineFaster } = t.console;
  if (cpu.engine === 'interpreter') return [engineFaster.interpreter];
  return [
    ...(stats && stats.load < IDLE_LOAD ? [engineFaster.idle] : []),
    ...(cpu.model === 'pentium3' ? [] : [engineFaster.model]),
    engineFaster.host,
  ];
}

function times({ regionsMs, interpreterMs, compilerMs }: MachineStats): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return t.console.engineTimes(seconds(regionsMs), seconds(interpreterMs), seconds(compilerMs));
}
