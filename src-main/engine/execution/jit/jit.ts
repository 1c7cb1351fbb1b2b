// The JIT as the engine sees it: takes hot blocks, has their regions compiled, and puts the finished functions
// where the block's header record finds them.

import type { CpuFeature } from '../../x86/models/cpu-model.ts';
import type { CodeCache } from '../interpreter/code-cache.ts';
import type { ModuleBuilder } from '../../ir/module.ts';
import type { EngineImports } from '../interpreter/engine-imports.ts';
import { FIRST_REGION_SLOT, type HandlerTable } from '../interpreter/handlers.ts';
import { FIELD, HANDLER, HEADER } from '../interpreter/record.ts';
import { GUEST_PAGE, type MemoryLayout } from '../layout.ts';
import { type GeneratedExports, instantiate, type ModuleLoader } from '../module-loader.ts';
import type { MemoryViews } from '../views.ts';
import { DeviceSites } from './device-sites.ts';
import { formRegion, type Region } from './region.ts';
import { REGION_EXPORT, translateRegion } from './translate.ts';

/** A hot block: header record, host address of its first byte, and the mode it was decoded in. */
export interface HotBlock {
  readonly header: number;
  readonly host: number;
  readonly mode: number;
}

/** Compiles modules elsewhere: a finished one comes later, or never. */
export interface RegionCompiler {
  submit(id: number, bytes: Uint8Array): void;
  /** A finished module, or undefined when there is none at the moment. */
  take(): { readonly id: number; readonly module: WebAssembly.Module } | undefined;
}

interface Installed {
  readonly slot: number;
  readonly header: number;
}

export class Jit {
  readonly stats = { submitted: 0, installed: 0, dropped: 0, refused: 0, instructions: 0, bytes: 0 };
  /** What went wrong with the last region that could not be translated. */
  lastFailure: string | undefined;
  readonly #views: MemoryViews;
  readonly #layout: MemoryLayout;
  readonly #code: CodeCache;
  readonly #handlers: HandlerTable;
  readonly #imports: EngineImports;
  readonly #features: ReadonlySet<CpuFeature>;
  readonly #load: ModuleLoader;
  readonly #compiler: RegionCompiler | undefined;
  readonly #counted: boolean;
  readonly #deviceSites = new DeviceSites();
  readonly #pending = new Map<number, HotBlock>();
  readonly #byPage = new Map<number, Installed[]>();
  readonly #freeSlots: number[] = [];
  #nextSlot = FIRST_REGION_SLOT;
  #nextId = 1;

  constructor(
    parts: {
      views: MemoryViews;
      code: CodeCache;
      handlers: HandlerTable;
      imports: EngineImports;
      features: ReadonlySet<CpuFeature>;
      /** Makes code on the spot, where there is no compiler. */
      load: ModuleLoader;
      compiler: RegionCompiler | undefined;
    },
    options: { layout: MemoryLayout; counted: boolean },
  ) {
    this.#views = parts.views;
    this.#code = parts.code;
    this.#handlers = parts.handlers;
    this.#imports = parts.imports;
    this.#features = parts.features;
    this.#load = parts.load;
    this.#compiler = parts.compiler;
    this.#layout = options.layout;
    this.#counted = options.counted;
  }

  /** Begins the compilation of a hot block's region. */
  request(block: HotBlock): void {
    const { host, mode } = block;
    const entry = host % GUEST_PAGE;
    const page = host - entry;
    const region = formRegion(
      {
        bytes: this.#views.u8,
        page,
        mode,
        features: this.#features,
        leavesBlock: (mnemonic) => this.#handlers.leavesBlock(mnemonic),
        wasEntered: (offset) => this.#code.hasBlock(page + offset, mode),
      },
      entry,
    );
    if (region === undefined) {
      this.stats.refused++;
      return;
    }
    for (const { offset, next } of region.blocks.values())
      this.#code.markDecoded(page + offset, next - offset);
    const module = this.#translate(region, page);
    if (module === undefined) return;
    this.stats.submitted++;
    this.stats.instructions += region.instructionCount;
    if (this.#compiler === undefined) this.#install(block, this.#load(module, this.#imports));
    else {
      const id = this.#nextId++;
      this.#pending.set(id, block);
      this.#compiler.submit(id, module.build());
    }
    this.stats.bytes += module.builtBytes;
  }

  /** A region that cannot be translated is our mistake, but no reason to stop the guest: its code stays decoded. */
  #translate(region: Region, page: number): ModuleBuilder | undefined {
    try {
      return translateRegion(region, {
        layout: this.#layout,
        counted: this.#counted,
        reachesDevice: (offset) => this.#deviceSites.has(page + offset),
      });
    } catch (error) {
      this.stats.refused++;
      this.lastFailure = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  /** A region left the instruction at a host address to the interpreter because of a device. */
  reachedDevice(host: number): void {
    if (this.#deviceSites.note(host)) this.#code.invalidatePage(Math.floor(host / GUEST_PAGE));
  }

  installFinished(): void {
    const compiler = this.#compiler;
    for (let done = compiler?.take(); done !== undefined; done = compiler?.take()) {
      const block = this.#pending.get(done.id);
      this.#pending.delete(done.id);
      if (block !== undefined) this.#install(block, instantiate(done.module, this.#imports));
    }
  }

  #install({ header, host }: HotBlock, exports: GeneratedExports): void {
    const { u16, i32 } = this.#views;
    const slot = this.#freeSlots.pop() ?? this.#nextSlot++;
    if (slot >= this.#handlers.table.length) {
      this.stats.refused++;
      return;
    }
    this.#handlers.table.set(slot, exports[REGION_EXPORT]);
    u16[(header + FIELD.handler) >> 1] = HANDLER.region;
    i32[(header + HEADER.regionSlot) >> 2] = slot;
    const page = Math.floor(host / GUEST_PAGE);
    const installed = this.#byPage.get(page) ?? [];
    installed.push({ slot, header });
    this.#byPage.set(page, installed);
    this.stats.installed++;
  }

  /** The blocks of a host page (undefined: of every page) are stale, and their headers rewritten. */
  invalidated(hostPage: number | undefined): void {
    for (const [id, block] of this.#pending) {
      if (hostPage === undefined || Math.floor(block.host / GUEST_PAGE) === hostPage)
        this.#pending.delete(id);
    }
    const pages = hostPage === undefined ? [...this.#byPage.keys()] : [hostPage];
    for (const page of pages) {
      for (const { slot } of this.#byPage.get(page) ?? []) {
        this.#handlers.table.set(slot, null);
        this.#freeSlots.push(slot);
        this.stats.dropped++;
      }
      this.#byPage.delete(page);
    }
  }
}
