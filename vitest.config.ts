import { fileURLToPath } from 'node:url';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { ENTRY_POINTS, specifierOf } from './entry-points.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Tests that wait on real time, real servers or whole builds: one file at a time, after all others. */
const SERIAL = [
  '**/*.realtime.test.ts',
  'test/integration/**/*.test.ts',
  'test/package/**/*.test.ts',
  'test/reporter/**/*.test.ts',
];
const NEVER = ['**/node_modules/**', '**/dist/**', '**/fixtures/**', 'test/.examples/**'];

/** Tests import the package as its users do, and get the sources. */
const ALIASES = Object.entries(ENTRY_POINTS).map(([name, source]) => ({
  find: new RegExp(`^${specifierOf(name)}$`),
  replacement: here(`./${source}`),
}));

const common = {
  // These machines are noisy: a hang is stopped, and nothing is judged by how long it took.
  testTimeout: 120_000,
  setupFiles: [here('./test/setup.ts')],
  restoreMocks: true,
};

const config: ViteUserConfig = defineConfig({
  resolve: { alias: ALIASES },
  test: {
    reporters: ['default', here('./test/reporter/summary-reporter.ts')],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.test-d.ts', '**/*.fixture.ts'],
    },
    projects: [
      {
        extends: true,
        test: {
          ...common,
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...NEVER, ...SERIAL],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          ...common,
          name: 'serial',
          include: SERIAL,
          exclude: NEVER,
          fileParallelism: false,
          maxConcurrency: 2,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['src/**/*.test-d.ts', 'test/**/*.test-d.ts'],
            exclude: NEVER,
            checker: here('./node_modules/typescript/bin/tsc'),
            tsconfig: here('./tsconfig.json'),
          },
        },
      },
    ],
  },
});

export default config;
