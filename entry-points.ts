/**
 * The public entry points: the name of the file in `dist/`, and the source that it is built from.
 *
 * A new one is a line here, one in `package.json#exports` and one in `tsconfig.json#paths`; `test/docs.test.ts` and the
 * test of the packed tarball see to it that the three agree.
 */
export const ENTRY_POINTS: Readonly<Record<string, string>> = {
  index: 'src/index.ts',
  lease: 'src/holder/index.ts',
  native: 'src/native/index.ts',
  'stores/etcd': 'src/stores/etcd.ts',
  'stores/memory': 'src/stores/memory.ts',
  'stores/postgres': 'src/stores/postgres.ts',
  'stores/redis': 'src/stores/redis.ts',
  testing: 'src/testing/index.ts',
};

/** What a user writes to import an entry point. */
export function specifierOf(entryPoint: string): string {
  return entryPoint === 'index' ? 'truechimer' : `truechimer/${entryPoint}`;
}
