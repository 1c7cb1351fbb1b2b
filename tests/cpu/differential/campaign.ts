// Many random programs one after the other, and what came of them.

import { compare, report, shrink } from './compare.ts';
import { type GeneratorOptions, generate } from './generate.ts';
import type { Player } from './play.ts';

export interface Campaign extends GeneratorOptions {
  readonly players: readonly [Player, Player];
  readonly firstSeed: number;
  /** It ends after so many programs, so much time or so many failures. */
  readonly programs: number;
  readonly milliseconds: number;
  readonly maxFailures: number;
}

export interface CampaignResult {
  readonly programs: number;
  readonly failures: readonly string[];
}

export function runCampaign(campaign: Campaign): CampaignResult {
  const { players, firstSeed } = campaign;
  const end = Date.now() + campaign.milliseconds;
  const failures: string[] = [];
  let programs = 0;
  while (programs < campaign.programs && Date.now() < end && failures.length < campaign.maxFailures) {
    const found = compare(players, generate(firstSeed + programs, campaign));
    if (found !== undefined) failures.push(report(shrink(players, found)));
    programs++;
  }
  return { programs, failures };
}
