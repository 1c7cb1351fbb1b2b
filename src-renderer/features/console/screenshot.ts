// Pictures of a machine's screen as PNG, in the guest's own resolution: into a file or the clipboard.

import { t } from '../../i18n/strings.ts';
import { client } from '../../state/client.ts';
import { notify, notifyFailure } from '../../state/notices.ts';

export async function saveScreenshot(id: string, name: string): Promise<void> {
  try {
    const address = URL.createObjectURL(await picture(id));
    const link = document.createElement('a');
    link.href = address;
    link.download = fileName(name, new Date());
    link.click();
    URL.revokeObjectURL(address);
    notify({ level: 'info', message: t.console.screenshotSaved(link.download) });
  } catch (error) {
    notifyFailure(error, id);
  }
}

export async function copyScreenshot(id: string): Promise<void> {
  try {
    const image = await picture(id);
    await navigator.clipboard.write([new ClipboardItem({ [image.type]: image })]).catch((error: unknown) => {
      if (!(error instanceof DOMException)) throw error;
      throw new Error(t.console.screenshotFailed, { cause: error });
    });
    notify({ level: 'info', message: t.console.screenshotCopied });
  } catch (error) {
    if (error instanceof Error && error.cause instanceof DOMException)
      notify({ level: 'error', message: error.message });
    else notifyFailure(error, id);
  }
}

async function picture(id: string): Promise<Blob> {
  const { pngBase64 } = await client().call('machines.screen', { id, png: true });
  const bytes = Uint8Array.from(atob(pngBase64 ?? ''), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: 'image/png' });
}

/** "Debian 12 2026-01-31 10.20.30.png", without what file systems refuse. */
export function fileName(machine: string, time: Date): string {
  const stamp = new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are refused too
  const safe = machine.replace(/[\u0000-\u001f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]/g, '_').trim();
  return `${safe || 'Boxwright'} ${stamp.replace('T', ' ').replaceAll(':', '.')}.png`;
}
