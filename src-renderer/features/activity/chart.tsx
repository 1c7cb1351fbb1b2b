// A chart of one quantity over time, with its latest and highest value as text.

import { useId } from 'react';

const WIDTH = 240;
const HEIGHT = 64;
const POINTS = 120;

interface ChartProps {
  readonly title: string;
  readonly hint: string;
  readonly values: readonly number[];
  /** The top of the chart, where it has one by nature; otherwise the highest value. */
  readonly limit?: number;
  readonly format: (value: number) => string;
  readonly peakLabel: (value: string) => string;
}

export function Chart({ title, hint, values, limit, format, peakLabel }: ChartProps) {
  const heading = useId();
  const peak = Math.max(0, ...values);
  const top = limit ?? (peak || 1);
  const latest = values.at(-1);
  return (
    <section className="card chart" aria-labelledby={heading}>
      <h2 id={heading} title={hint}>
        {title}
      </h2>
      <p className="chart-value">{latest === undefined ? '–' : format(latest)}</p>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
        <path className="chart-area" d={`${path(values, top)} L ${WIDTH} ${HEIGHT} L ${startX(values)} ${HEIGHT} Z`} />
        <path className="chart-line" d={path(values, top)} />
      </svg>
      <p className="hint">{peakLabel(format(peak))}</p>
    </section>
  );
}

const step = WIDTH / (POINTS - 1);
const startX = (values: readonly number[]) => WIDTH - Math.max(0, values.length - 1) * step;

/** The latest value stands at the right edge. */
function path(values: readonly number[], top: number): string {
  if (values.length === 0) return `M 0 ${HEIGHT} L ${WIDTH} ${HEIGHT}`;
  const from = startX(values);
  return values
    .map((value, index) => {
      const y = HEIGHT - Math.min(1, value / top) * (HEIGHT - 2) - 1;
      return `${index === 0 ? 'M' : 'L'} ${(from + index * step).toFixed(1)} ${y.toFixed(1)}`;
    })
    .join(' ');
}
