// Starts the frame worker. The page's policy lets scripts be loaded only through a trusted types policy; this one
// knows a single address.

import workerAddress from './frame-worker.ts?worker&url';

interface Policy {
  createScriptURL(address: string): string;
}
interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

const rules: Policy = {
  createScriptURL(address) {
    if (address !== workerAddress) throw new TypeError('Not a script of this window.');
    return address;
  },
};
const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
const policy = factory ? factory.createPolicy('boxwright-workers', rules) : rules;

export function startFrameWorker(): Worker {
  return new Worker(policy.createScriptURL(workerAddress), { type: 'module' });
}
