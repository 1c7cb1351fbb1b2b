// The tools above a console's screen.

import {
  Copy,
  Expand,
  Keyboard,
  MousePointerClick,
  Scaling as ScalingIcon,
  SquareTerminal,
  TextSelect,
} from 'lucide-react';
import type { RefObject } from 'react';
import { Toolbar } from 'react-aria-components';
import { Button, IconButton, IconToggle } from '../../components/button.tsx';
import { Choice } from '../../components/choice.tsx';
import { t } from '../../i18n/strings.ts';
import type { Scaling } from './scaling.ts';

interface ConsoleToolsProps {
  /** Where the focus goes when the host key frees the keyboard. */
  readonly focusTarget: RefObject<HTMLButtonElement | null>;
  readonly scaling: Scaling;
  readonly onScaling: (scaling: Scaling) => void;
  readonly isSelecting: boolean;
  readonly onSelecting: (selecting: boolean) => void;
  readonly isSerialShown: boolean;
  readonly onSerial: (shown: boolean) => void;
  readonly onCtrlAltDel: () => void;
  readonly onCopy: () => void;
  readonly onPointer: () => void;
  readonly onFullScreen: () => void;
}

export function ConsoleTools(props: ConsoleToolsProps) {
  return (
    <Toolbar className="console-tools" aria-label={t.console.toolbar}>
      <Button
        ref={props.focusTarget}
        icon={Keyboard}
        kind="quiet"
        hint={t.console.sendCtrlAltDel}
        onPress={props.onCtrlAltDel}
      >
        {t.console.ctrlAltDel}
      </Button>
      <IconButton icon={MousePointerClick} label={t.console.capturePointer} onPress={props.onPointer} />
      <span className="divider" aria-hidden />
      <IconToggle
        icon={TextSelect}
        label={t.console.selectText}
        isSelected={props.isSelecting}
        onChange={props.onSelecting}
      />
      <IconButton icon={Copy} label={t.console.copyText} onPress={props.onCopy} />
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
      <IconButton icon={Expand} label={t.console.fullScreen} onPress={props.onFullScreen} />
    </Toolbar>
  );
}
