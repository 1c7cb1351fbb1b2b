// Form fields with a label, a hint and messages about their value.

import { CircleAlert, Search, TriangleAlert, X } from 'lucide-react';
import {
  SearchField as AriaSearchField,
  TextField as AriaTextField,
  Button,
  Input,
  Label,
  Text,
} from 'react-aria-components';
import type { ConfigIssue } from '../../shared/machine/validate.ts';
import { type Phrase, textOf } from '../../shared/units/phrase.ts';
import { said } from '../i18n/strings.ts';

type Message = Pick<ConfigIssue, 'severity' | 'message'> & Partial<Pick<ConfigIssue, 'phrase'>> & { readonly fix?: OfferedFix | undefined };

/** What puts an issue right, by one press. */
export interface OfferedFix {
  readonly label: Phrase;
  apply(): void;
}

/** An issue, with what is offered against it. */
export type OpenIssue = ConfigIssue & { readonly fix?: OfferedFix | undefined };

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly hint?: string;
  readonly placeholder?: string;
  readonly messages?: readonly Message[];
  readonly autoFocus?: boolean;
  readonly isMonospaced?: boolean;
  readonly maxLength?: number;
  /** The id of a <datalist> with suggestions. */
  readonly list?: string;
}

export function TextField({
  label,
  list,
  hint,
  placeholder,
  messages = [],
  isMonospaced,
  ...rest
}: TextFieldProps) {
  return (
    <AriaTextField {...rest} className="field" isInvalid={messages.some(isError)} autoComplete="off">
      <Label>{label}</Label>
      <Input
        className={isMonospaced ? 'input monospaced' : 'input'}
        spellCheck={false}
        {...(list ? { list } : {})}
        {...(placeholder ? { placeholder } : {})}
      />
      {hint && messages.length === 0 && (
        <Text slot="description" className="hint">
          {hint}
        </Text>
      )}
      {messages.length > 0 && (
        <Text slot="description" className="messages">
          <FieldMessages messages={messages} />
        </Text>
      )}
    </AriaTextField>
  );
}

export function FieldMessages({ messages }: { readonly messages: readonly Message[] }) {
  return messages.map(({ severity, message, phrase, fix }) => (
    <span key={message} className="field-message" data-severity={severity}>
      {severity === 'error' ? <CircleAlert aria-hidden /> : <TriangleAlert aria-hidden />}
      <span>{said({ message, phrase })}</span>
      {fix && (
        <Button className="fix" onPress={() => fix.apply()}>
          {said({ message: textOf(fix.label), phrase: fix.label })}
        </Button>
      )}
    </span>
  ));
}

function isError({ severity }: Message): boolean {
  return severity === 'error';
}

interface SearchFieldProps {
  readonly label: string;
  readonly clearLabel: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function SearchField({ label, clearLabel, value, onChange }: SearchFieldProps) {
  return (
    <AriaSearchField aria-label={label} value={value} onChange={onChange} className="search">
      <Search aria-hidden />
      <Input className="input" placeholder={label} />
      {value !== '' && (
        <Button className="button icon-only" data-kind="quiet" aria-label={clearLabel}>
          <X aria-hidden />
        </Button>
      )}
    </AriaSearchField>
  );
}

interface TickProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}

export function Tick({ label, hint, value, onChange }: TickProps) {
  return (
    <label className="inline-check">
      <input type="checkbox" checked={value} onChange={({ target }) => onChange(target.checked)} />
      <span>
        {label}
        {hint && <span className="hint"> {hint}</span>}
      </span>
    </label>
  );
}
