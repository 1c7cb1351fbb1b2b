// The tools above a console's screen; in full screen the same, sliding in at the upper edge.

import {
  AppWindow,
  Camera,
  ClipboardType,
  Copy,
  Expand,
  MousePointerClick,
  Scaling as ScalingIcon,
  Shrink,
  SquareTerminal,
  TextSelect,
} from 'lucide-react';
import type { RefObject } from 'react';
import { Toolbar } from 'react-aria-components';
import { IconButton, IconToggle } from '../../components/button.tsx';
import { Choice } from '../../components/choice.tsx';
import { MenuButton, MenuItem } from '../../components/menu.tsx';
import { t } from '../../i18n/strings.ts';
import type { Scaling } from './scaling.ts';
import { SendKeysMenu } from './send-keys-menu.tsx';

export interface ConsoleToolsProps {
  readonly name: string;
  /** Where the focus goes when the host key frees the keyboard. */
  readonly focusTarget: RefObject<HTMLButtonElement | null>;
  readonly isFull: boolean;
  readonly isShown: boolean;
  readonly scaling: Scaling;
  readonly onScaling: (scaling: Scaling) => void;
  readonly isSelecting: boolean;
  readonly onSelecting: (selecting: boolean) => void;
  readonly isSerialShown: boolean;
  readonly onSerial: (shown: boolean) => void;
  readonly onSend: (keys: readonly string[]) => void;
  readonly onEditKeys: () => void;
  readonly onType: () => void;
  readonly onCopy: () => void;
  readonly onScreenshot: (to: 'file' | 'clipboard') => void;
  readonly onPointer: () => void;
  readonly onFullScreen: () => void;
  /** undefined: it is in a window of its own already. */
  readonly onOwnWindow: (() => void) | undefined;
}

export function ConsoleTools(props: ConsoleToolsProps) {
  const { isFull, isShown } = props;
  return (
    <Toolbar className="console-tools" aria-label={t.console.toolbar} data-shown={isShown || undefined}>
      {isFull && <bdi className="mini-name">{props.name}</bdi>}
      <SendKeysMenu ref={props.focusTarget} onSend={props.onSend} onEdit={props.onEditKeys} />
      <IconButton icon={ClipboardType} label={t.console.typeClipboard} onPress={props.onType} />
      <IconButton icon={MousePointerClick} label={t.console.capturePointer} onPress={props.onPointer} />
      <span className="divider" aria-hidden />
      <IconToggle
        icon={TextSelect}
        label={t.console.selectText}
        isSelected={props.isSelecting}
        onChange={props.onSelecting}
      />
      <IconButton icon={Copy} label={t.console.copyText} onPress={props.onCopy} />
      <MenuButton icon={Camera} label={t.console.screenshot}>
        <MenuItem onAction={() => props.onScreenshot('file')}>{t.console.saveScreenshot}</MenuItem>
        <MenuItem onAction={() => props.onScreenshot('clipboard')}>{t.console.copyScreenshot}</MenuItem>
      </MenuButton>
      <IconToggle
        icon={SquareTerminal}
        label={t.console.serial}
        isSelected={props.isSerialShown}
        onChange={props.onSerial}
      />
      <span className="spring" aria-hidden />
      <Choice
        label={t.console.scaling}
        icon={<ScalingIcon aria-hidden />}
        value={props.scaling}
        options={t.console.scalings}
        onChange={props.onScaling}
      />
      {props.onOwnWindow && !isFull && (
        <IconButton icon={AppWindow} label={t.console.ownWindow} onPress={props.onOwnWindow} />
      )}
      <IconButton
        icon={isFull ? Shrink : Expand}
        label={isFull ? t.console.leaveFullScreen : t.console.fullScreen}
        onPress={props.onFullScreen}
      />
    </Toolbar>
  );
}
