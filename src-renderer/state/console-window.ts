// Whether this window shows the console of one machine and nothing else: its address says so from the beginning.

export const consoleOnly: string | null = /^#console\/([a-z0-9-]{1,64})$/.exec(globalThis.location?.hash ?? '')?.[1] ?? null;
