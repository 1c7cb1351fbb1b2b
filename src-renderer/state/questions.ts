// What is asked before a machine loses something; the machine's page shows the question.

import { create } from 'zustand';

export type AskedAction = 'reset' | 'powerOff' | 'discard' | 'delete';

export const useQuestion = create<{ readonly asked: { readonly id: string; readonly action: AskedAction } | null }>(() => ({ asked: null }));

export function askFirst(id: string, action: AskedAction): void {
  useQuestion.setState({ asked: { id, action } });
}

export function questionAnswered(): void {
  useQuestion.setState({ asked: null });
}
