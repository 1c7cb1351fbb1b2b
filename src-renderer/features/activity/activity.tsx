// What a machine and its engine are doing: charts of the last two minutes.

import { Activity as ActivityIcon } from 'lucide-react';
import type { MachineStats, ReadyMachine } from '../../../shared/machine/view.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { t } from '../../i18n/strings.ts';
import { Chart } from './chart.tsx';
import { useHistory } from './history.ts';
import { rates } from './rates.ts';

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 0 });

export function Activity({ machine }: { readonly machine: ReadyMachine }) {
  const { id, state } = machine;
  const history = useHistory(id, state === 'running' || state === 'paused');
  if (history.length === 0)
    return <EmptyState icon={ActivityIcon} title={t.activity.nothingTitle} text={t.activity.nothingText} />;
  const { charts, peak } = t.activity;
  const bytesPerSecond = (value: number) => t.activity.perSecond(formatBytes(Math.round(value)));
  const perSecond = (value: number) => t.activity.perSecond(whole.format(value));
  return (
    <div className="activity">
      <Chart
        {...charts.load}
        values={history.map(({ load }) => load)}
        limit={1}
        format={(value) => percent.format(value)}
        peakLabel={peak}
      />
      <Chart {...charts.mips} values={history.map(({ mips }) => mips)} format={(value) => `${whole.format(value)} MIPS`} peakLabel={peak} />
      <Chart {...charts.memory} values={history.map(({ processBytes }) => processBytes)} format={formatMemory} peakLabel={peak} />
      <Chart {...charts.regions} values={rates(history, ({ regionsCompiled }) => regionsCompiled)} format={perSecond} peakLabel={peak} />
      <Chart {...charts.tlbMisses} values={rates(history, ({ tlbMisses }) => tlbMisses)} format={perSecond} peakLabel={peak} />
      <Chart
        {...charts.unclaimed}
        values={rates(history, ({ unclaimedPorts, unclaimedMemory }) => unclaimedPorts + unclaimedMemory)}
        format={perSecond}
        peakLabel={peak}
      />
      {machine.config.drives.length > 0 && (
        <>
          <Chart {...charts.read} values={rates(history, ({ drives }) => total(drives, 'readBytes'))} format={bytesPerSecond} peakLabel={peak} />
          <Chart {...charts.written} values={rates(history, ({ drives }) => total(drives, 'writtenBytes'))} format={bytesPerSecond} peakLabel={peak} />
        </>
      )}
      <Chart {...charts.translated} values={shares(history)} limit={1} format={(value) => percent.format(value)} peakLabel={peak} />
    </div>
  );
}

function total(drives: MachineStats['drives'], field: 'readBytes' | 'writtenBytes'): number {
  return drives.reduce((sum, drive) => sum + drive[field], 0);
}

/** Of the time the processor was busy, the part in translated code. */
function shares(history: readonly MachineStats[]): number[] {
  const translated = rates(history, ({ regionsMs }) => regionsMs);
  const rest = rates(history, ({ interpreterMs, compilerMs }) => interpreterMs + compilerMs);
  return translated.map((value, index) => value / (value + (rest[index] ?? 0) || 1));
}

function formatMemory(bytes: number): string {
  return formatBytes(Math.round(bytes / 1_048_576) * 1_048_576);
}
