// The frame: machines at the left, the chosen one's page at the right, the wizard above both.

import { Boxes, Disc3, HardDrive, Images, MonitorPlay, PackageOpen, Plus, Settings2, Sparkles, Unplug } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import { Button } from '../components/button.tsx';
import { EmptyState } from '../components/empty-state.tsx';
import { ApplianceDialogs } from '../features/appliance/appliance-dialogs.tsx';
import { CommandPalette } from '../features/command-palette/command-palette.tsx';
import { FileDrop } from '../features/file-drop/file-drop.tsx';
import { JobsButton } from '../features/jobs/jobs-button.tsx';
import { BulkQuestion } from '../features/machine-list/bulk-question.tsx';
import { MachineList } from '../features/machine-list/machine-list.tsx';
import { MachineQuestion } from '../features/machine-details/machine-question.tsx';
import { SelectedMachines, useSelectedMachines } from '../features/machine-list/selected-machines.tsx';
import { QuitDialog } from '../features/quit/quit-dialog.tsx';
import { t } from '../i18n/strings.ts';
import { nameOf, useApp, useMachine } from '../state/app-store.ts';
import { askImport, chooseImport } from '../state/appliances.ts';
import { client } from '../state/client.ts';
import { type ChosenFile, pickFile } from '../state/files.ts';
import { notifyFailure } from '../state/notices.ts';
import { tryDemo } from '../state/machine-actions.ts';
import { AREAS, goTo, goToArea, usePlace } from '../state/navigation.ts';
import { notify } from '../state/notices.ts';
import { requestQuit } from '../state/quit.ts';
import { MachinePage } from './machine-page.tsx';
import { CreateMachine, MediaLibrary, Preferences } from './pages.ts';

export function Frame({ isLost }: { readonly isLost: boolean }) {
  const [creating, setCreating] = useState<boolean | ChosenFile>(false);
  const create = () => setCreating(true);
  const chosen = useMachine(usePlace(({ machineId }) => machineId));
  useRequests(setCreating);
  return (
    <div className="frame">
      <aside className="side">
        <AppTitle />
        <MachineList onCreate={create} />
        <SideNavigation />
      </aside>
      <main className="page">
        {isLost && (
          <p className="banner" role="alert">
            <Unplug aria-hidden />
            <span>{t.connection.lost}</span>
            <Button onPress={() => location.reload()}>{t.connection.tryAgain}</Button>
          </p>
        )}
        <Chosen onCreate={create} onOpen={setCreating} />
      </main>
      <CommandPalette onCreate={create} />
      <BulkQuestion />
      <MachineQuestion />
      <QuitDialog />
      <ApplianceDialogs />
      <FileDrop machine={chosen} onCreate={setCreating} />
      {creating !== false && (
        <CreateMachine file={creating === true ? undefined : creating} onClose={() => setCreating(false)} />
      )}
    </div>
  );
}

/** What the system or the application's menu asks of this window. */
function useRequests(create: (from: true | ChosenFile) => void): void {
  useEffect(() => {
    const ends = [
      client().on('command', ({ name }) => (name === 'newMachine' ? create(true) : requestQuit())),
      client().on('showMachine', ({ id }) => goTo(id, 'console')),
      client().on('openFile', ({ path, purpose }) => {
        if (purpose === 'appliance') askImport(path);
        else if (purpose === 'cdrom' || purpose === 'disk' || purpose === 'kernel') create({ path, purpose });
        else notify({ level: 'warning', message: t.drop.refused.floppyAlone(path) });
      }),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [create]);
}

function AppTitle() {
  const version = useApp((state) => state.info?.version);
  return (
    <header className="app-title">
      <img src="./icon.png" alt="" width={22} height={22} />
      <span>{t.app.name}</span>
      <span className="quiet">{version}</span>
      <JobsButton />
    </header>
  );
}

const AREA_LINKS = {
  media: { icon: Images, title: t.media.title },
  preferences: { icon: Settings2, title: t.preferences.title },
};

function SideNavigation() {
  const area = usePlace((place) => place.area);
  return (
    <nav className="side-nav" aria-label={t.app.pages}>
      {AREAS.map((name) => {
        const { icon: Icon, title } = AREA_LINKS[name];
        return (
          <AriaButton key={name} className="button" data-kind="quiet" aria-current={area === name ? 'page' : 'false'} onPress={() => goToArea(name)}>
            <Icon aria-hidden />
            {title}
          </AriaButton>
        );
      })}
    </nav>
  );
}

/** The form then begins with that file. */
async function openFile(purpose: ChosenFile['purpose'], use: (file: ChosenFile) => void): Promise<void> {
  try {
    const path = await pickFile(purpose, null);
    if (path !== null) use({ purpose, path });
  } catch (error) {
    notifyFailure(error);
  }
}

interface ChosenProps {
  readonly onCreate: () => void;
  readonly onOpen: (file: ChosenFile) => void;
}

function Chosen({ onCreate, onOpen }: ChosenProps) {
  const { area, machineId } = usePlace();
  const machine = useMachine(machineId);
  const none = useApp((state) => state.machines.length === 0);
  const selected = useSelectedMachines();
  const name = machine && nameOf(machine);
  useEffect(() => {
    document.title = name ? `${name} – ${t.app.name}` : t.app.name;
  }, [name]);
  if (area === 'media') return <MediaLibrary />;
  if (area === 'preferences') return <Preferences />;
  if (selected.length > 0) return <SelectedMachines machines={selected} />;
  if (machine) return <MachinePage key={machine.id} machine={machine} />;
  const create = (
    <Button icon={Plus} kind="primary" onPress={onCreate}>
      {t.welcome.create}
    </Button>
  );
  return none ? (
    <EmptyState icon={Boxes} title={t.welcome.title} text={t.welcome.text}>
      {create}
      <Button icon={Sparkles} onPress={() => void tryDemo()}>
        {t.welcome.demo}
      </Button>
      <div className="empty-state-files">
        <Button icon={Disc3} kind="quiet" onPress={() => void openFile('cdrom', onOpen)}>
          {t.welcome.openCd}
        </Button>
        <Button icon={HardDrive} kind="quiet" onPress={() => void openFile('disk', onOpen)}>
          {t.welcome.openDisk}
        </Button>
        <Button icon={PackageOpen} kind="quiet" onPress={() => void chooseImport()}>
          {t.appliance.importMachine}
        </Button>
      </div>
    </EmptyState>
  ) : (
    <EmptyState icon={MonitorPlay} title={t.welcome.chooseTitle} text={t.welcome.chooseText}>
      {create}
      <Button icon={PackageOpen} onPress={() => void chooseImport()}>
        {t.appliance.importMachine}
      </Button>
    </EmptyState>
  );
}
