// The question before a machine loses something. It stands outside the machine's page, whose tabs draw their content
// twice: once to know it.

import { isAllowed } from '../../../shared/machine/lifecycle.ts';
import { Confirm } from '../../components/dialog.tsx';
import { t } from '../../i18n/strings.ts';
import { nameOf, useMachine } from '../../state/app-store.ts';
import { perform } from '../../state/machine-actions.ts';
import { type AskedAction, questionAnswered, useQuestion } from '../../state/questions.ts';

const QUESTIONS: Readonly<Record<AskedAction, { title: (name: string) => string; text: string; action: string }>> = {
  reset: { title: t.machine.confirmReset, text: t.machine.confirmResetText, action: t.machine.reset },
  powerOff: {
    title: t.machine.confirmPowerOff,
    text: t.machine.confirmPowerOffText,
    action: t.machine.powerOff,
  },
  discard: { title: t.machine.confirmDiscard, text: t.machine.confirmDiscardText, action: t.machine.discard },
  delete: { title: t.machine.confirmDelete, text: t.machine.confirmDeleteText, action: t.machine.delete },
};

export function MachineQuestion() {
  const asked = useQuestion((state) => state.asked);
  const machine = useMachine(asked?.id ?? null);
  if (!asked || machine?.kind !== 'machine' || !isAllowed(asked.action, machine.state)) return null;
  const { id, action } = asked;
  const question = QUESTIONS[action];
  return (
    <Confirm
      title={question.title(nameOf(machine))}
      text={question.text}
      action={question.action}
      onAnswer={(confirmed) => {
        questionAnswered();
        if (confirmed) void perform(id, action);
      }}
    />
  );
}
