// A folder of this computer: its path, and the dialog that chooses another.

import { FolderOpen } from 'lucide-react';
import { t } from '../i18n/strings.ts';
import { pickFile } from '../state/files.ts';
import { notifyFailure } from '../state/notices.ts';
import { Button } from './button.tsx';

interface FolderFieldProps {
  /** Of the button. */
  readonly id?: string;
  readonly note?: string;
  readonly label: string;
  readonly path: string;
  readonly onChange: (path: string) => void;
}

export function FolderField({ id, note, label, path, onChange }: FolderFieldProps) {
  const choose = async () => {
    try {
      const chosen = await pickFile('folder', path);
      if (chosen !== null) onChange(chosen);
    } catch (error) {
      notifyFailure(error);
    }
  };
  return (
    <div className="file-choice">
      <output className="input monospaced" title={path}>
        <bdi>{path}</bdi>
      </output>
      <Button icon={FolderOpen} label={t.create.chooseFor(label)} onPress={() => void choose()} {...(id ? { id } : {})} {...(note ? { note } : {})}>
        {t.create.choose}
      </Button>
    </div>
  );
}
