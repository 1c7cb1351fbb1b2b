// Parts of the window that are loaded when they are first shown, or once the window is idle: the list is there first.

import { type ComponentType, lazy, Suspense } from 'react';

const loads: (() => Promise<unknown>)[] = [];

/** The component that `load` brings, with nothing in its place until then. */
export function lazyPage<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  loads.push(load);
  const Page = lazy(async () => ({ default: await load() }));
  return (props) => (
    <Suspense fallback={null}>
      <Page {...props} />
    </Suspense>
  );
}

/** So that the first visit to a page waits for nothing. */
export function loadPagesWhenIdle(): void {
  requestIdleCallback(async () => {
    // One that cannot be loaded now is asked for again, and complains, when it is shown.
    for (const load of loads) await load().catch(() => undefined);
  });
}
