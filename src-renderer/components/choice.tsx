// A choice of a few words: the browser's own control, which every system makes accessible; small in a bar, plain, and
// with its label above it.

import { type ReactNode, useId } from 'react';

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly icon?: ReactNode;
  readonly value: T;
  readonly options: Readonly<Record<T, string>>;
  readonly onChange: (value: T) => void;
}

export function Choice<T extends string>({ label, icon, value, options, onChange }: ChoiceProps<T>) {
  const id = useId();
  return (
    <span className="choice">
      {icon}
      <label htmlFor={id} className="visually-hidden">
        {label}
      </label>
      <select id={id} title={label} value={value} onChange={(event) => onChange(event.target.value as T)}>
        {Object.entries<string>(options).map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </span>
  );
}

interface SelectProps<T extends string> {
  readonly id?: string;
  readonly note?: string;
  readonly label?: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly isDisabled?: boolean;
  readonly onChange: (value: T) => void;
}

export function Select<T extends string>({ id, note, label, value, options, isDisabled, onChange }: SelectProps<T>) {
  return (
    <select
      id={id}
      className="input"
      aria-label={label}
      aria-describedby={note}
      value={value}
      disabled={isDisabled}
      onChange={(event) => {
        const chosen = options.find(([key]) => key === event.target.value);
        if (chosen) onChange(chosen[0]);
      }}
    >
      {options.map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </select>
  );
}

interface SelectFieldProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onChange: (value: T) => void;
}

export function SelectField<T extends string>({ label, ...rest }: SelectFieldProps<T>) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among its children
    <label className="field">
      <span className="label">{label}</span>
      <Select {...rest} />
    </label>
  );
}
