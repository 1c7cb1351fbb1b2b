// A choice of a few words: the browser's own control, which every system makes accessible.

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
