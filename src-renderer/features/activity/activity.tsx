// What a machine and its engine are doing: charts of the last two minutes.

import { Activity as ActivityIcon } from 'lucide-react';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
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
    </div>
  );
}

function formatMemory(bytes: number): string {
  return formatBytes(Math.round(bytes / 1_048_576) * 1_048_576);
}
