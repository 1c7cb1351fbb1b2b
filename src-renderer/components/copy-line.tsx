// A line of code with a button that copies it.

import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from './button.tsx';

interface CopyLineProps {
  readonly text: string;
  readonly label: string;
  readonly copyLabel: string;
  readonly copiedLabel: string;
}

const SHOWN_MS = 2000;

export function CopyLine({ text, label, copyLabel, copiedLabel }: CopyLineProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => void navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <figure className="copy-line">
      <figcaption>{label}</figcaption>
      <code>{text}</code>
      <IconButton icon={copied ? Check : Copy} label={copied ? copiedLabel : copyLabel} onPress={copy} />
    </figure>
  );
}
