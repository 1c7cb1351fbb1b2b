// The words after `npm start --`: files to open, and what is answered without opening anything.

/** @typedef {{ readonly status: number, readonly text: string }} Answer */

const HELP = `usage: npm start [-- FILE]
       node src-main/launch/start.mjs [FILE]

Opens Boxwright; builds what has changed first. FILE is opened with it (Electron only): a CD or disk image, or a
machine to import.

  -h, --help   this text

BOXWRIGHT_SHELL   electron or web: open in this shell only
BOXWRIGHT_HOME    where machines, preferences and logs are kept
BOXWRIGHT_NO_OPEN 1: the browser shell opens no window and prints what to open

Machines without a window: npx boxwright --help
`;

/**
 * Undefined: the application is to be started.
 * @param {readonly string[]} words
 * @returns {Answer | undefined}
 */
export function answerTo(words) {
  if (words.some((word) => word === '--help' || word === '-h')) return { status: 0, text: HELP };
  const unknown = words.find((word) => word.startsWith('-'));
  if (unknown !== undefined)
    return { status: 2, text: `${unknown}: unknown option; \`npm start -- --help\` lists what there is, and \`npx boxwright --help\` runs machines without a window.\n` };
  return undefined;
}
