// The dictionary of this window's language: the one chosen in the preferences, else the browser's. A language is added
// as one file of the same shape as en.ts.

import { type Phrase, textOf } from '../../shared/units/phrase.ts';
import { en } from './en.ts';
import { zhCn } from './zh-cn.ts';

export type Strings = typeof en;

const DICTIONARIES: Readonly<Record<'en' | 'zh-CN', Strings>> = { en, 'zh-CN': zhCn };
type Language = keyof typeof DICTIONARIES;

/** Texts are read when modules load, before the preferences are known: the window remembers the choice. */
const REMEMBERED = 'boxwright.language';

export const language: Language = languageOf(sessionStorage.getItem(REMEMBERED) ?? 'system');
export const t: Strings = DICTIONARIES[language];
document.documentElement.lang = language;

/** A name or a reason of the table of guest systems, in this language. */
export function guestText(words: string): string {
  return t.guests[words] ?? words;
}

/** What the services said, in this language; as they said it where the catalogue lacks it. */
export function said({ message, phrase = { words: message, values: [] } }: { readonly message: string; readonly phrase?: Phrase | undefined }): string {
  return textOf(phrase, (words) => t.sentences[words] ?? words);
}

/** A choice of another language than the window has takes effect by loading it again. */
export function followLanguage(chosen: 'system' | Language): void {
  sessionStorage.setItem(REMEMBERED, chosen);
  if (languageOf(chosen) !== language) location.reload();
}

function languageOf(chosen: string): Language {
  const wanted = chosen === 'system' ? navigator.language : chosen;
  return wanted.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en';
}
