// Text for a terminal that may hold what others wrote: names in an image, a machine's log, a setting of an imported machine.
// What a terminal would obey is shown instead, so that no file can move the cursor, set a title or fake a line.
// Reference: ECMA-48, sections 5.2 and 5.3 (the C0 and C1 sets).

/** Control characters but line feed and tab as JSON writes them, so that JSON stays what it was. */
export function plainText(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** One line on standard error, under the program's name. */
export function complain(message: string): void {
  process.stderr.write(`boxwright: ${plainText(message)}\n`);
}
