// Draws the window and connects it to the application.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { openApp } from '../state/app-store.ts';
import { followAddress } from '../state/navigation.ts';
import { App } from './app.tsx';
import { ErrorBoundary } from './error-boundary.tsx';

export function start(root: HTMLElement): void {
  createRoot(root).render(
    <StrictMode>
      <ErrorBoundary>
        <App />
      </ErrorBoundary>
    </StrictMode>,
  );
  // The token in the address is taken before the address is used for navigation.
  void openApp().then(followAddress);
}
