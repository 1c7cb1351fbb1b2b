// The guest systems we know: how their installation media are recognised and what a machine for one is given, each
// value with its reason. The values follow the systems' own published requirements, not what they could do with less.
// More specific rows stand before general ones.

import type { CPU_MODELS, DriveBus } from './config.ts';

export interface GuestProfile {
  readonly id: string;
  readonly name: string;
  readonly family: 'linux' | 'windows' | 'bsd' | 'dos' | 'tool' | 'other';
  /** What the names on a CD (volume, publisher, application) or its info file look like. */
  readonly media: readonly RegExp[];
  readonly memoryMiB: number;
  /** 0: it needs no disk. */
  readonly diskGiB: number;
  readonly diskBus: DriveBus;
  readonly cpuModel: (typeof CPU_MODELS)[number];
  readonly clock: 'utc' | 'local';
  /** One sentence for each value that is not obvious. */
  readonly reasons: Partial<Record<'memory' | 'disk' | 'bus' | 'cpu' | 'clock', string>>;
}

const WIDE = 'x86-64-v2';
const BASE = 'x86-64-v1';
const OLD = 'pentium3';
const LOCAL_TIME = 'It keeps local time in the hardware clock.';
const VIRTIO = 'It has drivers for virtio, the fastest kind of disk.';
const NO_VIRTIO = 'It has no drivers for virtio disks of its own.';
const FOR_DESKTOP = 'What its installer recommends for a desktop.';
const RUNS_FROM_CD = 'It runs from its CD.';

type Row = [
  id: string, name: string, family: GuestProfile['family'], media: readonly RegExp[], memoryMiB: number, diskGiB: number,
  diskBus: DriveBus, cpuModel: GuestProfile['cpuModel'], clock: GuestProfile['clock'], reasons: GuestProfile['reasons'],
];

const ROWS: readonly Row[] = [
  ['debian-i386', 'Debian (32-bit)', 'linux', [/debian.*\bi386\b/i], 768, 20, 'virtio', OLD, 'utc', { bus: VIRTIO, cpu: 'A 32-bit system; the smaller processor runs fastest.' }],
  ['debian-amd64', 'Debian (64-bit)', 'linux', [/debian/i], 1024, 20, 'virtio', BASE, 'utc', { memory: FOR_DESKTOP, bus: VIRTIO }],
  ['ubuntu', 'Ubuntu', 'linux', [/ubuntu/i], 2048, 25, 'virtio', WIDE, 'utc', { memory: FOR_DESKTOP, bus: VIRTIO }],
  ['linux-mint', 'Linux Mint', 'linux', [/linux mint/i], 2048, 25, 'virtio', WIDE, 'utc', { memory: FOR_DESKTOP, bus: VIRTIO }],
  ['fedora', 'Fedora', 'linux', [/fedora/i], 2048, 20, 'virtio', WIDE, 'utc', { memory: FOR_DESKTOP, bus: VIRTIO }],
  ['rhel-like', 'RHEL, Rocky or AlmaLinux', 'linux', [/\b(rhel|rocky|almalinux|centos)\b/i], 2048, 20, 'virtio', WIDE, 'utc', { cpu: 'It asks for x86-64-v2.', bus: VIRTIO }],
  ['opensuse', 'openSUSE', 'linux', [/suse/i], 2048, 25, 'virtio', WIDE, 'utc', { memory: FOR_DESKTOP, bus: VIRTIO }],
  ['arch', 'Arch Linux', 'linux', [/^arch_|archlinux|arch linux/i], 1024, 20, 'virtio', BASE, 'utc', { bus: VIRTIO }],
  ['alpine', 'Alpine Linux', 'linux', [/alpine/i], 256, 4, 'virtio', BASE, 'utc', { memory: 'It is a small system.', bus: VIRTIO }],
  ['gentoo', 'Gentoo', 'linux', [/gentoo/i], 2048, 30, 'virtio', BASE, 'utc', { memory: 'It compiles what it installs.', bus: VIRTIO }],
  ['slackware', 'Slackware', 'linux', [/slack/i], 1024, 20, 'ide', BASE, 'utc', {}],
  ['void', 'Void Linux', 'linux', [/^void/i], 512, 10, 'virtio', BASE, 'utc', { bus: VIRTIO }],
  ['nixos', 'NixOS', 'linux', [/nixos/i], 2048, 20, 'virtio', WIDE, 'utc', { bus: VIRTIO }],
  ['kali', 'Kali Linux', 'linux', [/kali/i], 2048, 25, 'virtio', BASE, 'utc', { bus: VIRTIO }],
  ['tinycore', 'Tiny Core Linux', 'linux', [/tinycore|core.*tiny/i], 128, 0, 'ide', OLD, 'utc', { memory: 'It is a small system.', disk: RUNS_FROM_CD }],
  ['systemrescue', 'SystemRescue', 'linux', [/rescue\d/i], 1024, 0, 'virtio', BASE, 'utc', { disk: RUNS_FROM_CD }],
  ['freebsd', 'FreeBSD', 'bsd', [/freebsd/i], 1024, 20, 'virtio', BASE, 'utc', { bus: VIRTIO }],
  ['openbsd', 'OpenBSD', 'bsd', [/openbsd/i], 512, 16, 'virtio', BASE, 'utc', { bus: VIRTIO }],
  ['netbsd', 'NetBSD', 'bsd', [/netbsd/i], 512, 16, 'virtio', BASE, 'utc', { bus: VIRTIO }],
  ['windows-95', 'Windows 95', 'windows', [/win(dows)?[ _]?95/i], 64, 2, 'ide', OLD, 'local', { memory: 'More than 480 MB stops it from starting.', disk: 'Its file system holds 2 GB.', clock: LOCAL_TIME, bus: NO_VIRTIO }],
  ['windows-98', 'Windows 98', 'windows', [/win(dows)?[ _]?98/i], 256, 8, 'ide', OLD, 'local', { memory: 'More than 512 MB stops it from starting.', clock: LOCAL_TIME, bus: NO_VIRTIO }],
  ['windows-me', 'Windows Me', 'windows', [/win(dows)?[ _]?me\b/i], 256, 8, 'ide', OLD, 'local', { memory: 'More than 512 MB stops it from starting.', clock: LOCAL_TIME, bus: NO_VIRTIO }],
  ['windows-nt4', 'Windows NT 4', 'windows', [/nt[ _]?4|ntwks/i], 128, 4, 'ide', OLD, 'local', { disk: 'Its installer reaches 4 GB.', clock: LOCAL_TIME, bus: NO_VIRTIO }],
  ['windows-2000', 'Windows 2000', 'windows', [/w2k|win(dows)?[ _]?2000|W2PFPP|WIN2000/i], 256, 8, 'ide', OLD, 'local', { clock: LOCAL_TIME, bus: NO_VIRTIO }],
  ['windows-xp', 'Windows XP', 'windows', [/win(dows)?[ _]?xp|WXP|GRTMP|VRMP/i], 512, 10, 'ide', OLD, 'local', { clock: LOCAL_TIME, bus: NO_VIRTIO }],
  ['windows-7', 'Windows 7', 'windows', [/win(dows)?[ _]?7|GRMC|GSP1RMC/i], 2048, 32, 'ahci', WIDE, 'local', { clock: LOCAL_TIME, bus: NO_VIRTIO }],
  ['windows-10', 'Windows 10 or 11', 'windows', [/win(dows)?[ _]?1[01]|CCCOMA|CPBA|CENA_X/i], 2048, 50, 'ahci', WIDE, 'local', { memory: 'The least that it installs with; it will be slow.', clock: LOCAL_TIME, bus: NO_VIRTIO }],
  ['reactos', 'ReactOS', 'windows', [/reactos/i], 512, 8, 'ide', OLD, 'local', { clock: LOCAL_TIME, bus: NO_VIRTIO }],
  ['freedos', 'FreeDOS', 'dos', [/freedos|^fd\d/i], 32, 1, 'ide', OLD, 'local', { memory: 'DOS programs expect no more.', clock: LOCAL_TIME, bus: NO_VIRTIO }],
  ['haiku', 'Haiku', 'other', [/haiku/i], 1024, 16, 'ide', BASE, 'local', { clock: LOCAL_TIME }],
  ['memtest', 'Memtest86+', 'tool', [/memtest|mt86/i], 128, 0, 'ide', BASE, 'utc', { disk: RUNS_FROM_CD }],
  ['grub', 'GRUB', 'tool', [/grub/i], 128, 0, 'ide', BASE, 'utc', { disk: RUNS_FROM_CD }],
  ['ipxe', 'iPXE', 'tool', [/ipxe/i], 128, 0, 'ide', BASE, 'utc', { disk: RUNS_FROM_CD }],
  ['demo', 'Boxwright demo', 'tool', [/^boxwright_demo$/i], 64, 0, 'ide', OLD, 'utc', { memory: 'It is very small.', disk: RUNS_FROM_CD }],
  ['linux', 'Another Linux', 'linux', [/linux/i], 1024, 20, 'virtio', BASE, 'utc', { bus: VIRTIO }],
  ['other', 'Another system', 'other', [], 512, 8, 'ide', BASE, 'utc', { bus: 'Every system has drivers for IDE.' }],
];

export const GUEST_PROFILES: readonly GuestProfile[] = ROWS.map(
  ([id, name, family, media, memoryMiB, diskGiB, diskBus, cpuModel, clock, reasons]) => ({
    id, name, family, media, memoryMiB, diskGiB, diskBus, cpuModel, clock, reasons,
  }),
);
