// Buttons: with a text, or as an icon with its name in a tooltip.

import type { LucideIcon } from 'lucide-react';
import type { ReactNode, Ref } from 'react';
import {
  Button as AriaButton,
  OverlayArrow,
  ToggleButton,
  Tooltip,
  TooltipTrigger,
} from 'react-aria-components';

export interface ButtonProps {
  readonly id?: string;
  /** The id of what says more. */
  readonly note?: string;
  readonly icon?: LucideIcon;
  readonly children: ReactNode;
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  /** Said in a tooltip. */
  readonly hint?: string;
  readonly isDisabled?: boolean;
  readonly isPending?: boolean;
  readonly autoFocus?: boolean;
  readonly type?: 'button' | 'submit';
  readonly slot?: string;
  readonly label?: string;
  readonly ref?: Ref<HTMLButtonElement>;
  readonly onPress?: () => void;
}

export function Button({
  icon: Icon,
  children,
  kind = 'plain',
  hint,
  label,
  note,
  onPress,
  ref,
  ...rest
}: ButtonProps) {
  const button = (
    <AriaButton
      {...rest}
      {...(ref ? { ref } : {})}
      {...(label ? { 'aria-label': label } : {})}
      {...(note ? { 'aria-describedby': note } : {})}
      {...(onPress ? { onPress: () => onPress() } : {})}
      className="button"
      data-kind={kind}
    >
      {Icon && <Icon aria-hidden />}
      <span>{children}</span>
    </AriaButton>
  );
  return hint ? <WithTooltip text={hint}>{button}</WithTooltip> : button;
}

interface IconButtonProps {
  readonly icon: LucideIcon;
  readonly label: string;
  /** The id of what says more: why it is disabled. */
  readonly note?: string;
  readonly kind?: 'plain' | 'quiet' | 'danger';
  readonly isDisabled?: boolean;
  readonly slot?: string;
  readonly onPress?: () => void;
  readonly ref?: Ref<HTMLButtonElement>;
}

export function IconButton({ icon: Icon, label, note, kind = 'quiet', onPress, ref, ...rest }: IconButtonProps) {
  return (
    <WithTooltip text={label}>
      <AriaButton
        {...rest}
        {...(ref ? { ref } : {})}
        {...(onPress ? { onPress: () => onPress() } : {})}
        aria-label={label}
        {...(note ? { 'aria-describedby': note } : {})}
        className="button icon-only"
        data-kind={kind}
      >
        <Icon aria-hidden />
      </AriaButton>
    </WithTooltip>
  );
}

interface IconToggleProps {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly isSelected: boolean;
  readonly isDisabled?: boolean;
  readonly onChange: (selected: boolean) => void;
}

export function IconToggle({ icon: Icon, label, ...rest }: IconToggleProps) {
  return (
    <WithTooltip text={label}>
      <ToggleButton {...rest} aria-label={label} className="button icon-only" data-kind="quiet">
        <Icon aria-hidden />
      </ToggleButton>
    </WithTooltip>
  );
}

export function WithTooltip({ text, children }: { readonly text: string; readonly children: ReactNode }) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      {children}
      <Tooltip className="tooltip" offset={6}>
        <OverlayArrow className="tooltip-arrow" />
        {text}
      </Tooltip>
    </TooltipTrigger>
  );
}
