// What a look at a file came to, before its path and size are added.

import type { FileReport } from '../../shared/rpc/app-contract.ts';

export type Finding = Pick<FileReport, 'kind'> & Partial<Omit<FileReport, 'kind' | 'path' | 'sizeBytes'>>;
