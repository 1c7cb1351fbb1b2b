// A time limit for an answer from another process.

import { FailureError } from '../../shared/rpc/failure.ts';

export async function within<T>(answer: Promise<T>, limitMs: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new FailureError('rpc.timeout', message)), limitMs);
  });
  try {
    return await Promise.race([answer, expired]);
  } finally {
    clearTimeout(timer);
  }
}
