// Entry of the window: what must hold before any other module is loaded, then the connection, then the window.

import './app/trusted-types.ts';
import './app/parser-settings.ts';
import './styles/index.css';
import { beginSession } from './state/web-session.ts';

const root = document.getElementById('root');
if (root) {
  // A browser's session needs nothing of what follows, and is open when the rest is there.
  if (!window.bridge) void beginSession();
  // A bundle loads the parts that pages share before the rest of its entry, and those make schemas.
  void import('./state/app-store.ts').then(({ openApp }) => openApp());
  void import('./app/start.tsx').then(({ start }) => start(root));
}
