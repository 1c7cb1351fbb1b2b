// A sign for each guest system: a tile in the shape of its family with a few letters of its name. Drawn here; no
// trademark of anybody.

import { type GuestProfile, guestProfile } from '../../shared/machine/guest-profiles.ts';

const LETTERS: Readonly<Record<string, string>> = {
  'debian-i386': 'De', 'debian-amd64': 'De', ubuntu: 'Ub', 'linux-mint': 'Mi', fedora: 'Fe', 'rhel-like': 'EL', opensuse: 'Su',
  arch: 'Ar', alpine: 'Al', gentoo: 'Ge', slackware: 'Sl', void: 'Vo', nixos: 'Ni', kali: 'Ka', tinycore: 'TC', systemrescue: 'SR',
  freebsd: 'Fr', openbsd: 'Op', netbsd: 'Ne', 'windows-95': '95', 'windows-98': '98', 'windows-me': 'Me', 'windows-nt4': 'NT',
  'windows-2000': '2k', 'windows-xp': 'XP', 'windows-7': '7', 'windows-10': '10', reactos: 'Re', freedos: 'FD', haiku: 'Ha',
  memtest: 'MT', grub: 'Gr', ipxe: 'iP', demo: 'Bw', linux: 'Lx',
};

export function GuestIcon({ guest }: { readonly guest: string }) {
  const profile = guestProfile(guest);
  const family = profile?.family ?? 'other';
  const letters = LETTERS[profile?.id ?? ''];
  return (
    <svg className="guest-icon" data-family={family} viewBox="0 0 24 24" aria-hidden="true">
      <Shape family={family} />
      {letters === undefined ? (
        <path className="guest-icon-mark" d="M7 9.5h10v7H7zM10 19h4M12 16.5V19" />
      ) : (
        <text x="12" y={family === 'windows' ? 17.2 : 16} textAnchor="middle">
          {letters}
        </text>
      )}
    </svg>
  );
}

function Shape({ family }: { readonly family: GuestProfile['family'] }) {
  switch (family) {
    case 'windows':
      return (
        <>
          <rect className="guest-icon-tile" x="1.5" y="2.5" width="21" height="19" rx="2.5" />
          <path className="guest-icon-bar" d="M1.5 7V5A2.5 2.5 0 0 1 4 2.5h16A2.5 2.5 0 0 1 22.5 5v2z" />
        </>
      );
    case 'bsd':
      return <circle className="guest-icon-tile" cx="12" cy="12" r="11" />;
    case 'tool':
      return <path className="guest-icon-tile" d="M12 .8 21.7 6.4v11.2L12 23.2 2.3 17.6V6.4z" />;
    case 'dos':
      return <rect className="guest-icon-tile" x="1.5" y="1.5" width="21" height="21" />;
    case 'linux':
    case 'other':
      return <rect className="guest-icon-tile" x="1.5" y="1.5" width="21" height="21" rx="6" />;
  }
}
