// V8's machine code of WebAssembly modules as bytes, which spare compiling them anew in a later process. Chromium's embedders have
// that by an interface that Node does not pass on; V8's own test functions do the same, and are in every build. Machine code is
// taken back unseen: it may come only from where nobody but the user can write.
// Reference: V8, runtime-test-wasm.cc (SerializeWasmModule, DeserializeWasmModule, IsTurboFanFunction); wasm-serialization.cc.

import { setFlagsFromString } from 'node:v8';
import { optimizedProbe } from '../engine/execution/index.ts';

export interface NativeCode {
  /** Of a module whose functions were all optimised when it was compiled. */
  save(module: WebAssembly.Module): Uint8Array;
  /** Undefined where it is of another V8, of other flags or another processor. `wasm`: what it was compiled from. */
  load(native: Uint8Array, wasm: Uint8Array): WebAssembly.Module | undefined;
}

let known: { readonly code: NativeCode | undefined } | undefined;

/** Undefined where V8 has no such functions, or does not optimise modules as they ask for: it would end the process at `save`. */
export function nativeCode(): NativeCode | undefined {
  known ??= { code: find() };
  return known.code;
}

function find(): NativeCode | undefined {
  // It stays on: V8 may read these functions again.
  setFlagsFromString('--allow-natives-syntax');
  try {
    const probe = new WebAssembly.Instance(new WebAssembly.Module(optimizedProbe()), {});
    if (intrinsic('IsTurboFanFunction(value)')(probe.exports['probe']) !== true) return undefined;
    const serialize = intrinsic('SerializeWasmModule(value)') as (module: WebAssembly.Module) => ArrayBuffer;
    const deserialize = intrinsic('DeserializeWasmModule(value, other)') as (native: ArrayBufferLike, wasm: Uint8Array) => WebAssembly.Module | undefined;
    return {
      save: (module) => new Uint8Array(serialize(module)),
      // V8 takes the whole of a buffer.
      load: (native, wasm) => deserialize(Uint8Array.from(native).buffer, wasm),
    };
  } catch {
    return undefined;
  }
}

/** Throws where V8 has none of that name. */
function intrinsic(call: string): (value: unknown, other?: unknown) => unknown {
  return new Function('value', 'other', `return %${call}`) as (value: unknown, other?: unknown) => unknown;
}
