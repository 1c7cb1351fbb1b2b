// The window's own file dialog, for shells without a native one. Shown while somebody asks for a file.

import { ArrowUp, File, Folder, FolderPlus, HardDrive } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Input, ListBox, ListBoxItem, ListLayout, Text, TextField as PlainField, Virtualizer } from 'react-aria-components';
import type { FolderEntry, FolderListing } from '../../../shared/rpc/app-contract.ts';
import { formatBytes } from '../../../shared/units/bytes.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Dialog, FormDialog } from '../../components/dialog.tsx';
import { FieldMessages, TextField } from '../../components/fields.tsx';
import { said, t } from '../../i18n/strings.ts';
import { type FileRequest, listFolder, makeFolder } from '../../state/files.ts';
import { messageOf } from '../../state/notices.ts';

/** Where the user was last; the next request begins there. */
let lastFolder: string | null = null;

export function FileDialog({ request }: { readonly request: FileRequest }) {
  const { listing, problem, open } = useFolder(request.near ?? lastFolder);
  const [selected, setSelected] = useState<string | null>(null);
  // null: as long as the user has not typed, the field says where they are.
  const [typed, setTyped] = useState<string | null>(null);
  const [isNaming, setNaming] = useState(false);
  const picksFolder = request.purpose === 'folder';
  const entries = listing?.entries.filter(({ kind }) => kind === 'folder' || !picksFolder) ?? [];
  const entry = entries.find(({ path }) => path === selected);
  const visit = (path: string | null) => {
    setSelected(null);
    setTyped(null);
    void open(path);
  };
  const accept = (chosen: FolderEntry) =>
    chosen.kind === 'folder' ? visit(chosen.path) : request.answer(chosen.path);

  return (
    <Dialog title={t.files.titles[request.purpose]} size="large" onClose={() => request.answer(null)}>
      <div className="file-browser">
        <ul className="file-places" aria-label={t.files.places}>
          {listing?.places.map((place) => (
            <li key={place.path}>
              <Button icon={HardDrive} kind="quiet" onPress={() => visit(place.path)}>
                {said({ message: place.name })}
              </Button>
            </li>
          ))}
        </ul>
        <div className="file-main">
          <Location
            typed={typed ?? listing?.path ?? ''}
            onType={setTyped}
            hasParent={listing?.parent != null}
            onUp={() => listing?.parent && visit(listing.parent)}
            onGo={(path) => void goToTyped(path, request, visit)}
            onNewFolder={listing === null ? undefined : () => setNaming(true)}
          />
          {isNaming && listing && (
            <NewFolder
              parent={listing.path}
              onClose={() => setNaming(false)}
              onMade={(path) => {
                setNaming(false);
                visit(path);
              }}
            />
          )}
          {problem && <FieldMessages messages={[{ severity: 'error', message: problem }]} />}
          {listing?.truncated && <p className="quiet">{t.files.truncated}</p>}
          <Entries folder={listing?.path} entries={entries} selected={selected} onSelect={setSelected} onAccept={accept} />
        </div>
      </div>
      <footer className="dialog-footer">
        <Button onPress={() => request.answer(null)}>{t.app.cancel}</Button>
        {picksFolder ? (
          <Button kind="primary" isDisabled={!listing} onPress={() => request.answer(entry?.path ?? listing?.path ?? null)}>
            {t.files.chooseFolder}
          </Button>
        ) : (
          <Button kind="primary" isDisabled={!entry} onPress={() => entry && accept(entry)}>
            {entry?.kind === 'folder' ? t.files.open : t.files.choose}
          </Button>
        )}
      </footer>
    </Dialog>
  );
}

/** A typed path may be a folder or a file: whichever its parent says it is. */
async function goToTyped(path: string, request: FileRequest, visit: (path: string) => void): Promise<void> {
  const parent = path.replace(/[/\\][^/\\]*$/, '') || '/';
  const found = await listFolder(parent).then(
    ({ entries }) => entries.find((entry) => entry.path === path),
    // Its own message comes from opening the path itself.
    () => undefined,
  );
  if (found?.kind === 'file' && request.purpose !== 'folder') request.answer(path);
  else visit(path);
}

function useFolder(first: string | null) {
  const [listing, setListing] = useState<FolderListing | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const latest = useRef(0);
  const open = async (path: string | null) => {
    latest.current += 1;
    const asked = latest.current;
    try {
      const found = await listFolder(path);
      // The answer to an older question may come later.
      if (asked !== latest.current) return;
      lastFolder = found.path;
      setListing(found);
      setProblem(null);
    } catch (error) {
      setProblem(messageOf(error));
      // The folder of last time may be gone; the home folder is not.
      if (listing === null && path !== null) void open(null);
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the dialog opens
  useEffect(() => void open(first), []);
  return { listing, problem, open };
}

interface LocationProps {
  readonly typed: string;
  readonly onType: (path: string) => void;
  readonly hasParent: boolean;
  readonly onUp: () => void;
  readonly onGo: (path: string) => void;
  readonly onNewFolder: (() => void) | undefined;
}

function Location({ typed, onType, hasParent, onUp, onGo, onNewFolder }: LocationProps) {
  return (
    <form
      className="file-location"
      onSubmit={(event) => {
        event.preventDefault();
        onGo(typed.trim());
      }}
    >
      <IconButton icon={ArrowUp} label={t.files.up} isDisabled={!hasParent} onPress={onUp} />
      <PlainField aria-label={t.files.location} value={typed} onChange={onType}>
        <Input className="input monospaced" spellCheck={false} />
      </PlainField>
      <Button type="submit" isDisabled={typed.trim() === ''}>
        {t.files.go}
      </Button>
      <IconButton icon={FolderPlus} label={t.files.newFolder} isDisabled={!onNewFolder} onPress={() => onNewFolder?.()} />
    </form>
  );
}

interface NewFolderProps {
  readonly parent: string;
  readonly onClose: () => void;
  readonly onMade: (path: string) => void;
}

function NewFolder({ parent, onClose, onMade }: NewFolderProps) {
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const submit = () => {
    if (name.trim() !== '') makeFolder(parent, name.trim()).then(onMade, (error: unknown) => setProblem(messageOf(error)));
  };
  return (
    <FormDialog title={t.files.newFolder} size="small" action={t.files.makeFolder} isReady={name.trim() !== ''} onClose={onClose} onSubmit={submit}>
      <TextField
        label={t.files.folderName}
        value={name}
        onChange={(next) => {
          setName(next);
          setProblem(null);
        }}
        messages={problem === null ? [] : [{ severity: 'error', message: problem }]}
        maxLength={255}
        autoFocus
      />
    </FormDialog>
  );
}

interface EntriesProps {
  /** Undefined until it has been read. */
  readonly folder: string | undefined;
  readonly entries: readonly FolderEntry[];
  readonly selected: string | null;
  readonly onSelect: (path: string | null) => void;
  readonly onAccept: (entry: FolderEntry) => void;
}

function Entries({ folder, entries, selected, onSelect, onAccept }: EntriesProps) {
  return (
    <Virtualizer layout={ListLayout} layoutOptions={{ rowSize: 28 }}>
      <ListBox
        key={folder}
        aria-label={t.files.entries}
        className="file-entries"
        items={entries}
        selectionMode="single"
        selectionBehavior="replace"
        selectedKeys={selected === null ? [] : [selected]}
        onSelectionChange={(keys) => onSelect(keys === 'all' ? null : String([...keys][0] ?? '') || null)}
        onAction={(key) => {
          const entry = entries.find(({ path }) => path === key);
          if (entry) onAccept(entry);
        }}
        renderEmptyState={() => <p className="quiet pad">{folder === undefined ? t.files.loading : t.files.empty}</p>}
      >
        {(entry) => (
          <ListBoxItem id={entry.path} textValue={entry.name} className="file-entry">
            {entry.kind === 'folder' ? <Folder aria-hidden /> : <File aria-hidden />}
            <Text slot="label" className="file-name">
              <bdi>{entry.name}</bdi>
            </Text>
            <Text slot="description" className="quiet">
              {entry.kind === 'folder' ? t.files.folder : formatBytes(entry.sizeBytes)}
            </Text>
            <span className="quiet">{new Date(entry.modifiedMs).toLocaleDateString()}</span>
          </ListBoxItem>
        )}
      </ListBox>
    </Virtualizer>
  );
}
