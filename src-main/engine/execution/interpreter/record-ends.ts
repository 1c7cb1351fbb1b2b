// How an instruction's record ends: what its semantics ask for, whether they are a function of their own, whose result the
// dispatch loop looks at, or stand in that loop.

import type { FunctionBuilder, IrValue } from '../../ir/types.ts';
import { LEAVE, LOOKUP, RECORD_SIZE } from './record.ts';

export interface RecordEnds {
  /** The block's next record follows. */
  following(): void;
  /** Control goes to a header record. */
  linked(header: IrValue): void;
  /** Control goes to rip, which is to be looked up. */
  lookup(): void;
  /** Back to the run loop, for the exit reason that has been stored. */
  leave(): void;
}

/** Of a handler that is a function: the next record, `LOOKUP` or `LEAVE`. */
export function returnedEnds(f: FunctionBuilder, record: IrValue): RecordEnds {
  const result = (value: number): void => f.return(f.constant('i32', value));
  return {
    following: () => f.return(f.op('i32.add', record, f.constant('i32', RECORD_SIZE))),
    linked: (header) => f.return(header),
    lookup: () => result(LOOKUP),
    leave: () => result(LEAVE),
  };
}
