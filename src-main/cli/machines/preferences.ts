// `preferences`: what holds for the whole application, shown and changed.

import { preferences as schema } from '../../../shared/rpc/app-contract.ts';
import { parseJson } from '../../../shared/units/parse-json.ts';
import { UsageError } from '../usage-error.ts';
import type { MachineVerb } from './verb.ts';

/** Kept by the window for itself. */
const WINDOW_ONLY = ['window', 'collapsedGroups', 'keyCombinations'];
const KEYS = Object.keys(schema.shape).filter((key) => !WINDOW_ONLY.includes(key));

export const preferences: MachineVerb = {
  name: 'preferences',
  help: 'show the preferences, or change some: machineFolder=/data/machines',
  words: ['[key=value...]'],
  details: [`Keys: ${KEYS.join(', ')}. machineFolder=null puts new machines into Boxwright’s own folder again.`],
  calls: ['app.preferences', 'app.setPreferences'],
  service: false,
  async run({ client, words, print }) {
    const after = words.length === 0 ? await client.call('app.preferences') : await client.call('app.setPreferences', patchOf(words));
    print(after, KEYS.map((key) => `${key.padEnd(17)} ${String(after[key] ?? '(default)')}`));
  },
};

function patchOf(pairs: readonly string[]) {
  const patch = Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', ...rest] = pair.split('=');
      if (rest.length === 0) throw new UsageError(`${pair}: expected KEY=VALUE, as in closeAction=save`);
      if (!KEYS.includes(key)) throw new UsageError(`${key}: there is no such preference; they are ${KEYS.join(', ')}`);
      const text = rest.join('=');
      const value = parseJson(text);
      return [key, value === undefined ? text : value];
    }),
  );
  const parsed = schema.partial().safeParse(patch);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UsageError(`${issue?.path.join('.')}: ${issue?.message}`);
}
