// What failed, by name and with the first lines of why, from the reports that vitest and Playwright write as JSON.

import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** What is told again of a failed test's message. */
const MESSAGE_LINES = 12;

/**
 * @param {any} json vitest's report, or undefined where it wrote none
 * @param {string} root what files are named from
 * @returns {string[]} a text for each test that failed
 */
export function failedUnits(json, root) {
  return (json?.testResults ?? []).flatMap((/** @type {any} */ file) => {
    const path = relative(root, file.name);
    const failed = file.assertionResults.filter((/** @type {any} */ test) => test.status === 'failed');
    // A file that fails to load says why itself.
    if (failed.length === 0) return file.status === 'failed' ? [failure(path, file.message)] : [];
    return failed.map((/** @type {any} */ test) =>
      failure(`${path} > ${test.fullName}`, test.failureMessages.join('\n')),
    );
  });
}

/**
 * @param {any} json Playwright's report, or a suite in it; undefined where it wrote none
 * @returns {string[]} a text for each test that failed
 */
export function failedSpecs(json) {
  const failed = (json?.specs ?? []).filter((/** @type {any} */ spec) => !spec.ok);
  return [
    ...failed.map((/** @type {any} */ spec) => {
      const errors = spec.tests.flatMap((/** @type {any} */ test) =>
        test.results.flatMap((/** @type {any} */ result) => result.errors),
      );
      const why = errors.map((/** @type {any} */ error) => error.message).join('\n');
      return failure(`${spec.file}:${spec.line} > ${spec.title}`, why);
    }),
    ...(json?.suites ?? []).flatMap(failedSpecs),
  ];
}

/**
 * @param {string} name
 * @param {string} message
 */
function failure(name, message) {
  const lines = stripVTControlCharacters(message).split('\n').slice(0, MESSAGE_LINES);
  return [name, ...lines.map((line) => `  ${line}`)].join('\n');
}
