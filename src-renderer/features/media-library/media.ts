// The library's content: asked for when it is shown, when a machine's drives change and when a job has ended.

import { useCallback, useEffect, useState } from 'react';
import { isOver } from '../../../shared/machine/jobs.ts';
import type { MediumView } from '../../../shared/machine/media.ts';
import { t } from '../../i18n/strings.ts';
import { putMachine, useApp } from '../../state/app-store.ts';
import { client } from '../../state/client.ts';
import { useJobs } from '../../state/jobs.ts';
import { notify, notifyFailure } from '../../state/notices.ts';

export function useMedia(): { media: readonly MediumView[] | null; look: () => void } {
  const [media, setMedia] = useState<readonly MediumView[] | null>(null);
  const [asked, setAsked] = useState(0);
  const drives = useApp(({ machines }) =>
    JSON.stringify(machines.map((one) => (one.kind === 'machine' ? [one.id, one.config.name, one.state, one.config.drives] : one.id))),
  );
  const ended = useJobs(({ jobs }) => jobs.filter(isOver).length);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what it looks at again for
  useEffect(() => {
    let isCurrent = true;
    client()
      .call('media.list')
      .then((found) => isCurrent && setMedia(found), notifyFailure);
    return () => {
      isCurrent = false;
    };
  }, [drives, ended, asked]);
  return { media, look: useCallback(() => setAsked((count) => count + 1), []) };
}

/** Throws a FailureError. */
export async function locate(path: string, replacement: string): Promise<void> {
  const changed = await client().call('media.locate', { path, replacement });
  changed.forEach(putMachine);
  notify({ level: 'info', message: t.media.located(changed.length) });
}
