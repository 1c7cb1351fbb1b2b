// `npm test`: finds or installs what tests need from the system, then runs every check and prints what ran. The last
// line is "N passed, N failed, N skipped" over all of them. `--long` also runs the long suites (*.long.test.ts, *.long.spec.ts).

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GUESTS_FOLDER, prepareGuests } from '../guests/prepare-guests.mjs';
import { failedSpecs, failedUnits } from './failed-tests.mjs';
import { prepareChromium } from './find-chromium.mjs';
import { prepareQemu } from './find-qemu.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RESULTS = join(ROOT, 'test-results');
const BIN = join(ROOT, 'node_modules', '.bin');
const ZONES = ['shared', 'src-main/engine', 'src-main', 'src-renderer', 'tests', 'tests/app'];
/** A step that hangs must not take the report of the others with it. */
const STEP_LIMIT_MS = (process.argv.includes('--long') ? 120 : 12) * 60_000;
const APP_TESTS = 'tests/app/playwright.config.ts';

/**
 * `failures`: the names of tests that failed with the first lines of what they said, for the end of the report.
 * @typedef {{ name: string, passed: number, failed: number, skipped: number, seconds: number, failures?: string[] }} Result
 */

/** @param {string} line */
const say = (line) => console.log(line);

const long = process.argv.includes('--long');
/** @type {NodeJS.ProcessEnv} */
const env = { ...process.env, ...(long ? { BOXWRIGHT_LONG: '1' } : {}) };
/** What the system lacks and what does not run for it. @type {string[]} */
const missing = [];
/** What must not be missing where changes are judged (.ci/run). @type {Result[]} */
const required = [];

setUp();
rmSync(RESULTS, { recursive: true, force: true });
mkdirSync(RESULTS, { recursive: true });
report([
  ...ZONES.map((zone) => check(`types of ${zone}`, 'tsc', ['-p', zone])),
  check('lint', 'biome', ['lint', '.']),
  ...required,
  vitest(),
  ...(existsSync(join(ROOT, APP_TESTS)) ? [playwright()] : []),
]);

function setUp() {
  const chromium = prepareChromium(say);
  if ('path' in chromium) env['BOXWRIGHT_CHROMIUM'] = chromium.path;
  else lack('Chromium', `End-to-end tests do not run: ${chromium.missing}.`);
  try {
    prepareGuests(say);
    env['BOXWRIGHT_GUESTS'] = GUESTS_FOLDER;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    lack('guests', `Tests that boot Debian's kernels do not run: ${reason}.`);
  }
  const noQemu = prepareQemu(say);
  if (noQemu !== undefined) lack('qemu-img', `Disk images are not compared with qemu-img: ${noQemu}.`);
  for (const line of missing) say(line);
}

/**
 * @param {string} name
 * @param {string} consequence
 */
function lack(name, consequence) {
  missing.push(consequence);
  if (process.env['BOXWRIGHT_CI']) required.push({ name, passed: 0, failed: 1, skipped: 0, seconds: 0 });
}

/**
 * A command whose exit status is its one result.
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @returns {Result}
 */
function check(name, command, args) {
  const { status, seconds } = run(name, command, args);
  return { name, passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0, seconds };
}

/** @returns {Result} */
function vitest() {
  const name = long ? 'unit, machine and long tests' : 'unit and machine tests';
  const file = join(RESULTS, 'vitest.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { status, seconds } = run(name, 'vitest', [
    'run',
    '--config',
    'tests/vitest.config.ts',
    ...reporters,
  ]);
  const json = readJson(file);
  return {
    name,
    passed: json?.numPassedTests ?? 0,
    // A file that fails to load has no tests of its own to count.
    failed: Math.max(json?.numFailedTests ?? 0, status === 0 ? 0 : 1),
    skipped: (json?.numPendingTests ?? 0) + (json?.numTodoTests ?? 0),
    seconds,
    failures: failedUnits(json, ROOT),
  };
}

/** @returns {Result} */
function playwright() {
  const name = 'end-to-end tests';
  if (!env['BOXWRIGHT_CHROMIUM']) return { name, passed: 0, failed: 0, skipped: 1, seconds: 0 };
  const file = join(RESULTS, 'playwright.json');
  env['PLAYWRIGHT_JSON_OUTPUT_NAME'] = file;
  const { status, seconds } = run(name, 'playwright', [
    'test',
    '--config',
    APP_TESTS,
    '--reporter=list,json',
  ]);
  const json = readJson(file);
  const stats = json?.stats;
  return {
    name,
    passed: (stats?.expected ?? 0) + (stats?.flaky ?? 0),
    failed: Math.max(stats?.unexpected ?? 0, status === 0 ? 0 : 1),
    skipped: stats?.skipped ?? 0,
    seconds,
    failures: failedSpecs(json),
  };
}

/**
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 */
function run(name, command, args) {
  say(`\n== ${name}`);
  const before = performance.now();
  const windows = process.platform === 'win32';
  const program = join(BIN, windows ? `${command}.cmd` : command);
  const { status, error } = spawnSync(program, args, {
    cwd: ROOT,
    env,
    stdio: 'inherit',
    shell: windows,
    timeout: STEP_LIMIT_MS,
  });
  if (error) say(`${command}: ${error.message}`);
  return { status: status ?? 1, seconds: (performance.now() - before) / 1000 };
}

/** @param {string} file */
function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** @param {readonly Result[]} all */
function report(all) {
  say('\n== what ran');
  for (const { name, passed, failed, skipped, seconds } of all) {
    const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
    say(`${failed > 0 ? 'FAILED' : 'ok    '} ${name}: ${counts} in ${seconds.toFixed(1)} s`);
  }
  // Here and not only where they happened: whoever sees just the end of a long report sees what failed.
  for (const text of all.flatMap(({ failures }) => failures ?? [])) say(`FAILED ${text}`);
  for (const line of missing) say(`Note: ${line}`);
  /** @param {'passed' | 'failed' | 'skipped'} key */
  const sum = (key) => all.reduce((total, result) => total + result[key], 0);
  say(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  process.exitCode = sum('failed') > 0 || sum('passed') === 0 ? 1 : 0;
}
