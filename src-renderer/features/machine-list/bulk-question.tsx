// The question before machines are powered off or deleted, and the form for their group and tags.

import { useId, useState } from 'react';
import { MAX_LABEL_LENGTH } from '../../../shared/machine/config.ts';
import type { MachineView } from '../../../shared/machine/view.ts';
import { Confirm, FormDialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { useApp } from '../../state/app-store.ts';
import { labelMachine, performAll } from '../../state/machine-actions.ts';
import { titleOf, useAsked } from './bulk-actions.ts';
import { groupOf, tagsOf } from './machine-groups.ts';

export function BulkQuestion() {
  const asked = useAsked((state) => state.asked);
  if (!asked) return null;
  const { action, machines } = asked;
  const close = () => useAsked.setState({ asked: null });
  if (action === 'label') return <Labels title={titleOf(asked)} machines={machines} onClose={close} />;
  return (
    <Confirm
      title={titleOf(asked)}
      text={action === 'delete' ? t.machine.confirmDeleteText : t.machine.confirmPowerOffText}
      action={t.machine[action]}
      onAnswer={(confirmed) => {
        close();
        if (confirmed) void performAll(machines.map(({ id }) => id), action);
      }}
    />
  );
}

interface LabelsProps {
  readonly title: string;
  readonly machines: readonly MachineView[];
  readonly onClose: () => void;
}

/** For one machine all its tags, for several the ones to add. */
function Labels({ title, machines, onClose }: LabelsProps) {
  const [first] = machines;
  const isOne = machines.length === 1;
  const sameGroup = first && machines.every((machine) => groupOf(machine) === groupOf(first)) ? groupOf(first) : '';
  const [group, setGroup] = useState(sameGroup);
  const [tags, setTags] = useState(isOne && first ? tagsOf(first).join(', ') : '');
  const all = useApp((state) => state.machines);
  const known = [...new Set(all.map(groupOf))].filter(Boolean);
  const list = useId();
  const save = () => {
    onClose();
    for (const machine of machines) {
      const words = parseTags(tags);
      void labelMachine(machine.id, {
        ...(group.trim() === sameGroup ? {} : { group: group.trim() }),
        tags: isOne ? words : [...new Set([...tagsOf(machine), ...words])],
      });
    }
  };
  return (
    <FormDialog title={title} size="small" action={t.list.saveLabels} onClose={onClose} onSubmit={save}>
      <TextField
        label={t.list.group}
        hint={t.list.groupHint}
        value={group}
        onChange={setGroup}
        maxLength={MAX_LABEL_LENGTH}
        list={list}
        autoFocus
      />
      <datalist id={list}>
        {known.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <TextField label={isOne ? t.list.tags : t.list.tagsMany} hint={t.list.tagsHint} value={tags} onChange={setTags} maxLength={800} />
    </FormDialog>
  );
}

function parseTags(text: string): string[] {
  const words = text.split(/[,，、]/).map((word) => word.trim().slice(0, MAX_LABEL_LENGTH));
  return [...new Set(words.filter(Boolean))];
}
