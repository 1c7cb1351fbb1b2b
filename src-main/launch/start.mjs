// `npm start`: builds what is stale and opens Boxwright, in Electron where its binary is there or can be had, else in
// the browser shell. BOXWRIGHT_SHELL=electron or web decides instead.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildStale, ROOT } from './build.mjs';
import { downloadElectron, findElectron } from './electron-binary.mjs';
import { nodeBinary, nodeEnvironment } from './node-binary.mjs';
import { answerTo } from './start-words.mjs';

const words = process.argv.slice(2);
const answer = answerTo(words);
if (answer) {
  (answer.status === 0 ? process.stdout : process.stderr).write(answer.text);
  process.exit(answer.status);
}

/** @param {string} line */
const say = (line) => console.error(line);

const wanted = process.env['BOXWRIGHT_SHELL'] ?? '';
if (!['', 'web', 'electron'].includes(wanted)) {
  say(`BOXWRIGHT_SHELL is "${wanted}"; it may be "web" or "electron".`);
  process.exit(2);
}

const electron = wanted === 'web' ? undefined : (findElectron() ?? downloadElectron(say));
if (!electron && wanted === 'electron') {
  say('Electron’s binary is missing and could not be downloaded.');
  process.exit(1);
}
if (!electron && wanted === '')
  say('Electron’s binary is not available here, so Boxwright opens in a browser window.');

if (!electron && words.length > 0) {
  say(`${words[0]}: the browser shell opens no files from the command line; drop the file onto its window.`);
  process.exit(2);
}

await buildStale(electron ? ['main', 'preload', 'renderer'] : ['main', 'renderer'], say);

const command = electron ?? nodeBinary();
const args = electron ? [ROOT] : [join(ROOT, 'dist', 'main', 'web-shell.js')];
const child = spawn(command, [...args, ...words], { stdio: 'inherit', env: nodeEnvironment() });
child.on('error', (error) => {
  say(`Boxwright could not be started: ${error.message}`);
  process.exit(1);
});
// The terminal sends Ctrl-C to both; the child decides when it is over.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => child.kill(/** @type {NodeJS.Signals} */ (signal)));
child.on('exit', (code) => process.exit(code ?? 1));
