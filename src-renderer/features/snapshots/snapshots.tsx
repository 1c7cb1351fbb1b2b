// The snapshots of a machine: the tree, what may be done with the selected one, and its details.
// Keys: arrows move, Enter restores (or takes one, on “you are here”), F2 renames, Delete deletes.

import { Camera, Clock, Copy, Pencil, RotateCcw, ShieldCheck, Trash2 } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import { Toolbar } from 'react-aria-components';
import { hasProcess } from '../../../shared/machine/lifecycle.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { nextName } from '../../../shared/snapshot/snapshot-tree.ts';
import type { SnapshotTreeView, SnapshotView } from '../../../shared/snapshot/snapshot-view.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { t } from '../../i18n/strings.ts';
import { cloneMachine, makeIndependent, perform } from '../../state/machine-actions.ts';
import { type Snapshots as Loaded, useSnapshots, verifySnapshots } from '../../state/snapshots.ts';
import { CloneDialog, DeleteDialog, RestoreDialog, TextsDialog } from './dialogs.tsx';
import { HERE } from './lanes.ts';
import { ScheduleDialog } from './schedule-dialog.tsx';
import { SnapshotDetails } from './snapshot-details.tsx';
import { SnapshotTree } from './snapshot-tree.tsx';

type Question = 'take' | 'restore' | 'delete' | 'edit' | 'clone' | 'schedule';

export function Snapshots({ machine }: { readonly machine: ReadyMachine }) {
  const loaded = useSnapshots(machine);
  const { tree, problem } = loaded;
  if (problem !== null) return <EmptyState icon={Camera} title={t.snapshots.damaged} text={problem} />;
  if (tree === null) return <p className="quiet snapshots-loading">{t.snapshots.loading}</p>;
  return <Page key={machine.id} machine={machine} loaded={loaded} tree={tree} />;
}

interface PageProps {
  readonly machine: ReadyMachine;
  readonly loaded: Loaded;
  readonly tree: SnapshotTreeView;
}

function Page({ machine, loaded, tree }: PageProps) {
  const [wanted, setSelected] = useState<string>(HERE);
  const [question, setQuestion] = useState<Question | null>(null);
  const snapshot = tree.snapshots.find(({ id }) => id === wanted) ?? null;
  const selected = snapshot?.id ?? HERE;
  const isOff = !hasProcess(machine.state);
  const canTake = isOff || machine.state === 'running' || machine.state === 'paused';
  const ask = (next: Question, of: SnapshotView | null = snapshot) => {
    if (loaded.isBusy) return;
    if (next === 'clone' || next === 'schedule' || (next === 'take' && canTake) || (of !== null && (next !== 'restore' || isOff))) setQuestion(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'F2') ask('edit');
    else if (event.key === 'Delete') ask('delete');
    else return;
    event.preventDefault();
  };
  return (
    <div className="snapshots">
      <Toolbar className="actions snapshot-tools" aria-label={t.snapshots.tools}>
        <Button icon={Camera} kind="primary" isPending={loaded.isBusy} isDisabled={!canTake} onPress={() => ask('take')}>
          {t.snapshots.take}
        </Button>
        <Button icon={RotateCcw} isDisabled={snapshot === null || snapshot.problem !== null || !isOff} onPress={() => ask('restore')}>
          {t.snapshots.restore}
        </Button>
        <Button icon={Copy} isDisabled={snapshot === null && !isOff} onPress={() => ask('clone')}>
          {t.snapshots.clone}
        </Button>
        <Button icon={Pencil} isDisabled={snapshot === null} onPress={() => ask('edit')}>
          {t.snapshots.edit}
        </Button>
        <Button icon={Trash2} isDisabled={snapshot === null} onPress={() => ask('delete')}>
          {t.snapshots.remove}
        </Button>
        <Button icon={ShieldCheck} isPending={loaded.isBusy} onPress={() => void verifySnapshots(machine.id)}>
          {t.snapshots.verify}
        </Button>
        <Button icon={Clock} onPress={() => ask('schedule')}>
          {t.snapshots.schedule}
        </Button>
      </Toolbar>
      {tree.isLinked && (
        <p className="snapshot-messages">
          {t.snapshots.isLinked}{' '}
          <Button isDisabled={!isOff} onPress={() => void makeIndependent(machine.id)}>
            {t.snapshots.makeIndependent}
          </Button>
        </p>
      )}
      <Messages tree={tree} isOff={isOff} />
      {tree.snapshots.length === 0 ? (
        <EmptyState icon={Camera} title={t.snapshots.empty} text={t.snapshots.emptyText} />
      ) : (
        <div className="snapshot-columns">
          {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the tree in it, which has none of these */}
          <div className="snapshot-frame" onKeyDown={onKeyDown}>
            <SnapshotTree
              tree={tree}
              selected={selected}
              onSelect={setSelected}
              onOpen={(id) => {
                setSelected(id);
                ask(id === HERE ? 'take' : 'restore', tree.snapshots.find((one) => one.id === id) ?? null);
              }}
            />
          </div>
          {snapshot && <SnapshotDetails machineId={machine.id} snapshot={snapshot} others={tree.snapshots.filter((one) => one !== snapshot)} />}
        </div>
      )}
      {question && (
        <QuestionDialog question={question} machine={machine} loaded={loaded} tree={tree} snapshot={snapshot} onClose={() => setQuestion(null)} />
      )}
    </div>
  );
}

function intervalName(minutes: number): string {
  const known: Readonly<Record<string, string>> = t.snapshots.intervals;
  return known[String(minutes)] ?? t.snapshots.otherInterval(minutes);
}

function Messages({ tree: { warning, unfreedBytes, schedule }, isOff }: { readonly tree: SnapshotTreeView; readonly isOff: boolean }) {
  return (
    <div role="status" className="snapshot-messages">
      {warning !== null && <p className="snapshot-problem">{warning}</p>}
      {warning === null && unfreedBytes > 0 && <p className="quiet">{t.snapshots.unfreed(formatBytes(unfreedBytes))}</p>}
      {schedule !== null && <p className="quiet">{t.snapshots.scheduleSet(intervalName(schedule.everyMinutes), schedule.keep)}</p>}
      {!isOff && <p className="quiet">{t.snapshots.offOnly}</p>}
    </div>
  );
}

interface QuestionDialogProps extends PageProps {
  readonly question: Question;
  readonly snapshot: SnapshotView | null;
  readonly onClose: () => void;
}

function QuestionDialog({ question, machine, loaded, tree, snapshot, onClose }: QuestionDialogProps) {
  const { id } = machine;
  if (question === 'take')
    return (
      <TextsDialog
        title={t.snapshots.takeTitle}
        text={!hasProcess(machine.state) ? t.snapshots.takeText : `${t.snapshots.takeText} ${t.snapshots.takeRunning}`}
        action={t.snapshots.take}
        initial={{ name: nextName(tree), description: '', tags: [] }}
        onClose={onClose}
        onDone={(texts) => {
          onClose();
          void loaded.change('snapshots.take', texts);
        }}
      />
    );
  if (question === 'clone')
    return (
      <CloneDialog
        machineName={machine.config.name}
        snapshot={snapshot}
        onClose={onClose}
        onDone={({ name, linked }) => {
          onClose();
          void cloneMachine(id, { snapshot: snapshot?.id ?? null, name, linked });
        }}
      />
    );
  if (question === 'schedule')
    return (
      <ScheduleDialog
        schedule={tree.schedule}
        onClose={onClose}
        onDone={(schedule) => {
          onClose();
          void loaded.change('snapshots.setSchedule', { schedule });
        }}
      />
    );
  if (snapshot === null) return null;
  if (question === 'edit')
    return (
      <TextsDialog
        title={t.snapshots.editTitle}
        action={t.snapshots.save}
        initial={snapshot}
        onClose={onClose}
        onDone={(texts) => {
          onClose();
          void loaded.change('snapshots.edit', { snapshot: snapshot.id, ...texts });
        }}
      />
    );
  if (question === 'delete')
    return (
      <DeleteDialog
        machineId={id}
        snapshot={snapshot}
        onClose={onClose}
        onDone={() => {
          onClose();
          void loaded.change('snapshots.delete', { snapshot: snapshot.id });
        }}
      />
    );
  return (
    <RestoreDialog
      snapshot={snapshot}
      keepDays={tree.keepBeforeRestoreDays}
      onClose={onClose}
      onDone={({ start, ...how }) => {
        onClose();
        void loaded.change('snapshots.restore', { snapshot: snapshot.id, beforeStart: start, ...how }).then(async (done) => {
          if (done && start) await perform(id, 'start');
        });
      }}
    />
  );
}
