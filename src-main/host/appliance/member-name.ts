// Names of files inside archives and packages. Such a name decides where something is written, so only plain relative
// ones are taken.

/** The name without "./" in front, or undefined where it would lead elsewhere or cannot be a file everywhere. */
export function memberName(name: string): string | undefined {
  const plain = name.replace(/^(\.\/)+/, '');
  if (plain === '' || plain.length > 255 || /[\p{Cc}\\:*?"<>|]/u.test(plain)) return undefined;
  const parts = plain.split('/');
  const isGood = (part: string) => part !== '' && part !== '.' && part !== '..' && !/[. ]$/.test(part);
  return parts.every(isGood) ? plain : undefined;
}

/** Two names that some file systems take for one. */
export function foldedName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}
