import { defineConfig, type Options } from 'tsup';
import { ENTRY_POINTS } from './entry-points.ts';

/** What both builds share. */
const common: Options = {
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  // `node:dns`, not `dns`: tsup would take the prefix away.
  removeNodeProtocol: false,
};

const config: ReturnType<typeof defineConfig> = defineConfig([
  {
    ...common,
    entry: ENTRY_POINTS,
    format: ['esm', 'cjs'],
    // All builds run at once: each leaves the others' files alone.
    clean: ['!cli.js', '!cli.js.map', '!pauses-preload.cjs', '!pauses-preload.cjs.map'],
    // tsup sets `baseUrl`, which TypeScript 6 refuses unless told otherwise.
    dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  },
  {
    // The command is ESM only: it is a program, never required, and may use top-level await.
    ...common,
    entry: { cli: 'src/cli/main.ts' },
    format: ['esm'],
    banner: { js: '#!/usr/bin/env node' },
  },
  {
    // What `truechimer pauses` loads into the program with --require: one file, whichever module system that program uses.
    ...common,
    entry: { 'pauses-preload': 'src/cli/pauses-preload.ts' },
    format: ['cjs'],
  },
]);

export default config;
