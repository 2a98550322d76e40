/**
 * Builds the benches for Node 20, which does not read TypeScript. What they import by name stays an import, so `truechimer` is the
 * built package: what users get is what is measured.
 */
import { defineConfig } from 'tsup';

const config: ReturnType<typeof defineConfig> = defineConfig({
  // Every file of `bench/` itself is a bench; children are programs that benches start.
  entry: ['bench/*.ts', 'bench/harness/main.ts', 'bench/**/*.child.ts'],
  outDir: 'bench/.build',
  tsconfig: 'bench/tsconfig.build.json',
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  splitting: false,
  clean: true,
  skipNodeModulesBundle: true,
});

export default config;
