// The renderer's files under app://boxwright/: a standard, secure origin of its own, with the same headers as in the
// browser shell. References: Electron protocol.handle, protocol.registerSchemesAsPrivileged.

import { protocol } from 'electron';
import { type PageFiles, SECURITY_HEADERS } from '../services/page-files.ts';

const SCHEME = 'app';
const HOST = 'boxwright';
export const APP_ORIGIN = `${SCHEME}://${HOST}`;

/** Must be called before Electron is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

export function serveApp(pages: PageFiles): void {
  protocol.handle(SCHEME, (request) => {
    const { host, pathname } = new URL(request.url);
    if (request.method !== 'GET' || host !== HOST)
      return new Response(null, { status: 400, headers: SECURITY_HEADERS });
    const page = pages.find(pathname);
    if (!page) return new Response(null, { status: 404, headers: SECURITY_HEADERS });
    const headers = { ...SECURITY_HEADERS, 'content-type': page.type };
    return new Response(Uint8Array.from(page.bytes), { status: 200, headers });
  });
}
