// Entry of the window: connects to the application and draws.

import './app/trusted-types.ts';
import './app/parser-settings.ts';
import './styles/index.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.tsx';
import { ErrorBoundary } from './app/error-boundary.tsx';
import { openApp } from './state/app-store.ts';
import { followAddress } from './state/navigation.ts';

const root = document.getElementById('root');
if (root) {
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
