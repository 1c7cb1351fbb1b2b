// A box of lines that scrolls: named, reachable by keyboard (hence its tabIndex), and following its end while the user is there.

import { type ReactNode, useLayoutEffect, useRef } from 'react';

interface ScrollBoxProps {
  readonly label: string;
  readonly className: string;
  readonly role?: 'region' | 'log';
  readonly children: ReactNode;
}

const NEAR_END = 24;

export function ScrollBox({ label, className, role = 'region', children }: ScrollBoxProps) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what it follows
  useLayoutEffect(() => {
    if (box.current && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [children]);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles take names
    <div
      ref={box}
      className={`scroll-box ${className}`}
      role={role}
      aria-label={label}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        atEnd.current = scrollHeight - clientHeight - scrollTop < NEAR_END;
      }}
    >
      {children}
    </div>
  );
}
