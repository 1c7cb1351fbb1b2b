// The dialogs about snapshots. Each says what will happen, and what it costs, before it does.

import { useEffect, useState } from 'react';
import { Checkbox, Radio, RadioGroup } from 'react-aria-components';
import { MAX_SNAPSHOT_NAME } from '../../../shared/snapshot/snapshot-tree.ts';
import type { DeletePlan, SnapshotView } from '../../../shared/snapshot/snapshot-view.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, FormDialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { client } from '../../state/client.ts';
import { messageOf } from '../../state/notices.ts';

interface Texts {
  readonly name: string;
  readonly description: string;
  readonly tags: string[];
}

interface TextsDialogProps {
  readonly title: string;
  readonly text?: string;
  readonly action: string;
  readonly initial: Texts;
  readonly onClose: () => void;
  readonly onDone: (texts: Texts) => void;
}

/** For taking one and for changing its texts. */
export function TextsDialog({ title, text, action, initial, onClose, onDone }: TextsDialogProps) {
  const [name, setName] = useState(initial.name);
  const [description, setDescription] = useState(initial.description);
  const [tags, setTags] = useState(initial.tags.join(', '));
  const words = tags.split(',').map((tag) => tag.trim()).filter((tag) => tag !== '');
  return (
    <FormDialog
      title={title}
      action={action}
      isReady={name.trim() !== ''}
      onClose={onClose}
      onSubmit={() => onDone({ name: name.trim(), description, tags: words })}
    >
      {text && <p>{text}</p>}
      <TextField label={t.snapshots.name} value={name} onChange={setName} maxLength={MAX_SNAPSHOT_NAME} autoFocus />
      <TextField label={t.snapshots.description} value={description} onChange={setDescription} maxLength={10_000} />
      <TextField label={t.snapshots.tags} hint={t.snapshots.tagsHint} value={tags} onChange={setTags} maxLength={400} />
    </FormDialog>
  );
}

interface RestoreDialogProps {
  readonly snapshot: SnapshotView;
  readonly keepDays: number | null;
  readonly onClose: () => void;
  readonly onDone: (how: { keepPresent: boolean; disksOnly: boolean; start: boolean }) => void;
}

export function RestoreDialog({ snapshot, keepDays, onClose, onDone }: RestoreDialogProps) {
  const [keepPresent, setKeep] = useState(true);
  // Without its memory it starts as after a power failure, which is better than not at all.
  const [disksOnly, setDisksOnly] = useState(snapshot.stateProblem !== null);
  const [start, setStart] = useState(false);
  return (
    <Dialog title={t.snapshots.restoreTitle(snapshot.name)} onClose={onClose}>
      <div className="dialog-body snapshot-question">
        <p>{t.snapshots.restoreText}</p>
        {snapshot.stateProblem !== null && <p className="snapshot-problem">{snapshot.stateProblem}</p>}
        <Tick isSelected={keepPresent} onChange={setKeep} text={t.snapshots.keepPresent} />
        <p className={keepPresent ? 'quiet' : 'snapshot-problem'}>
          {keepPresent ? t.snapshots.keepText(keepDays) : t.snapshots.discardText}
        </p>
        <Tick isSelected={disksOnly} onChange={setDisksOnly} text={t.snapshots.disksOnly} />
        <Tick isSelected={start} onChange={setStart} text={t.snapshots.startAfter} />
      </div>
      <footer className="dialog-footer">
        <Button onPress={onClose}>{t.app.cancel}</Button>
        <Button kind={keepPresent ? 'primary' : 'danger'} autoFocus onPress={() => onDone({ keepPresent, disksOnly, start })}>
          {t.snapshots.restore}
        </Button>
      </footer>
    </Dialog>
  );
}

interface DeleteDialogProps {
  readonly machineId: string;
  readonly snapshot: SnapshotView;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

export function DeleteDialog({ machineId, snapshot, onClose, onDone }: DeleteDialogProps) {
  const [plan, setPlan] = useState<DeletePlan | string | null>(null);
  useEffect(() => {
    client()
      .call('snapshots.deletePlan', { id: machineId, snapshot: snapshot.id })
      .then(setPlan, (error: unknown) => setPlan(messageOf(error)));
  }, [machineId, snapshot.id]);
  return (
    <Dialog title={t.snapshots.removeTitle(snapshot.name)} role="alertdialog" onClose={onClose}>
      <div className="dialog-body snapshot-question">
        <p>{t.snapshots.removeText}</p>
        {typeof plan === 'string' && <p className="snapshot-problem">{plan}</p>}
        {plan !== null && typeof plan === 'object' && <Cost plan={plan} />}
      </div>
      <footer className="dialog-footer">
        <Button autoFocus onPress={onClose}>
          {t.app.cancel}
        </Button>
        <Button kind="danger" onPress={onDone}>
          {t.snapshots.remove}
        </Button>
      </footer>
    </Dialog>
  );
}

function Cost({ plan: { freesBytes, needsBytes, availableBytes, clones, keeps, waits } }: { readonly plan: DeletePlan }) {
  return (
    <>
      {freesBytes + needsBytes > 0 && <p>{t.snapshots.removeCost(formatBytes(freesBytes), formatBytes(needsBytes), formatBytes(availableBytes))}</p>}
      {needsBytes > availableBytes && <p className="snapshot-problem">{t.snapshots.tooFull}</p>}
      {waits && <p>{t.snapshots.removeWaits}</p>}
      {clones.length > 0 && <p>{t.snapshots.removeClones(clones.join(', '))}</p>}
      {keeps > 0 && clones.length === 0 && <p>{t.snapshots.removeKeeps}</p>}
    </>
  );
}

interface CloneDialogProps {
  readonly machineName: string;
  readonly snapshot: SnapshotView | null;
  readonly onClose: () => void;
  readonly onDone: (how: { name: string; linked: boolean }) => void;
}

export function CloneDialog({ machineName, snapshot, onClose, onDone }: CloneDialogProps) {
  const [name, setName] = useState(t.snapshots.cloneName(machineName));
  const [kind, setKind] = useState('full');
  return (
    <FormDialog
      title={t.snapshots.cloneTitle}
      action={t.snapshots.clone}
      isReady={name.trim() !== ''}
      onClose={onClose}
      onSubmit={() => onDone({ name: name.trim(), linked: kind === 'linked' })}
    >
      <p>{snapshot === null ? t.snapshots.cloneNow : t.snapshots.cloneFrom(snapshot.name)}</p>
      <TextField label={t.snapshots.name} value={name} onChange={setName} maxLength={80} autoFocus />
      <RadioGroup aria-label={t.snapshots.kind} className="clone-kinds" value={kind} onChange={setKind}>
        <Kind value="full" name={t.snapshots.full} text={t.snapshots.fullText} />
        <Kind value="linked" name={t.snapshots.linked} text={t.snapshots.linkedText} />
      </RadioGroup>
    </FormDialog>
  );
}

function Kind({ value, name, text }: { readonly value: string; readonly name: string; readonly text: string }) {
  return (
    <Radio value={value} className="clone-kind">
      <strong>{name}</strong>
      <span className="quiet">{text}</span>
    </Radio>
  );
}

interface TickProps {
  readonly isSelected: boolean;
  readonly onChange: (selected: boolean) => void;
  readonly text: string;
}

function Tick({ text, ...rest }: TickProps) {
  return (
    <Checkbox className="checkbox" {...rest}>
      <span className="checkbox-mark" aria-hidden />
      {text}
    </Checkbox>
  );
}
