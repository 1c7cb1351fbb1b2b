// The dialog that makes a machine. Nothing exists until "Create"; the dialog stays open with what went wrong.

import { useState } from 'react';
import { Checkbox, Form } from 'react-aria-components';
import type { MachineSettings } from '../../../shared/machine/config.ts';
import { runCommand } from '../../../shared/machine/run-command.ts';
import { hasErrors } from '../../../shared/machine/validate.ts';
import { Button } from '../../components/button.tsx';
import { CopyLine } from '../../components/copy-line.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { FieldMessages, TextField } from '../../components/fields.tsx';
import { PlaceField } from '../../components/place-field.tsx';
import { t } from '../../i18n/strings.ts';
import type { ChosenFile } from '../../state/files.ts';
import { createMachine, perform } from '../../state/machine-actions.ts';
import { goTo } from '../../state/navigation.ts';
import { messageOf } from '../../state/notices.ts';
import { Advanced } from './advanced.tsx';
import { DiskField } from './disk-field.tsx';
import { type Draft, useDraft } from './draft.ts';
import { GuestField } from './guest-field.tsx';
import { MemoryField } from './memory-field.tsx';
import { SourceFields } from './source-fields.tsx';

interface CreateMachineProps {
  /** A file it starts from, where there is one already. */
  readonly file?: ChosenFile | undefined;
  readonly onClose: () => void;
}

export function CreateMachine({ file, onClose }: CreateMachineProps) {
  const draft = useDraft(file);
  const { settings, change, issuesOf } = draft;
  const [startNow, setStartNow] = useState(true);
  const isBootable = startsSomething(draft);
  const { problem, submitting, submit } = useSubmit(draft, startNow && isBootable, onClose);

  return (
    <Dialog title={t.create.title} size="medium" onClose={onClose}>
      <Form
        className="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div className="dialog-body create">
          <TextField
            label={t.create.name}
            value={settings.name}
            onChange={(name) => change({ name })}
            placeholder={t.create.namePlaceholder}
            messages={issuesOf('name')}
            autoFocus
          />
          <SourceFields draft={draft} />
          {draft.plan.source !== 'kernel' && <GuestField draft={draft} />}
          {draft.plan.source === 'cdrom' && <DiskField draft={draft} />}
          <MemoryField draft={draft} />
          <PlaceField path={draft.folder} onChange={draft.chooseFolder} />
          <Advanced draft={draft} />
          {isBootable && <Summary settings={settings} />}
        </div>
        <footer className="dialog-footer">
          <Checkbox
            className="checkbox"
            isSelected={startNow && isBootable}
            onChange={setStartNow}
            isDisabled={!isBootable}
          >
            <span className="checkbox-mark" aria-hidden />
            {t.create.startNow}
          </Checkbox>
          <div role="alert" className="footer-message">
            {problem && <FieldMessages messages={[{ severity: 'error', message: problem }]} />}
          </div>
          <Button onPress={onClose}>{t.app.cancel}</Button>
          <Button kind="primary" type="submit" isPending={submitting}>
            {submitting ? t.create.submitting : t.create.submit}
          </Button>
        </footer>
      </Form>
    </Dialog>
  );
}

/** A new disk alone is empty. */
function startsSomething({ settings, newDisks }: Draft): boolean {
  const empty = new Set(newDisks.flatMap((disk) => ('backing' in disk ? [] : [disk.drive])));
  return settings.boot.kernel !== null || settings.drives.some(({ id, path }) => path !== null && !empty.has(id));
}

function Summary({ settings }: { readonly settings: MachineSettings }) {
  return (
    <CopyLine
      text={runCommand(settings)}
      label={t.create.summary}
      copyLabel={t.create.copy}
      copiedLabel={t.create.copied}
    />
  );
}

function useSubmit(draft: Draft, starts: boolean, onClose: () => void) {
  const [problem, setProblem] = useState<string | null>(null);
  const [submitting, setSubmitting] = useState(false);
  const submit = async () => {
    draft.touchAll();
    if (hasErrors(draft.issues)) return setProblem(t.create.problems);
    setSubmitting(true);
    try {
      const { id } = await createMachine(draft.settings, draft.newDisks, draft.folder);
      onClose();
      goTo(id, starts ? 'console' : 'overview', starts);
      if (starts) void perform(id, 'start');
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setSubmitting(false);
    }
  };
  return { problem, submitting, submit };
}
