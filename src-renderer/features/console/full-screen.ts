// Full screen of the console: the whole document goes, so that menus and messages are seen too, and styles show the
// console alone. Reference: WHATWG Fullscreen; WICG Keyboard Lock.

import { useEffect, useState } from 'react';

/** The browser also gives up its own shortcuts, where it can. */
interface LockableKeyboard {
  lock(): Promise<void>;
  unlock(): void;
}

function keyboard(): LockableKeyboard | undefined {
  return (navigator as Navigator & { readonly keyboard?: LockableKeyboard }).keyboard;
}

/** Rejects where the system does not allow it. */
export async function switchFullScreen(): Promise<void> {
  if (document.fullscreenElement) return document.exitFullscreen();
  await document.documentElement.requestFullscreen();
  await keyboard()?.lock();
}

export function useFullScreen(): boolean {
  const [full, setFull] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const changed = () => {
      const isFull = document.fullscreenElement !== null;
      // Also when the system ended it.
      if (!isFull) keyboard()?.unlock();
      setFull(isFull);
    };
    document.addEventListener('fullscreenchange', changed);
    return () => document.removeEventListener('fullscreenchange', changed);
  }, []);
  return full;
}
