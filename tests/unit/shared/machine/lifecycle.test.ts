// The table of states: that it hangs together, and the transitions that users meet.

import { describe, expect, it } from 'vitest';
import {
  ALLOWED_IN,
  canBecome,
  hasProcess,
  isAllowed,
  MACHINE_ACTIONS,
  MACHINE_STATES,
  type MachineState,
  TRANSITIONS,
} from '../../../../shared/machine/lifecycle.ts';

describe('the lifecycle', () => {
  it('reaches every state from off, and off from every state', () => {
    const reached = (from: MachineState) => {
      const seen = new Set<MachineState>([from]);
      for (const state of seen) for (const next of TRANSITIONS[state]) seen.add(next);
      return seen;
    };
    expect(reached('off')).toEqual(new Set(MACHINE_STATES));
    for (const state of MACHINE_STATES) expect(reached(state)).toContain('off');
  });

  it('lets every state with a process crash', () => {
    for (const state of MACHINE_STATES) expect(canBecome(state, 'crashed')).toBe(hasProcess(state));
  });

  it('allows each action somewhere, and start wherever nothing runs', () => {
    for (const action of MACHINE_ACTIONS) expect(ALLOWED_IN[action].length).toBeGreaterThan(0);
    for (const state of MACHINE_STATES)
      expect(isAllowed('start', state)).toBe(!hasProcess(state));
  });

  it('edits and deletes nothing that runs', () => {
    for (const state of MACHINE_STATES.filter(hasProcess)) {
      expect(isAllowed('edit', state)).toBe(false);
      expect(isAllowed('delete', state)).toBe(false);
    }
  });
});
