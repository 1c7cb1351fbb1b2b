// The log of a machine: its lines as they come, filtered by level and text.

import { Bug, Copy, ScrollText } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Label, Radio, RadioGroup } from 'react-aria-components';
import type { LogLine, ReadyMachine } from '../../../shared/machine/view.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { SearchField } from '../../components/fields.tsx';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { t } from '../../i18n/strings.ts';
import { useApp } from '../../state/app-store.ts';
import { notify, notifyFailure } from '../../state/notices.ts';
import { useLogs } from '../../state/polling.ts';
import { bugReport, lineText } from './bug-report.ts';

const LEVELS = ['everything', 'warnings', 'errors'] as const;
type Level = (typeof LEVELS)[number];

export function Logs({ machine }: { readonly machine: ReadyMachine }) {
  const lines = useLogs(machine.id);
  const info = useApp((state) => state.info);
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
          onChange={(value) => setLevel(LEVELS.find((one) => one === value) ?? 'everything')}
        >
          <Label className="visually-hidden">{t.logs.filter}</Label>
          <Radio value="everything">{t.logs.everything}</Radio>
          <Radio value="warnings">{t.logs.warnings}</Radio>
          <Radio value="errors">{t.logs.errors}</Radio>
        </RadioGroup>
        <Button icon={Copy} onPress={() => void copy(shown.map(lineText).join('\n'), t.logs.copied)}>
          {t.logs.copy}
        </Button>
        {info && (
          <Button
            icon={Bug}
            hint={t.logs.reportHint}
            onPress={() => void copy(bugReport(info, machine, lines, navigator.userAgent), t.logs.reportCopied)}
          >
            {t.logs.report}
          </Button>
        )}
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
  const rank = { everything: 0, warnings: 1, errors: 2 }[level];
  const own = line.level === 'error' ? 2 : line.level === 'warning' ? 1 : 0;
  return own >= rank && line.text.toLowerCase().includes(wanted.toLowerCase());
}

async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    notify({ level: 'info', message: done });
  } catch (error) {
    notifyFailure(error);
  }
}

function timeOf({ timeMs }: LogLine): string {
  return new Date(timeMs).toLocaleTimeString(undefined, { hour12: false });
}
