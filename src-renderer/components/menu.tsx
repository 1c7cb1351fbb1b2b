// A button with a menu, and what stands in menus.

import { ChevronDown, ChevronRight, type LucideIcon } from 'lucide-react';
import type { ReactNode, Ref } from 'react';
import {
  Button as AriaButton,
  Header,
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
  SubmenuTrigger,
} from 'react-aria-components';
import { WithTooltip } from './button.tsx';

interface MenuButtonProps {
  readonly label: string;
  readonly icon?: LucideIcon;
  /** Shown beside the icon; without it the label is a tooltip. */
  readonly text?: ReactNode;
  readonly hint?: string;
  readonly className?: string;
  readonly ref?: Ref<HTMLButtonElement>;
  readonly children: ReactNode;
}

export function MenuButton({ label, icon: Icon, text, hint, className, ref, children }: MenuButtonProps) {
  const button = (
    <AriaButton
      {...(ref ? { ref } : {})}
      aria-label={label}
      className={className ?? (text === undefined ? 'button icon-only' : 'button')}
      data-kind="quiet"
    >
      {Icon && <Icon aria-hidden />}
      {text !== undefined && <span>{text}</span>}
      {className === undefined && text !== undefined && <ChevronDown aria-hidden />}
    </AriaButton>
  );
  return (
    <MenuTrigger>
      {hint !== undefined || text === undefined ? <WithTooltip text={hint ?? label}>{button}</WithTooltip> : button}
      <Popover className="popover" offset={4}>
        <AriaMenu className="menu" aria-label={label}>
          {children}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

interface MenuItemProps {
  readonly icon?: LucideIcon;
  readonly isDisabled?: boolean;
  readonly children: string;
  readonly onAction: () => void;
}

export function MenuItem({ icon: Icon, children, ...rest }: MenuItemProps) {
  return (
    <AriaMenuItem {...rest} className="menu-item" textValue={children}>
      {Icon ? <Icon aria-hidden /> : <span />}
      <span>{children}</span>
    </AriaMenuItem>
  );
}

export function Submenu({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <SubmenuTrigger>
      <AriaMenuItem className="menu-item" textValue={label}>
        <span />
        <span>{label}</span>
        <ChevronRight aria-hidden />
      </AriaMenuItem>
      <Popover className="popover" offset={-2} crossOffset={-4}>
        <AriaMenu className="menu" aria-label={label}>
          {children}
        </AriaMenu>
      </Popover>
    </SubmenuTrigger>
  );
}

export function MenuGroup({ title, children }: { readonly title?: string; readonly children: ReactNode }) {
  return (
    <MenuSection className="menu-group">
      {title !== undefined && <Header className="menu-header">{title}</Header>}
      {children}
    </MenuSection>
  );
}
