// Where the machine starts from, and the files of that choice.

import { Cpu, Disc3, HardDrive } from 'lucide-react';
import { Label, Radio, RadioGroup } from 'react-aria-components';
import { TextField } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { DiskImageField } from './disk-field.tsx';
import type { Draft } from './draft.ts';
import { FileField } from './file-field.tsx';
import { SOURCES } from './plan.ts';

const ICONS = { cdrom: Disc3, disk: HardDrive, kernel: Cpu };

export function SourceFields({ draft }: { readonly draft: Draft }) {
  const { plan } = draft;
  return (
    <>
      <RadioGroup
        className="field"
        value={plan.source}
        onChange={(value) => {
          const source = SOURCES.find((known) => known === value);
          if (source) draft.choose({ source });
        }}
      >
        <Label>{t.create.source}</Label>
        <div className="source-choices">
          {SOURCES.map((source) => {
            const Icon = ICONS[source];
            return (
              <Radio key={source} value={source} className="source-choice">
                <Icon aria-hidden />
                <span>
                  <span className="source-name">{t.create.sources[source].name}</span>
                  <span className="hint">{t.create.sources[source].hint}</span>
                </span>
              </Radio>
            );
          })}
        </div>
      </RadioGroup>
      {plan.source === 'cdrom' && <FileField draft={draft} purpose="cdrom" />}
      {plan.source === 'disk' && <DiskImageField draft={draft} />}
      {plan.source === 'kernel' && <KernelFields draft={draft} />}
    </>
  );
}

function KernelFields({ draft }: { readonly draft: Draft }) {
  const { settings, change, issuesOf } = draft;
  return (
    <>
      <FileField draft={draft} purpose="kernel" />
      <FileField draft={draft} purpose="initrd" />
      <TextField
        label={t.create.commandLine}
        value={settings.boot.commandLine}
        onChange={(commandLine) => change({ boot: { ...draft.plan.base.boot, commandLine } })}
        hint={t.create.commandLineHint}
        messages={issuesOf('boot.commandLine')}
        maxLength={2047}
        isMonospaced
      />
    </>
  );
}
