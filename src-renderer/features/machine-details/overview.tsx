// A machine's settings in short and how its last run ended.

import type { ReactNode } from 'react';
import type { FirmwareConfig, MachineSettings, SerialPortConfig } from '../../../shared/machine/config.ts';
import { guestProfile } from '../../../shared/machine/guest-profiles.ts';
import { hasProcess } from '../../../shared/machine/lifecycle.ts';
import { runCommand } from '../../../shared/machine/run-command.ts';
import type { ReadyMachine } from '../../../shared/machine/view.ts';
import { formatBytes, MIB } from '../../../shared/units/bytes.ts';
import { CopyLine } from '../../components/copy-line.tsx';
import { guestText, t } from '../../i18n/strings.ts';
import { Drives } from './drives.tsx';
import { LastExit } from './last-exit.tsx';

export function Overview({ machine }: { readonly machine: ReadyMachine }) {
  const { config, lastExit, state, startedAtMs } = machine;
  const { cpu, boot, display } = config;
  return (
    <div className="overview">
      {lastExit && !hasProcess(state) && <LastExit machine={machine} exit={lastExit} />}
      {startedAtMs !== null && <p className="quiet">{t.overview.runningSince(timeOf(startedAtMs))}</p>}
      {config.description !== '' && (
        <section className="card" aria-labelledby="overview-description">
          <h2 id="overview-description">{t.settings.rows.description.label}</h2>
          <p className="lines">{config.description}</p>
        </section>
      )}
      <div className="cards">
        <Card title={t.overview.system}>
          <Row name={t.overview.memory}>{formatBytes(config.memoryMiB * MIB)}</Row>
          <Row name={t.overview.guest}>{guestText(guestProfile(config.guest)?.name ?? config.guest)}</Row>
          <Row name={t.overview.processor}>{t.create.models[cpu.model]}</Row>
          <Row name={t.overview.engine}>{t.overview.engines[cpu.engine]}</Row>
          <Row name={t.overview.display}>{t.overview.displayValue(formatBytes(display.memoryMiB * MIB))}</Row>
          <SerialRows ports={config.serial} />
        </Card>
        <Card title={t.overview.boot}>
          {boot.kernel === null ? <FirmwareRows firmware={config.firmware} /> : <KernelRows boot={boot} />}
          <Row name={t.overview.folder}>
            <code>{machine.folder}</code>
          </Row>
        </Card>
        {config.drives.length > 0 && <Drives machine={machine} />}
      </div>
      {(boot.kernel !== null || config.drives.some(({ path }) => path !== null)) && (
        <CopyLine
          text={runCommand(config, machine.folder)}
          label={t.overview.equivalent}
          copyLabel={t.create.copy}
          copiedLabel={t.create.copied}
        />
      )}
    </div>
  );
}

function KernelRows({ boot }: { readonly boot: MachineSettings['boot'] }) {
  return (
    <>
      <Row name={t.overview.kernel}>
        <Path path={boot.kernel} />
      </Row>
      <Row name={t.overview.initrd}>
        <Path path={boot.initrd} />
      </Row>
      <Row name={t.overview.commandLine}>
        {boot.commandLine === '' ? t.overview.none : <code>{boot.commandLine}</code>}
      </Row>
    </>
  );
}

function FirmwareRows({ firmware }: { readonly firmware: FirmwareConfig }) {
  return (
    <>
      <Row name={t.overview.bootOrder}>
        {firmware.bootOrder.map((kind) => t.overview.driveKinds[kind]).join(', ')}
      </Row>
      <Row name={t.overview.clock}>{t.overview.clocks[firmware.clock]}</Row>
    </>
  );
}

function Card({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="card">
      <h2>{title}</h2>
      <dl>{children}</dl>
    </section>
  );
}

function Row({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="card-row">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Path({ path }: { readonly path: string | null }) {
  return path === null ? <span className="quiet">{t.overview.none}</span> : <code>{path}</code>;
}

function SerialRows({ ports }: { readonly ports: MachineSettings['serial'] }) {
  return ports.map((port, index) => {
    const name = t.overview.serialPort(index + 1);
    return (
      <Row key={name} name={name}>
        {serialText(port)}
      </Row>
    );
  });
}

function serialText(port: SerialPortConfig): string {
  return port.kind === 'file' ? t.overview.serialFile(port.path) : t.overview.serialKinds[port.kind];
}

export function timeOf(timeMs: number): string {
  return new Date(timeMs).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}
