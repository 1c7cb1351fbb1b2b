// The whole window: not connected, or the frame with what is open above it.

import { Unplug } from 'lucide-react';
import { useEffect } from 'react';
import { Button } from '../components/button.tsx';
import { EmptyState } from '../components/empty-state.tsx';
import { t } from '../i18n/strings.ts';
import { useApp } from '../state/app-store.ts';
import { consoleOnly } from '../state/console-window.ts';
import { useFileRequest } from '../state/files.ts';
import { ConsoleWindow } from './console-window.tsx';
import { Frame } from './frame.tsx';
import { Notices } from './notices.tsx';
import { loadPagesWhenIdle } from './lazy-page.tsx';
import { FileDialog } from './pages.ts';
import { useTheme } from './theme.ts';

export function App() {
  const connection = useApp((state) => state.connection);
  const fileRequest = useFileRequest((state) => state.request);
  useTheme();
  const isOpen = connection.kind === 'open';
  useEffect(() => {
    if (isOpen) loadPagesWhenIdle();
  }, [isOpen]);
  if (connection.kind === 'connecting') return <p className="starting">{t.connection.connecting}</p>;
  if (connection.kind === 'refused')
    return (
      <main className="starting">
        <EmptyState icon={Unplug} title={t.connection.refusedTitle} text={connection.message}>
          <Button kind="primary" onPress={() => location.reload()}>
            {t.connection.tryAgain}
          </Button>
        </EmptyState>
      </main>
    );
  return (
    <>
      {consoleOnly === null ? (
        <Frame isLost={connection.kind === 'lost'} />
      ) : (
        <ConsoleWindow machineId={consoleOnly} isLost={connection.kind === 'lost'} />
      )}
      {fileRequest && <FileDialog request={fileRequest} />}
      <Notices />
    </>
  );
}
