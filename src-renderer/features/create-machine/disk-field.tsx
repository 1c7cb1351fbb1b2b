// The machine's own disk: made with it, one that is there, or none.

import { Group, Input, Label, NumberField, Radio, RadioGroup } from 'react-aria-components';
import { NEW_DISK_FORMATS } from '../../../shared/machine/config.ts';
import { SelectField } from '../../components/choice.tsx';
import { Tick } from '../../components/fields.tsx';
import { guestText, t } from '../../i18n/strings.ts';
import type { Draft } from './draft.ts';
import { FileField } from './file-field.tsx';
import { DISK_CHOICES, MAX_DISK_GIB, MIN_DISK_GIB } from './plan.ts';

export function DiskField({ draft }: { readonly draft: Draft }) {
  const { plan, profile } = draft;
  const reason = profile?.reasons.disk ?? profile?.reasons.bus;
  return (
    <>
      <RadioGroup
        className="field"
        value={plan.diskChoice}
        onChange={(value) => {
          const diskChoice = DISK_CHOICES.find((known) => known === value);
          if (diskChoice) draft.choose({ diskChoice });
        }}
      >
        <Label>{t.create.disk}</Label>
        <div className="disk-choices">
          {DISK_CHOICES.map((choice) => (
            <Radio key={choice} value={choice} className="radio">
              <span className="radio-mark" aria-hidden />
              {t.create.diskChoices[choice]}
            </Radio>
          ))}
        </div>
        {reason && <span className="hint">{guestText(reason)}</span>}
      </RadioGroup>
      {plan.diskChoice === 'new' && (
        <>
          <SizeField draft={draft} />
          <SelectField
            label={t.create.diskFormat}
            value={plan.newDiskFormat}
            options={NEW_DISK_FORMATS.map((name) => [name, t.create.diskFormats[name]])}
            onChange={(newDiskFormat) => draft.choose({ newDiskFormat })}
          />
        </>
      )}
      {plan.diskChoice === 'existing' && <DiskImageField draft={draft} />}
    </>
  );
}

/** An image that is there: written to, or left as it is. */
export function DiskImageField({ draft }: { readonly draft: Draft }) {
  return (
    <>
      <FileField draft={draft} purpose="disk" />
      {draft.fileOf('disk') !== null && (
        <Tick label={t.create.keepImage} hint={t.create.keepImageHint} value={draft.plan.keepImage} onChange={(keepImage) => draft.choose({ keepImage })} />
      )}
    </>
  );
}

function SizeField({ draft }: { readonly draft: Draft }) {
  return (
    <NumberField
      className="field disk-size"
      value={draft.plan.newDiskGiB}
      // An emptied field is not a size; the value stays.
      onChange={(value) => !Number.isNaN(value) && draft.choose({ newDiskGiB: value })}
      minValue={MIN_DISK_GIB}
      maxValue={MAX_DISK_GIB}
      formatOptions={{ useGrouping: false, maximumFractionDigits: 0 }}
    >
      <Label>{t.create.diskSize}</Label>
      <Group className="number">
        <Input className="input" />
        <span aria-hidden>GiB</span>
      </Group>
      <span className="hint">{t.create.diskSizeHint}</span>
    </NumberField>
  );
}
