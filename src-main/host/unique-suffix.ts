// What tells the names of files apart that several processes and threads make in one folder. Not a secret, and no
// reason to load cryptography, which takes longer than most image commands do.

export function uniqueSuffix(): string {
  return Math.random().toString(36).slice(2, 12).padEnd(10, '0');
}
