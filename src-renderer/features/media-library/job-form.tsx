// The form of a job on an image: its few values, checked here for their form; the job itself says what else is wrong.

import { useState } from 'react';
import { DISK_ENDINGS, NEW_DISK_FORMATS, type NewDiskFormat } from '../../../shared/machine/config.ts';
import { type JobRequest, REPAIRS } from '../../../shared/machine/jobs.ts';
import type { MediumView } from '../../../shared/machine/media.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { SelectField } from '../../components/choice.tsx';
import { FormDialog } from '../../components/dialog.tsx';
import { FieldMessages, TextField, Tick } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { useApp } from '../../state/app-store.ts';
import { isAbsolute } from '../../state/files.ts';
import { fileNameOf, startJob } from '../../state/jobs.ts';
import { messageOf } from '../../state/notices.ts';

export type JobSubject = { readonly kind: 'create' } | { readonly kind: Exclude<JobRequest['kind'], 'create'>; readonly medium: MediumView };

const GIB = 1024 ** 3;

export function JobForm({ subject, onClose }: { readonly subject: JobSubject; readonly onClose: () => void }) {
  const { form } = t.media;
  const folder = useApp((state) => state.info?.dataFolder ?? '');
  const path = subject.kind === 'create' ? '' : subject.medium.path;
  const virtualBytes = subject.kind === 'create' ? 8 * GIB : (subject.medium.virtualBytes ?? 0);
  const [format, setFormat] = useState<NewDiskFormat>('qcow2');
  const [typed, setTyped] = useState<string | null>(null);
  const [size, setSize] = useState(String(Math.ceil((virtualBytes / GIB) * 100) / 100));
  const [compressed, setCompressed] = useState(false);
  const [shrink, setShrink] = useState(false);
  const [repair, setRepair] = useState<(typeof REPAIRS)[number]>('none');
  const [problem, setProblem] = useState<string | null>(null);
  const target = typed ?? suggested(subject.kind === 'create' ? `${folder}/disk` : path, format);
  const bytes = Math.round((Number(size) * GIB) / 512) * 512;

  const request = (): JobRequest => {
    switch (subject.kind) {
      case 'create':
        return { kind: 'create', path: target, format, bytes };
      case 'convert':
        return { kind: 'convert', path, target, format, compressed };
      case 'resize':
        return { kind: 'resize', path, bytes, shrink };
      case 'compact':
        return { kind: 'compact', path };
      case 'check':
        return { kind: 'check', path, repair };
    }
  };
  const isNew = subject.kind === 'create' || subject.kind === 'convert';
  const isSized = subject.kind === 'create' || subject.kind === 'resize';
  const submit = async () => {
    if (isNew && !isAbsolute(target)) return setProblem(form.absolute);
    if (isSized && !(bytes > 0)) return setProblem(form.badSize);
    try {
      await startJob(request());
      onClose();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };

  return (
    <FormDialog
      title={subject.kind === 'create' ? t.media.createDisk : t.media.jobTitles[subject.kind](fileNameOf(path))}
      action={form.start[subject.kind]}
      onClose={onClose}
      onSubmit={() => void submit()}
    >
      {subject.kind === 'compact' && <p>{form.compactText}</p>}
      {subject.kind === 'resize' && <p>{form.resizeText}</p>}
      {subject.kind === 'check' && <p>{form.checkText}</p>}
      {isNew && (
        <SelectField label={form.format} value={format} options={NEW_DISK_FORMATS.map((name) => [name, name])} onChange={setFormat} />
      )}
      {isNew && <TextField label={subject.kind === 'create' ? form.path : form.target} value={target} onChange={setTyped} isMonospaced autoFocus />}
      {isSized && (
        <TextField
          label={form.size}
          value={size}
          onChange={setSize}
          {...(subject.kind === 'resize' ? { hint: form.sizeNow(formatBytes(virtualBytes)) } : {})}
        />
      )}
      {subject.kind === 'convert' && format === 'qcow2' && (
        <Tick label={form.compressed} value={compressed} onChange={setCompressed} />
      )}
      {subject.kind === 'resize' && bytes < virtualBytes && <Tick label={form.shrink} value={shrink} onChange={setShrink} />}
      {subject.kind === 'check' && (
        <SelectField label={form.repair} value={repair} options={REPAIRS.map((name) => [name, form.repairs[name]])} onChange={setRepair} />
      )}
      {problem && <FieldMessages messages={[{ severity: 'error', message: problem }]} />}
    </FormDialog>
  );
}

/** Beside the original, with the ending of its format, and never the original's own name. */
function suggested(path: string, format: NewDiskFormat): string {
  const stem = path.replace(/\.[a-z0-9]{1,6}$/i, '');
  const name = `${stem}.${DISK_ENDINGS[format]}`;
  return name === path ? `${stem}-copy.${DISK_ENDINGS[format]}` : name;
}
