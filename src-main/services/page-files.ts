// The renderer's built files as both shells serve them: read once, known by exact path (nothing to traverse), with the
// security headers of every answer.
// References: W3C CSP level 3; Trusted Types; WHATWG HTML, cross-origin isolation.

import { readdirSync, readFileSync } from 'node:fs';
import { extname, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Page {
  readonly type: string;
  readonly bytes: Uint8Array;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};

/** 'unsafe-inline' is for styles only: component libraries inject them. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
  'cache-control': 'no-store',
};

export class PageFiles {
  readonly #pages: ReadonlyMap<string, Page>;

  constructor(pages: ReadonlyMap<string, Page>) {
    this.#pages = pages;
  }

  /** At once: promises would take several times as long, and nothing else can be done meanwhile. */
  static read(folder: URL): PageFiles {
    const root = fileURLToPath(folder);
    const pages = new Map<string, Page>();
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      const type = TYPES[extname(entry.name)];
      if (!entry.isFile() || !type) continue;
      const file = `${entry.parentPath}${sep}${entry.name}`;
      pages.set(`/${relative(root, file).split(sep).join('/')}`, { type, bytes: readFileSync(file) });
    }
    return new PageFiles(pages);
  }

  /** `path` is the path of an address, as it was sent. */
  find(path: string): Page | undefined {
    return this.#pages.get(path === '/' ? '/index.html' : path);
  }
}
