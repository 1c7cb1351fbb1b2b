// Stands where the engine's runner will be: every start fails with a plain sentence.

import { FailureError } from '../../shared/rpc/failure.ts';
import type { CreateMachineRunner } from './machine-runner.ts';

export const createMachineRunner: CreateMachineRunner = () => {
  throw new FailureError(
    'machine.unsupported',
    'This build of Boxwright has no engine to run machines with.',
  );
};
