// Where a new machine's own folder is made, as a row of a form.

import { useId } from 'react';
import { t } from '../i18n/strings.ts';
import { FolderField } from './folder-field.tsx';

interface PlaceFieldProps {
  readonly path: string;
  readonly onChange: (path: string) => void;
}

export function PlaceField({ path, onChange }: PlaceFieldProps) {
  const id = useId();
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a grid row in every browser
    <div className="field" role="group" aria-labelledby={id}>
      <span id={id} className="label">
        {t.create.folder}
      </span>
      <FolderField label={t.create.folder} path={path} onChange={onChange} />
      <span className="hint">{t.create.folderHint}</span>
    </div>
  );
}
