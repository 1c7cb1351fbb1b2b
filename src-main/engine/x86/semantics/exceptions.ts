// Exception vectors that semantics raise themselves. Reference: Intel SDM vol. 3A, table 6-1.

export const DIVIDE_ERROR = 0;
export const BOUND_EXCEEDED = 5;
export const INVALID_OPCODE = 6;
export const GENERAL_PROTECTION = 13;
