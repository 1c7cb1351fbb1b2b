// The log of a machine: its lines as they come, filtered by level and text.

import { Copy, ScrollText } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Label, Radio, RadioGroup } from 'react-aria-components';
import type { LogLine } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { SearchField } from '../../components/fields.tsx';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { t } from '../../i18n/strings.ts';
import { notify, notifyFailure } from '../../state/notices.ts';
import { useLogs } from '../../state/polling.ts';

type Level = 'everything' | 'warnings';

export function Logs({ machineId }: { readonly machineId: string }) {
  const lines = useLogs(machineId);
  const [level, setLevel] = useState<Level>('everything');
  const [wanted, setWanted] = useState('');
  const shown = useMemo(
    () => (lines ?? []).filter((line) => matches(line, level, wanted)),
    [lines, level, wanted],
  );

  if (lines === null) return <p className="quiet pad">{t.logs.loading}</p>;
  if (lines.length === 0) return <EmptyState icon={ScrollText} title={t.logs.title} text={t.logs.empty} />;
  return (
    <div className="logs">
      <div className="logs-tools">
        <SearchField label={t.logs.find} clearLabel={t.logs.clearFind} value={wanted} onChange={setWanted} />
        <RadioGroup
          className="segments"
          orientation="horizontal"
          value={level}
          onChange={(value) => setLevel(value === 'warnings' ? 'warnings' : 'everything')}
        >
          <Label className="visually-hidden">{t.logs.filter}</Label>
          <Radio value="everything">{t.logs.everything}</Radio>
          <Radio value="warnings">{t.logs.warnings}</Radio>
        </RadioGroup>
        <Button icon={Copy} onPress={() => void copy(shown)}>
          {t.logs.copy}
        </Button>
      </div>
      {shown.length === 0 ? <p className="quiet pad">{t.logs.nothingFound}</p> : <LogLines lines={shown} />}
    </div>
  );
}

function LogLines({ lines }: { readonly lines: readonly LogLine[] }) {
  return (
    <ScrollBox className="log-lines" role="log" label={t.logs.title}>
      {lines.map((line) => (
        <div key={line.sequence} className="log-line" data-level={line.level}>
          <time>{timeOf(line)}</time>
          <span className="log-level">{t.logs.levels[line.level]}</span>
          <span className="log-text">{line.text}</span>
        </div>
      ))}
    </ScrollBox>
  );
}

function matches(line: LogLine, level: Level, wanted: string): boolean {
  const loud = line.level === 'warning' || line.level === 'error';
  return (loud || level === 'everything') && line.text.toLowerCase().includes(wanted.toLowerCase());
}

async function copy(lines: readonly LogLine[]): Promise<void> {
  try {
    const text = lines.map((line) => `${new Date(line.timeMs).toISOString()} ${line.level} ${line.text}`);
    await navigator.clipboard.writeText(text.join('\n'));
    notify({ level: 'info', message: t.logs.copied });
  } catch (error) {
    notifyFailure(error);
  }
}

function timeOf({ timeMs }: LogLine): string {
  return new Date(timeMs).toLocaleTimeString(undefined, { hour12: false });
}
