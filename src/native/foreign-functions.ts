/**
 * How functions of the system's own library are called: through `node:ffi`, or through koffi.
 *
 * All that is wanted are functions that take a number at most, and the address of some memory that they fill. Both ways are known by their
 * shape: `node:ffi` is experimental and absent before Node 26, and koffi is the user's, so neither is imported.
 *
 * Impossible: to know that a function has the parameters that it is called with. A library cannot say so, and a wrong guess overwrites memory.
 * Hence only functions whose signatures the platform documents, and memory that is as large as the largest layout.
 */

/** Through what the functions are called. */
export type NativeWay = 'node:ffi' | 'koffi';

/** A function of the system's library. */
export interface NativeFunction {
  readonly name: string;
  /** Whether a 32-bit number, `selector`, comes before the address. */
  readonly selector: number | undefined;
  readonly result: 'int32' | 'void';
}

/** Calls the function; the memory is filled in then. Nothing comes back from a function that returns nothing. */
export type NativeCall = () => unknown;

/** A library that was opened. */
export interface SystemLibrary {
  readonly way: NativeWay;
  /**
   * Prepares calls that fill `memory`, which must not be detached as long as there are any.
   *
   * @throws When the library has no such function.
   */
  bind(call: NativeFunction, memory: Uint8Array<ArrayBuffer>): NativeCall;
}

/** What is used of koffi 2.8 and later: pass the module itself, `import koffi from 'koffi'`. */
export interface KoffiModule {
  load(path: string | null): KoffiLibrary;
}

/** A library that koffi opened. */
export interface KoffiLibrary {
  func(name: string, result: string, parameters: string[]): (...values: never[]) => unknown;
}

/** What is used of `node:ffi`. */
export interface FfiModule {
  dlopen(
    path: string | null,
    definitions: Readonly<Record<string, { readonly arguments: readonly string[]; readonly return: string }>>,
  ): { readonly lib: unknown; readonly functions: Readonly<Record<string, (...values: never[]) => unknown>> };
  getRawPointer(memory: ArrayBuffer): bigint;
}

/** Opens a library with koffi; null are the symbols of the process itself. @throws When there is none of this name. */
export function openWithKoffi(koffi: KoffiModule, path: string | null): SystemLibrary {
  const library = koffi.load(path);
  return {
    way: 'koffi',
    bind({ name, selector, result }, memory) {
      const parameters = selector === undefined ? ['void *'] : ['int32_t', 'void *'];
      const call = library.func(name, result === 'void' ? 'void' : 'int32_t', parameters) as ForeignFunction;
      return selector === undefined ? () => call(memory) : () => call(selector, memory);
    },
  };
}

type ForeignFunction = (...values: unknown[]) => unknown;

/**
 * Opens a library with `node:ffi`; null are the symbols of the process itself.
 *
 * It is given the address of the memory as a number, since a buffer costs three times as much per call. The memory of an `ArrayBuffer` does not
 * move, and lives as long as the buffer, which the call holds on to; as it does to the library, which is closed when nobody does. All clocks
 * share one function: V8 calls it without a detour only where no other is ever called, which is a sixth of the cost.
 *
 * @throws When there is none of this name, or it is not permitted.
 */
export function openWithFfi(ffi: FfiModule, path: string | null): SystemLibrary {
  const opened = new Map<string, ReturnType<FfiModule['dlopen']>>();
  return {
    way: 'node:ffi',
    bind({ name, selector, result }, memory) {
      const definition = { arguments: selector === undefined ? ['pointer'] : ['int32', 'pointer'], return: result };
      const library = opened.get(name) ?? ffi.dlopen(path, { [name]: definition });
      opened.set(name, library);
      const call = library.functions[name] as ForeignFunction | undefined;
      if (call === undefined) throw new Error(`no function ${name}`);
      const address = ffi.getRawPointer(memory.buffer) + BigInt(memory.byteOffset);
      const bound = selector === undefined ? () => call(address) : () => call(selector, address);
      KEPT.set(bound, [library, memory]);
      return bound;
    },
  };
}

/** What a call needs is reachable as long as the call is. */
const KEPT = new WeakMap<NativeCall, readonly unknown[]>();
