// The page of one machine: name, state, actions, and its tabs, each a feature of its own.

import { useEffect, useRef } from 'react';
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components';
import type { MachineView, ReadyMachine } from '../../shared/machine/view.ts';
import { StateBadge } from '../components/state-badge.tsx';
import { Damaged } from '../features/machine-details/damaged.tsx';
import { DisposableNote } from '../features/machine-details/disposable-note.tsx';
import { MachineActionsBar } from '../features/machine-details/machine-actions-bar.tsx';
import { Overview } from '../features/machine-details/overview.tsx';
import { t } from '../i18n/strings.ts';
import { goTo, PAGES, usePlace } from '../state/navigation.ts';
import { Activity, Console, Logs, Settings, Snapshots } from './pages.ts';

export function MachinePage({ machine }: { readonly machine: MachineView }) {
  return machine.kind === 'damaged' ? <Damaged machine={machine} /> : <Ready machine={machine} />;
}

function Ready({ machine }: { readonly machine: ReadyMachine }) {
  const { page } = usePlace();
  const heading = useRef<HTMLHeadingElement>(null);
  const { state } = machine;
  // A button that had the focus may have gone with the old state.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the state is what it waits for
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus();
  }, [state]);
  return (
    <Tabs
      className="machine-page"
      selectedKey={page}
      onSelectionChange={(key) =>
        goTo(
          machine.id,
          PAGES.find((known) => known === key),
        )
      }
    >
      <header className="page-header">
        <div className="page-title">
          <h1 ref={heading} tabIndex={-1} title={machine.config.name}>
            <bdi>{machine.config.name}</bdi>
          </h1>
          <StateBadge state={state} />
        </div>
        <MachineActionsBar machine={machine} />
        <DisposableNote machine={machine} />
        <TabList className="tabs" aria-label={t.machine.pagesLabel}>
          {PAGES.map((name) => (
            <Tab key={name} id={name} className="tab">
              {t.machine.pages[name]}
            </Tab>
          ))}
        </TabList>
      </header>
      <TabPanel id="overview" className="panel">
        <Overview machine={machine} />
      </TabPanel>
      <TabPanel id="console" className="panel console-panel">
        <Console machine={machine} />
      </TabPanel>
      <TabPanel id="settings" className="panel">
        <Settings machine={machine} />
      </TabPanel>
      <TabPanel id="snapshots" className="panel">
        <Snapshots machine={machine} />
      </TabPanel>
      <TabPanel id="activity" className="panel">
        <Activity machine={machine} />
      </TabPanel>
      <TabPanel id="logs" className="panel">
        <Logs machine={machine} />
      </TabPanel>
    </Tabs>
  );
}
