// Guest systems by the numbers of CIM_OperatingSystem.OSType, which OVF uses, and our profiles.
// Reference: DMTF CIM schema 2.22, CIM_OperatingSystem.

/** The first row of a profile is what is written; all rows are read. */
export const OVF_GUESTS: readonly (readonly [type: number, profile: string])[] = [
  [1, 'other'], [102, 'other'],
  [14, 'freedos'],
  [16, 'windows-95'], [17, 'windows-98'], [63, 'windows-me'], [18, 'windows-nt4'], [58, 'windows-2000'],
  [67, 'windows-xp'], [71, 'windows-xp'], [69, 'windows-xp'],
  [105, 'windows-7'], [73, 'windows-7'], [103, 'windows-7'],
  [121, 'windows-10'], [120, 'windows-10'], [113, 'windows-10'], [114, 'windows-10'],
  [95, 'debian-i386'], [96, 'debian-amd64'],
  [94, 'ubuntu'], [93, 'ubuntu'],
  [80, 'rhel-like'], [79, 'rhel-like'], [107, 'rhel-like'], [106, 'rhel-like'], [109, 'rhel-like'], [108, 'rhel-like'],
  [83, 'opensuse'], [82, 'opensuse'], [85, 'opensuse'], [84, 'opensuse'],
  [42, 'freebsd'], [78, 'freebsd'], [65, 'openbsd'], [43, 'netbsd'],
  [101, 'linux'], [36, 'linux'], [97, 'linux'], [98, 'linux'], [99, 'linux'], [100, 'linux'],
];
