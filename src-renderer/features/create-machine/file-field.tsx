// A file the machine starts from or holds: chosen in a dialog, looked at, described.

import { CircleCheck, FolderOpen, LoaderCircle, X } from 'lucide-react';
import { useId, useState } from 'react';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { FieldMessages } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { type MachineFile, pickFile } from '../../state/files.ts';
import { messageOf } from '../../state/notices.ts';
import type { Draft, Look } from './draft.ts';

interface FileFieldProps {
  readonly draft: Draft;
  readonly purpose: MachineFile;
}

export function FileField({ draft, purpose }: FileFieldProps) {
  const labelId = useId();
  const noteId = useId();
  const [problem, setProblem] = useState<string | null>(null);
  const path = draft.fileOf(purpose);
  const { label, hint } = t.create.files[purpose];
  const choose = async () => {
    try {
      setProblem(null);
      const chosen = await pickFile(purpose, folderOf(path));
      if (chosen !== null) draft.chooseFile(purpose, chosen);
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a grid row in every browser
    <div className="field" role="group" aria-labelledby={labelId} aria-describedby={noteId}>
      <span id={labelId} className="label">
        {label}
      </span>
      <div className="file-choice">
        <output className="input monospaced" title={path ?? undefined}>
          {path === null ? '' : <bdi>{path}</bdi>}
        </output>
        {path !== null && (
          <IconButton
            icon={X}
            label={t.create.clear(label)}
            onPress={() => draft.chooseFile(purpose, null)}
          />
        )}
        <Button icon={FolderOpen} label={t.create.chooseFor(label)} onPress={() => void choose()}>
          {t.create.choose}
        </Button>
      </div>
      <div id={noteId} className="messages" aria-live="polite">
        {problem && <FieldMessages messages={[{ severity: 'error', message: problem }]} />}
        <FieldMessages messages={draft.issuesOfFile(purpose)} />
        <FileNote look={draft.looks[purpose]} hint={hint} />
      </div>
    </div>
  );
}

function FileNote({ look, hint }: { readonly look: Look | undefined; readonly hint: string }) {
  if (!look) return <span className="hint">{hint}</span>;
  if (look.kind === 'looking')
    return (
      <span className="hint">
        <LoaderCircle aria-hidden className="turning" /> {t.create.looking}
      </span>
    );
  if (look.kind === 'failed')
    return <FieldMessages messages={[{ severity: 'error', message: look.message }]} />;
  const { problem, kind, version, sizeBytes } = look.report;
  if (problem) return <FieldMessages messages={[{ severity: 'error', message: problem }]} />;
  return (
    <span className="hint good">
      <CircleCheck aria-hidden />
      {[kind, version?.split(' ')[0], formatBytes(sizeBytes)].filter(Boolean).join(', ')}
    </span>
  );
}

function folderOf(path: string | null): string | null {
  return path === null ? null : path.replace(/[/\\][^/\\]*$/, '') || '/';
}
