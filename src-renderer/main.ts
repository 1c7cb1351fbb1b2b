// Entry of the window: what must hold before any other module is loaded, then the window.

import './app/trusted-types.ts';
import './app/parser-settings.ts';
import './styles/index.css';

const root = document.getElementById('root');
// A bundle loads the parts that pages share before the rest of its entry, and those make schemas.
if (root) void import('./app/start.tsx').then(({ start }) => start(root));
