// Light or dark: the system's choice unless the user made one. Colours are in styles/tokens.css.

import { useEffect } from 'react';
import { useApp } from '../state/app-store.ts';

export function useTheme(): void {
  const theme = useApp((state) => state.preferences?.theme ?? 'system');
  useEffect(() => {
    document.documentElement.style.colorScheme = theme === 'system' ? 'light dark' : theme;
  }, [theme]);
}
