// The states of a machine and the one table of what is legal in each. Buttons, services and the machine process
// all read this table; nobody compares states by hand.

export const MACHINE_STATES = [
  'off',
  'starting',
  'running',
  'pausing',
  'paused',
  'saving',
  'saved',
  'restoring',
  'stopping',
  'crashed',
] as const;
export type MachineState = (typeof MACHINE_STATES)[number];

/** Which state may follow which. A process that dies leads to `crashed` from every state that has one. */
export const TRANSITIONS: Readonly<Record<MachineState, readonly MachineState[]>> = {
  off: ['starting', 'saved'],
  starting: ['running', 'stopping', 'off', 'crashed'],
  running: ['pausing', 'paused', 'saving', 'stopping', 'off', 'crashed'],
  pausing: ['paused', 'running', 'stopping', 'off', 'crashed'],
  paused: ['running', 'saving', 'stopping', 'off', 'crashed'],
  saving: ['stopping', 'paused', 'running', 'off', 'crashed'],
  saved: ['restoring', 'off'],
  restoring: ['running', 'paused', 'stopping', 'off', 'crashed'],
  stopping: ['off', 'crashed'],
  crashed: ['starting', 'saved', 'off'],
};

export const MACHINE_ACTIONS = [
  'start',
  'pause',
  'resume',
  'reset',
  'powerButton',
  'powerOff',
  'save',
  'discard',
  'openConsole',
  'edit',
  'changeMedium',
  'delete',
] as const;
export type MachineAction = (typeof MACHINE_ACTIONS)[number];

/** In which states the user may ask for what. */
export const ALLOWED_IN: Readonly<Record<MachineAction, readonly MachineState[]>> = {
  start: ['off', 'saved', 'crashed'],
  pause: ['running'],
  resume: ['paused'],
  reset: ['running', 'paused'],
  powerButton: ['running'],
  powerOff: ['starting', 'running', 'pausing', 'paused', 'restoring'],
  /** Keeps its state for the next start, and ends it. */
  save: ['running', 'paused'],
  /** Forgets that state. */
  discard: ['saved'],
  openConsole: ['starting', 'running', 'pausing', 'paused', 'saving', 'restoring', 'stopping'],
  edit: ['off', 'crashed'],
  /** A saved state was made with the media that are in the drives. */
  changeMedium: ['off', 'running', 'paused', 'crashed'],
  delete: ['off', 'saved', 'crashed'],
};

export function isAllowed(action: MachineAction, state: MachineState): boolean {
  return ALLOWED_IN[action].includes(state);
}

export function canBecome(from: MachineState, to: MachineState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** Whether a process stands behind the machine in this state. */
export function hasProcess(state: MachineState): boolean {
  return state !== 'off' && state !== 'saved' && state !== 'crashed';
}
