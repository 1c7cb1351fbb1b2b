// One row of the settings: its name, its control, what is wrong with it, and the way back to the default.

import { RotateCcw } from 'lucide-react';
import { type ReactNode, useEffect, useId } from 'react';
import { IconButton } from './button.tsx';
import { FieldMessages, type OpenIssue } from './fields.tsx';
import { t } from '../i18n/strings.ts';
import { rowShown, usePlace } from '../state/navigation.ts';

interface SettingProps {
  /** What `goToRow` calls it. */
  readonly row: string;
  readonly label: string;
  readonly hint?: string | undefined;
  readonly issues?: readonly OpenIssue[];
  /** Undefined: it has none. */
  readonly isDefault?: boolean;
  /** When it can be changed, where that is not now. */
  readonly chip?: string | undefined;
  readonly onReset?: () => void;
  readonly children: (ids: { readonly control: string; readonly note: string }) => ReactNode;
}

export function Setting({ row, label, hint, issues = [], isDefault, chip, onReset, children }: SettingProps) {
  const control = useId();
  const note = useId();
  const isWanted = usePlace((place) => place.row === row);
  useEffect(() => {
    if (!isWanted) return;
    const element = document.getElementById(control);
    element?.scrollIntoView({ block: 'center' });
    element?.focus();
    rowShown();
  }, [isWanted, control]);
  return (
    <div className="setting" data-changed={isDefault === false || undefined}>
      <label htmlFor={control}>{label}</label>
      <div className="setting-control">{children({ control, note })}</div>
      <div className="setting-reset">
        {isDefault === false && onReset && (
          <IconButton icon={RotateCcw} label={t.settings.reset(label)} onPress={onReset} />
        )}
      </div>
      <div id={note} className="setting-note messages" aria-live="polite">
        {chip && <span className="chip">{chip}</span>}
        <FieldMessages messages={issues} />
        {hint && issues.length === 0 && <span className="hint">{hint}</span>}
      </div>
    </div>
  );
}
