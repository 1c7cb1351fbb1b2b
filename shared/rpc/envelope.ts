// The messages that `connect` and `serve` exchange over a Channel.

import { z } from 'zod';
import { rpcFailure } from './failure.ts';

const callId = z.number().int().nonnegative();
const name = z.string().min(1).max(64);

export const callMessage = z.object({
  type: z.literal('call'),
  id: callId,
  name,
  input: z.unknown().optional(),
});

export const answerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('done'), id: callId, output: z.unknown().optional() }),
  z.object({ type: z.literal('failed'), id: callId, failure: rpcFailure }),
  z.object({ type: z.literal('event'), name, payload: z.unknown().optional() }),
]);
export type AnswerMessage = z.infer<typeof answerMessage>;
