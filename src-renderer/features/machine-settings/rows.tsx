// The settings that have one value each, in their sections. A row says by which words it is found, reads and writes
// its value, and compares it with the default; the page does the rest.

import type { ReactNode } from 'react';
import {
  CPU_ENGINES,
  CPU_MODELS,
  type DriveKind,
  MAX_DESCRIPTION_LENGTH,
  type MachineSettings,
} from '../../../shared/machine/config.ts';
import { GUEST_PROFILES } from '../../../shared/machine/guest-profiles.ts';
import { Select } from '../../components/choice.tsx';
import { guestText, t } from '../../i18n/strings.ts';
import type { Editing } from './editing.ts';

export const SECTIONS = ['general', 'system', 'start', 'storage', 'display', 'serial'] as const;
export type Section = (typeof SECTIONS)[number];

interface ControlProps {
  readonly id: string;
  readonly note: string;
  readonly editing: Editing;
}

export interface Row {
  readonly section: Section;
  /** The issues' field, and the key of its texts. */
  readonly key: keyof typeof t.settings.rows;
  /** The part of the settings it is about. */
  value(settings: MachineSettings): unknown;
  /** Absent where there is no default that anybody would want back. */
  reset?(settings: MachineSettings, defaults: MachineSettings): Partial<MachineSettings>;
  control(props: ControlProps): ReactNode;
  /** Not shown when it says no. */
  applies?(settings: MachineSettings): boolean;
}

const BOOT_ORDERS: readonly (readonly DriveKind[])[] = [
  ['cdrom', 'disk', 'floppy'],
  ['disk', 'cdrom', 'floppy'],
  ['floppy', 'cdrom', 'disk'],
  ['disk'],
  ['cdrom'],
];
const VIDEO_MIB = [1, 2, 4, 8, 16, 32, 64] as const;
const orderKey = (order: readonly DriveKind[]) => order.join(' ');
const startsByBios = ({ boot }: MachineSettings) => boot.kernel === null;
const startsKernel = ({ boot }: MachineSettings) => boot.kernel !== null;

export const ROWS: readonly Row[] = [
  {
    section: 'general', key: 'name', value: ({ name }) => name,
    control: (props) => (
      <Text {...props} value={props.editing.settings.name} onChange={(name) => props.editing.change({ name })} />
    ),
  },
  {
    section: 'general', key: 'guest', value: ({ guest }) => guest, reset: (_, { guest }) => ({ guest }),
    control: ({ editing, ...ids }) => (
      <Select
        {...ids}
        value={editing.settings.guest}
        options={GUEST_PROFILES.map(({ id, name }) => [id, guestText(name)] as const)}
        onChange={(guest) => editing.change({ guest })}
      />
    ),
  },
  {
    section: 'general', key: 'description', value: ({ description }) => description,
    control: ({ editing, id, note }) => (
      <textarea
        id={id}
        className="input"
        aria-describedby={note}
        rows={3}
        maxLength={MAX_DESCRIPTION_LENGTH}
        value={editing.settings.description}
        onChange={({ target }) => editing.change({ description: target.value })}
      />
    ),
  },
  {
    section: 'system', key: 'memoryMiB', value: ({ memoryMiB }) => memoryMiB, reset: (_, { memoryMiB }) => ({ memoryMiB }),
    control: ({ editing, id, note }) => (
      <span className="with-unit">
        <input
          id={id}
          className="input"
          type="number"
          min={1}
          step={32}
          aria-describedby={note}
          value={editing.settings.memoryMiB}
          onChange={({ target }) => {
            const value = Math.round(target.valueAsNumber);
            if (value >= 1) editing.change({ memoryMiB: value });
          }}
        />
        {t.create.memoryUnit}
      </span>
    ),
  },
  {
    section: 'system', key: 'cpuModel', value: ({ cpu }) => cpu.model,
    reset: ({ cpu }, defaults) => ({ cpu: { ...cpu, model: defaults.cpu.model } }),
    control: ({ editing, ...ids }) => (
      <Select
        {...ids}
        value={editing.settings.cpu.model}
        options={CPU_MODELS.map((model) => [model, t.create.models[model]] as const)}
        onChange={(model) => editing.change({ cpu: { ...editing.settings.cpu, model } })}
      />
    ),
  },
  {
    section: 'system', key: 'cpuEngine', value: ({ cpu }) => cpu.engine,
    reset: ({ cpu }, defaults) => ({ cpu: { ...cpu, engine: defaults.cpu.engine } }),
    control: ({ editing, ...ids }) => (
      <Select
        {...ids}
        value={editing.settings.cpu.engine}
        options={CPU_ENGINES.map((engine) => [engine, t.overview.engines[engine]] as const)}
        onChange={(engine) => editing.change({ cpu: { ...editing.settings.cpu, engine } })}
      />
    ),
  },
  {
    section: 'system', key: 'clock', value: ({ firmware }) => firmware.clock,
    reset: ({ firmware }, defaults) => ({ firmware: { ...firmware, clock: defaults.firmware.clock } }),
    control: ({ editing, ...ids }) => (
      <Select
        {...ids}
        value={editing.settings.firmware.clock}
        options={(['utc', 'local'] as const).map((clock) => [clock, t.overview.clocks[clock]] as const)}
        onChange={(clock) => editing.change({ firmware: { ...editing.settings.firmware, clock } })}
      />
    ),
  },
  {
    section: 'start', key: 'bootOrder', applies: startsByBios, value: ({ firmware }) => orderKey(firmware.bootOrder),
    reset: ({ firmware }, defaults) => ({ firmware: { ...firmware, bootOrder: defaults.firmware.bootOrder } }),
    control: ({ editing, ...ids }) => {
      const { firmware } = editing.settings;
      const present = orderKey(firmware.bootOrder);
      const orders = BOOT_ORDERS.some((order) => orderKey(order) === present) ? BOOT_ORDERS : [firmware.bootOrder, ...BOOT_ORDERS];
      return (
        <Select
          {...ids}
          value={present}
          options={orders.map((order) => [orderKey(order), order.map((kind) => t.overview.driveKinds[kind]).join(', ')] as const)}
          onChange={(key) =>
            editing.change({ firmware: { ...firmware, bootOrder: [...(orders.find((order) => orderKey(order) === key) ?? [])] } })
          }
        />
      );
    },
  },
  {
    section: 'start', key: 'bootMenu', applies: startsByBios, value: ({ firmware }) => firmware.menu,
    reset: ({ firmware }, defaults) => ({ firmware: { ...firmware, menu: defaults.firmware.menu } }),
    control: ({ editing, id, note }) => (
      <input
        id={id}
        type="checkbox"
        aria-describedby={note}
        checked={editing.settings.firmware.menu}
        onChange={({ target }) => editing.change({ firmware: { ...editing.settings.firmware, menu: target.checked } })}
      />
    ),
  },
  {
    section: 'start', key: 'commandLine', applies: startsKernel, value: ({ boot }) => boot.commandLine,
    reset: ({ boot }, defaults) => ({ boot: { ...boot, commandLine: defaults.boot.commandLine } }),
    control: (props) => (
      <Text
        {...props}
        value={props.editing.settings.boot.commandLine}
        onChange={(commandLine) => props.editing.change({ boot: { ...props.editing.settings.boot, commandLine } })}
      />
    ),
  },
  {
    section: 'display', key: 'videoMemory', value: ({ display }) => display.memoryMiB,
    reset: ({ display }, defaults) => ({ display: { ...display, memoryMiB: defaults.display.memoryMiB } }),
    control: ({ editing, ...ids }) => (
      <Select
        {...ids}
        value={String(editing.settings.display.memoryMiB)}
        options={VIDEO_MIB.map((mib) => [String(mib), `${mib} MiB`] as const)}
        onChange={(mib) => editing.change({ display: { ...editing.settings.display, memoryMiB: Number(mib) } })}
      />
    ),
  },
];

/** The issues' fields that a row's key stands for. */
export const FIELDS: Partial<Record<Row['key'], string>> = { commandLine: 'boot.commandLine' };


function Text({ id, note, value, onChange }: ControlProps & { value: string; onChange: (value: string) => void }) {
  return (
    <input
      id={id}
      className="input"
      aria-describedby={note}
      spellCheck={false}
      value={value}
      maxLength={2047}
      onChange={({ target }) => onChange(target.value)}
    />
  );
}
