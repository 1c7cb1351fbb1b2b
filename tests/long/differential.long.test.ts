// Random programs for minutes, from a seed that differs each time; it is printed, and BOXWRIGHT_SEED sets it.
// What it compares: `tests/cpu/differential/differential.test.ts`.

import { expect, it } from 'vitest';
import { type Campaign, runCampaign } from '../cpu/differential/campaign.ts';
import { evaluatorPlayer, interpreterPlayer, jitPlayer, keptCodePlayers, oraclePlayer } from '../cpu/differential/players.ts';
import { SCENES } from '../cpu/differential/scene.ts';

const MILLISECONDS = 120_000;
const firstSeed = Number(process.env['BOXWRIGHT_SEED'] ?? Date.now() % 1_000_000_000);
const COMMON = { firstSeed, programs: Number.POSITIVE_INFINITY, milliseconds: MILLISECONDS, maxFailures: 5 };

function agree(name: string, campaign: Omit<Campaign, keyof typeof COMMON>): void {
  it(`${name}, from seed ${firstSeed}`, { timeout: 5 * MILLISECONDS }, () => {
    const { programs, failures } = runCampaign({ ...COMMON, ...campaign });
    console.info(`${name}: ${programs} programs from seed ${firstSeed}`);
    expect(failures.join('\n\n')).toBe('');
    expect(programs).toBeGreaterThan(0);
  });
}

agree('oracle and interpreter', {
  players: [oraclePlayer(), interpreterPlayer()],
  scenes: SCENES.filter((scene) => scene.oracle),
  vectors: false,
});
agree('interpreter and regions compiled at once', {
  players: [interpreterPlayer(), jitPlayer(1)],
  scenes: SCENES,
  vectors: true,
});
agree('interpreter and regions compiled later', {
  players: [interpreterPlayer(), jitPlayer(3)],
  scenes: SCENES,
  vectors: true,
});
agree('handlers and their evaluated IR', {
  players: [interpreterPlayer(), evaluatorPlayer('interp')],
  scenes: SCENES,
  vectors: true,
});
agree('regions and their evaluated IR', {
  players: [jitPlayer(1), evaluatorPlayer('jit')],
  scenes: SCENES,
  vectors: true,
});
agree('regions and those that another machine finds by its code', {
  players: keptCodePlayers().players,
  scenes: SCENES,
  vectors: true,
});
