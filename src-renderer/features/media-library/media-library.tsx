// The media library: every image that machines use, who uses it, what it stands on, what is missing, and its tools.

import { ArrowRightLeft, CornerDownRight, Disc3, Ellipsis, FileQuestion, FileWarning, HardDrive, Images, Plus, RefreshCw, Save, Scaling, ShieldCheck, Shrink } from 'lucide-react';
import { useState } from 'react';
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import type { JobKind } from '../../../shared/machine/jobs.ts';
import type { MediumView } from '../../../shared/machine/media.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { SearchField } from '../../components/fields.tsx';
import { t } from '../../i18n/strings.ts';
import { pickFile } from '../../state/files.ts';
import { fileNameOf } from '../../state/jobs.ts';
import { goTo } from '../../state/navigation.ts';
import { notifyFailure } from '../../state/notices.ts';
import { type ChainRow, chainRows } from './chains.ts';
import { JobForm, type JobSubject } from './job-form.tsx';
import { locate, useMedia } from './media.ts';

const ICONS = { disk: HardDrive, cdrom: Disc3, floppy: Save };

export function MediaLibrary() {
  const { media, look } = useMedia();
  const [wanted, setWanted] = useState('');
  const [subject, setSubject] = useState<JobSubject | null>(null);
  const rows = media && chainRows(media, wanted);
  return (
    <div className="global-page">
      <header className="page-header media-header">
        <div className="page-title">
          <h1>{t.media.title}</h1>
        </div>
        <p className="page-hint quiet">{t.media.hint}</p>
        <div className="media-tools">
          <SearchField label={t.media.search} clearLabel={t.list.clearSearch} value={wanted} onChange={setWanted} />
          <span className="spring" />
          <IconButton icon={RefreshCw} label={t.media.refresh} onPress={look} />
          <Button icon={Plus} onPress={() => setSubject({ kind: 'create' })}>
            {t.media.createDisk}
          </Button>
        </div>
      </header>
      <div className="media-body">
        {!rows && <p className="quiet pad">{t.media.loading}</p>}
        {media?.length === 0 && <EmptyState icon={Images} title={t.media.empty} text={t.media.emptyText} />}
        {rows && media.length > 0 && (rows.length > 0 ? <Table rows={rows} onTool={setSubject} /> : <p className="quiet pad">{t.media.nothingFound(wanted)}</p>)}
      </div>
      {subject && <JobForm subject={subject} onClose={() => setSubject(null)} />}
    </div>
  );
}

interface TableProps {
  readonly rows: readonly ChainRow[];
  readonly onTool: (subject: JobSubject) => void;
}

function Table({ rows, onTool }: TableProps) {
  const { columns } = t.media;
  return (
    <table className="media" aria-label={t.media.title}>
      <thead>
        <tr>
          {(['image', 'format', 'size', 'taken', 'users'] as const).map((name) => (
            <th key={name} scope="col" data-column={name}>
              {columns[name]}
            </th>
          ))}
          <th scope="col">
            <span className="visually-hidden">{columns.tools}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Medium key={row.medium.path} row={row} onTool={onTool} />
        ))}
      </tbody>
    </table>
  );
}

function Medium({ row: { medium, depth }, onTool }: { readonly row: ChainRow } & Pick<TableProps, 'onTool'>) {
  const { path, kind, state, problem, format, virtualBytes, diskBytes, parent, snapshots, users, inUse } = medium;
  const Icon = state === 'missing' ? FileQuestion : state === 'unreadable' ? FileWarning : ICONS[kind];
  return (
    <tr data-state={state}>
      <td className="medium-image">
        <div className="medium-name" style={{ paddingInlineStart: `${Math.min(depth, 8) * 18}px` }}>
          {depth > 0 && <CornerDownRight aria-hidden className="chain-mark" />}
          <Icon aria-hidden />
          <span className="medium-text">
            <bdi className="medium-file" title={path}>
              {fileNameOf(path)}
            </bdi>
            <bdi className="medium-path quiet" title={path}>
              {path}
            </bdi>
            {parent !== null && <span className="visually-hidden">{t.media.parent(parent)}</span>}
            {state !== 'ok' && (
              <span className="badge" data-state="crashed">
                {t.media.states[state]}
              </span>
            )}
            {problem && <span className="medium-problem">{problem}</span>}
            {snapshots > 0 && <span className="quiet">{t.media.snapshots(snapshots)}</span>}
          </span>
        </div>
      </td>
      <td>{format ?? '–'}</td>
      <td>{virtualBytes === null ? '–' : formatBytes(virtualBytes)}</td>
      <td>{diskBytes === null ? '–' : formatBytes(diskBytes)}</td>
      <td>
        {users.length === 0 && <span className="quiet">{t.media.behind}</span>}
        <ul className="medium-users">
          {users.map(({ machineId, name, drive }) => (
            <li key={`${machineId} ${drive}`}>
              <Button kind="quiet" onPress={() => goTo(machineId)}>
                {name}
              </Button>
            </li>
          ))}
        </ul>
      </td>
      <td className="medium-tools">
        {state === 'missing' && users.length > 0 ? (
          <Button label={`${t.media.locate} ${fileNameOf(path)}`} onPress={() => void locateMissing(medium)}>
            {t.media.locate}
          </Button>
        ) : (
          state === 'ok' && <Tools medium={medium} isDisabled={inUse} onTool={onTool} />
        )}
      </td>
    </tr>
  );
}

async function locateMissing({ path, kind }: MediumView): Promise<void> {
  try {
    const chosen = await pickFile(kind, path);
    if (chosen !== null) await locate(path, chosen);
  } catch (error) {
    notifyFailure(error);
  }
}

const TOOLS = ['convert', 'resize', 'compact', 'check'] as const satisfies readonly JobKind[];
const TOOL_ICONS = { convert: ArrowRightLeft, resize: Scaling, compact: Shrink, check: ShieldCheck };

interface ToolsProps {
  readonly medium: MediumView;
  readonly isDisabled: boolean;
  readonly onTool: (subject: JobSubject) => void;
}

function Tools({ medium, isDisabled, onTool }: ToolsProps) {
  const name = fileNameOf(medium.path);
  const tools = medium.kind === 'disk' ? TOOLS : (['convert'] as const);
  return (
    <MenuTrigger>
      <AriaButton className="button icon-only" data-kind="quiet" aria-label={t.media.toolsFor(name)} isDisabled={isDisabled}>
        <Ellipsis aria-hidden />
      </AriaButton>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" aria-label={t.media.toolsFor(name)}>
          {tools.map((kind) => {
            const Icon = TOOL_ICONS[kind];
            return (
              <MenuItem key={kind} id={kind} className="menu-item" textValue={t.media.tools[kind]} onAction={() => onTool({ kind, medium })}>
                <Icon aria-hidden />
                <span>{t.media.tools[kind]}</span>
              </MenuItem>
            );
          })}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
