// The pages and dialogs that are not needed to show the list and a machine's overview.

import { lazyPage } from './lazy-page.tsx';

export const Activity = lazyPage(async () => (await import('../features/activity/activity.tsx')).Activity);
export const Console = lazyPage(async () => (await import('../features/console/console.tsx')).Console);
export const CreateMachine = lazyPage(async () => (await import('../features/create-machine/create-machine.tsx')).CreateMachine);
export const FileDialog = lazyPage(async () => (await import('../features/file-browser/file-browser.tsx')).FileDialog);
export const Logs = lazyPage(async () => (await import('../features/logs/logs.tsx')).Logs);
export const MediaLibrary = lazyPage(async () => (await import('../features/media-library/media-library.tsx')).MediaLibrary);
export const Preferences = lazyPage(async () => (await import('../features/preferences/preferences.tsx')).Preferences);
export const Settings = lazyPage(async () => (await import('../features/machine-settings/settings.tsx')).Settings);
export const Snapshots = lazyPage(async () => (await import('../features/snapshots/snapshots.tsx')).Snapshots);
