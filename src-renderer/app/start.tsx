// Draws the window. What it shows comes from the connection, which main.ts opens.

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { followAddress } from '../state/navigation.ts';
import { App } from './app.tsx';
import { ErrorBoundary } from './error-boundary.tsx';

export function start(root: HTMLElement): void {
  followAddress();
  createRoot(root).render(
    <StrictMode>
      <ErrorBoundary>
        <App />
      </ErrorBoundary>
    </StrictMode>,
  );
}
