// Images dragged into the window: what they can be used for is said before they are let go, and done then.

import { Disc3, HardDrive, Plus } from 'lucide-react';
import { type DragEvent, useEffect, useState } from 'react';
import { settingsOf } from '../../../shared/machine/config.ts';
import type { MachineView, ReadyMachine } from '../../../shared/machine/view.ts';
import { t } from '../../i18n/strings.ts';
import { nameOf } from '../../state/app-store.ts';
import { askImport } from '../../state/appliances.ts';
import { client } from '../../state/client.ts';
import { type ChosenFile, pickFile } from '../../state/files.ts';
import { changeMedium, saveSettings } from '../../state/machine-actions.ts';
import { notify, notifyFailure } from '../../state/notices.ts';
import { newDrive } from '../../../shared/machine/new-drive.ts';
import { machineUse, type Plan, planFor } from './drop-targets.ts';

interface FileDropProps {
  /** Whose page is open. */
  readonly machine: MachineView | undefined;
  readonly onCreate: (file: ChosenFile) => void;
}

export function FileDrop({ machine, onCreate }: FileDropProps) {
  const isDragging = useFilesOverWindow();
  if (!isDragging) return null;
  const use = machineUse(machine);
  const target = machine?.kind === 'machine' ? machine : undefined;
  return (
    <div className="drop-zones" role="status">
      <Zone icon={Plus} text={t.drop.create} onFile={(file) => dropped(file, undefined, onCreate)} />
      {use && target && (
        <Zone
          icon={use === 'insert' ? Disc3 : HardDrive}
          text={use === 'insert' ? t.drop.insert(nameOf(target)) : t.drop.attach(nameOf(target))}
          onFile={(file) => dropped(file, target, onCreate)}
        />
      )}
    </div>
  );
}

interface ZoneProps {
  readonly icon: typeof Plus;
  readonly text: string;
  readonly onFile: (file: File) => Promise<void>;
}

function Zone({ icon: Icon, text, onFile }: ZoneProps) {
  const [isOver, setOver] = useState(false);
  const over = (event: DragEvent) => {
    event.preventDefault();
    event.dataTransfer.dropEffect = 'link';
    setOver(true);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the file chooser does the same by keyboard
    <div
      className="drop-zone"
      data-over={isOver || undefined}
      onDragEnter={over}
      onDragOver={over}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        const [file] = event.dataTransfer.files;
        if (event.dataTransfer.files.length > 1) notify({ level: 'warning', message: t.drop.oneOnly });
        else if (file) void onFile(file).catch(notifyFailure);
      }}
    >
      <Icon aria-hidden />
      <span>{text}</span>
    </div>
  );
}

/** Files only: text and pages dragged about are none of ours, but must not replace this page either. */
function useFilesOverWindow(): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    let depth = 0;
    const end = (event: Event) => {
      event.preventDefault();
      depth = 0;
      setOver(false);
    };
    window.addEventListener(
      'dragenter',
      ({ dataTransfer }) => {
        depth += 1;
        if (dataTransfer?.types.includes('Files')) setOver(true);
      },
      { signal },
    );
    window.addEventListener(
      'dragleave',
      () => {
        depth -= 1;
        if (depth <= 0) {
          depth = 0;
          setOver(false);
        }
      },
      { signal },
    );
    window.addEventListener('dragover', (event) => event.preventDefault(), { signal });
    window.addEventListener('drop', end, { signal });
    return () => stop.abort();
  }, []);
  return over;
}

async function dropped(file: File, machine: ReadyMachine | undefined, onCreate: FileDropProps['onCreate']) {
  const plan = planFor(file.name, machine);
  if (plan.kind === 'refused') return notify({ level: 'warning', message: t.drop.refused[plan.why](file.name) });
  const path = (await client().pathOf(file)) ?? (await chosenInstead(file, plan));
  if (path === null) return;
  if (plan.kind === 'import') return askImport(path);
  if (plan.kind === 'create') return onCreate({ path, purpose: plan.purpose });
  if (machine === undefined) return;
  if (plan.kind === 'insert') return changeMedium(machine.id, plan.drive, path);
  const settings = settingsOf(machine.config);
  const drive = newDrive(settings.drives, plan.purpose, path, null);
  if (!drive) return;
  await saveSettings(machine.id, { ...settings, drives: [...settings.drives, drive] }, []);
  notify({ level: 'info', message: t.drop.attached(file.name, nameOf(machine)) });
}

/** A browser does not say where a dropped file is: the user shows it. */
async function chosenInstead(file: File, plan: Plan & { kind: 'create' | 'insert' | 'attach' | 'import' }): Promise<string | null> {
  notify({ level: 'warning', message: t.drop.whereIs(file.name) });
  return pickFile(plan.kind === 'insert' ? 'cdrom' : plan.kind === 'import' ? 'appliance' : plan.purpose, null);
}
