// Which commands a few typed letters mean: all words must occur, those at the beginning of a title come first.

interface Titled {
  readonly title: string;
  readonly group: string;
  readonly english?: Titled | undefined;
}

export function matching<T extends Titled>(commands: readonly T[], typed: string): T[] {
  const words = typed.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return commands
    .map((command) => ({ command, rank: Math.min(rankOf(command, words), command.english ? rankOf(command.english, words) : NONE) }))
    .filter(({ rank }) => rank < NONE)
    .sort((a, b) => a.rank - b.rank)
    .map(({ command }) => command);
}

const NONE = 3;

/** 0: the title begins so; 1: all in the title; 2: the group helps; 3: not meant. */
function rankOf({ title, group }: Titled, words: readonly string[]): number {
  const own = title.toLocaleLowerCase();
  if (words[0] !== undefined && own.startsWith(words[0]) && words.every((word) => own.includes(word))) return 0;
  if (words.every((word) => own.includes(word))) return 1;
  const all = `${own} ${group.toLocaleLowerCase()}`;
  return words.every((word) => all.includes(word)) ? 2 : NONE;
}
