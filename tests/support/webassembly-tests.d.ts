// What tests use of the WebAssembly JavaScript interface beyond the engine's own declarations, which they share: the
// DOM library declares it in another way, so tests outside tests/app are compiled without it.
// Reference: WebAssembly JavaScript Interface 2.0.

declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  class RuntimeError extends Error {}
  namespace Module {
    function customSections(module: Module, name: string): ArrayBuffer[];
  }
}

type BufferSource = Uint8Array<ArrayBuffer>;
