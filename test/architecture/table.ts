/**
 * Who may import what, and use what: the dependency table of the design, as data.
 *
 * A folder that does not exist yet is listed already, so that its first file is checked.
 */

/** What a folder under `src/` may do. */
export interface FolderRules {
  /** Other folders of `src/` that it may import, through their `index.ts`. */
  readonly imports: readonly string[];
  /** `language`: only what ECMAScript itself has, plus `extraGlobals`; `any`: everything the platform has. */
  readonly globals: 'language' | 'any';
  /** Globals beyond the language that this folder needs. */
  readonly extraGlobals: readonly string[];
  /** May read the time, draw randomness and so on: `Date.now()`, `new Date()`, `Temporal.Now`. */
  readonly readsClocks: boolean;
  /** May import `node:*`. */
  readonly nodeModules: boolean;
  /** Packages that it may import; all are optional peers, none is a dependency. */
  readonly packages: readonly string[] | 'any';
  /** Files outside `src/` that it may import, from the project's root. */
  readonly outside: readonly string[];
  /** Has an `index.ts` that says what is public. */
  readonly hasIndex: boolean;
}

/** Cancellation is a vocabulary of its own, on every platform; it neither reads time nor waits. */
const CANCELLATION = ['AbortController', 'AbortSignal', 'DOMException', 'Event'] as const;

/** Pure: the language, cancellation, and nothing else. */
const PURE: FolderRules = {
  imports: [],
  globals: 'language',
  extraGlobals: CANCELLATION,
  readsClocks: false,
  nodeModules: false,
  packages: [],
  outside: [],
  hasIndex: true,
};

/** The rim: it may use the platform. */
const RIM: FolderRules = { ...PURE, globals: 'any', readsClocks: true, nodeModules: true };

/** Every folder of the design. */
export const FOLDERS: Readonly<Record<string, FolderRules>> = {
  core: PURE,
  sync: { ...PURE, imports: ['core'] },
  pause: { ...PURE, imports: ['core'] },
  lease: { ...PURE, imports: ['core'] },
  misuse: { ...PURE, imports: ['core'], packages: ['estree', '@typescript-eslint/types'] },
  sim: { ...PURE, imports: ['core', 'sync'] },
  node: { ...RIM, imports: ['core', 'sync', 'pause'] },
  testing: { ...RIM, imports: ['core', 'sync', 'sim'] },
  holder: { ...RIM, imports: ['core', 'lease', 'node'] },
  // node:ffi and koffi are known by their shape: the one is experimental, the other the user's.
  native: { ...RIM, imports: ['core', 'node'] },
  // etcd is spoken to over HTTP; what a request needs is on every platform and reads no clock.
  stores: {
    ...PURE,
    imports: ['core', 'lease'],
    extraGlobals: [...CANCELLATION, 'fetch', 'TextEncoder', 'TextDecoder', 'btoa', 'atob', 'URL'],
    hasIndex: false,
  },
  guard: { ...RIM, imports: ['core', 'misuse'], packages: ['acorn'] },
  eslint: { ...PURE, imports: ['misuse'], packages: ['eslint', '@typescript-eslint/utils'] },
  // ntp-time-sync is GPL-3.0: its adapter knows it by structural type and never imports it.
  interop: {
    ...PURE,
    imports: ['core', 'sync'],
    extraGlobals: [...CANCELLATION, 'Date', 'Temporal'],
    packages: ['luxon', '@opentelemetry/api'],
  },
  cli: {
    ...RIM,
    imports: [
      'core',
      'sync',
      'pause',
      'lease',
      'misuse',
      'sim',
      'node',
      'holder',
      'stores',
      'guard',
      'eslint',
      'interop',
    ],
    packages: 'any',
    outside: ['package.json'],
    hasIndex: false,
  },
};

/** What `src/index.ts`, the face of the package, may re-export. */
export const FACE_IMPORTS: readonly string[] = ['core', 'sync', 'pause', 'node'];

/** A file above this many lines is refused; discuss it above 250. */
export const FILE_LINES_MAX = 400;

/** A function whose body has more lines than this is refused; 25 are meant. */
export const FUNCTION_LINES_MAX = 70;

/** Names that say nothing about what is inside. */
export const EMPTY_NAMES: readonly string[] = ['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc'];

/**
 * What the language itself offers. Not here on purpose, though ECMAScript has them: `Date` and `Temporal` (clocks),
 * `Intl` (formats the current time by default), `Atomics` (waits), `globalThis`, `eval` and `Function` (reach the rest).
 */
export const LANGUAGE_GLOBALS: ReadonlySet<string> = new Set(
  `
  undefined NaN Infinity arguments
  Object Array String Number Boolean Symbol BigInt Math JSON RegExp Promise Proxy Reflect
  Map Set WeakMap WeakSet WeakRef FinalizationRegistry
  ArrayBuffer SharedArrayBuffer DataView
  Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array
  BigInt64Array BigUint64Array Float32Array Float64Array
  Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError SuppressedError
  isNaN isFinite parseInt parseFloat encodeURIComponent decodeURIComponent encodeURI decodeURI

  Readonly Partial Required Record Pick Omit Exclude Extract NonNullable NoInfer Awaited
  Parameters ConstructorParameters ReturnType InstanceType ThisType ThisParameterType OmitThisParameter
  Uppercase Lowercase Capitalize Uncapitalize
  ReadonlyArray ReadonlyMap ReadonlySet ArrayLike PromiseLike PropertyKey PropertyDescriptor TemplateStringsArray
  Iterable Iterator IterableIterator IteratorObject IteratorResult Generator
  AsyncIterable AsyncIterator AsyncIterableIterator AsyncIteratorObject AsyncGenerator
  ArrayBufferLike ArrayBufferView Disposable AsyncDisposable
  PromiseSettledResult PromiseFulfilledResult PromiseRejectedResult ErrorOptions
  `
    .trim()
    .split(/\s+/),
);

/** Globals that a pure file may not even shadow: a local `process` would hide a use of the real one. */
export const NEVER_SHADOWED: ReadonlySet<string> = new Set(
  `
  Date Temporal Intl Atomics performance process console crypto Buffer fetch
  setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask
  MessageChannel BroadcastChannel structuredClone globalThis global require eval Function
  `
    .trim()
    .split(/\s+/),
);
