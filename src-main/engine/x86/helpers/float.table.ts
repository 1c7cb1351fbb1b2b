// Declarations of the floating-point helpers: x87 and the SSE operations that need software arithmetic.

import type { HelperDeclaration } from './declarations.ts';

export const FLOAT_HELPERS = {} as const satisfies Record<string, HelperDeclaration>;
