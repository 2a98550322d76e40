/** The packed tarball is what users get: it is clean, and works from ESM, CommonJS and TypeScript. */
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENTRY_POINTS, specifierOf } from '../../entry-points.ts';
import { fromRoot, listFiles, readProjectFile, ROOT } from '../docs/project-files.ts';
import { type Consumer, installPacked, node, run } from './packed.ts';

interface Manifest {
  readonly version: string;
  readonly dependencies?: unknown;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

let consumer: Consumer;

beforeAll(async () => {
  consumer = await installPacked();
  for (const ending of ['mjs', 'cjs', 'mts', 'cts']) {
    await copyFile(fromRoot(`test/package/fixtures/consumer.${ending}`), join(consumer.folder, `consumer.${ending}`));
  }
});

afterAll(async () => {
  await rm(consumer.folder, { recursive: true, force: true });
});

const manifestOf = async (): Promise<Manifest> =>
  JSON.parse(await readFile(join(consumer.packageFolder, 'package.json'), 'utf8')) as Manifest;

describe('what is in it', () => {
  const DOCUMENTS = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'];

  test('documents, and the build: nothing else', () => {
    const built = /^dist\/(?:stores\/)?[\w-]+\.(?:js|cjs|d\.ts|d\.cts)(?:\.map)?$/;
    const guides = listFiles('docs', '.md');
    const others = consumer.files.filter((file) => !built.test(file));
    expect(others.sort()).toEqual([...DOCUMENTS, ...guides].sort());
  });

  test('each entry point has code and types for both module systems', () => {
    const needed = Object.keys(ENTRY_POINTS).flatMap((name) =>
      ['js', 'cjs', 'd.ts', 'd.cts'].map((ending) => `dist/${name}.${ending}`),
    );
    expect(consumer.files).toEqual(expect.arrayContaining([...needed, 'dist/cli.js']));
  });

  test('no dependency, and every peer is optional', async () => {
    const manifest = await manifestOf();
    expect(manifest.dependencies ?? {}).toEqual({});
    for (const peer of Object.keys(manifest.peerDependencies ?? {})) {
      expect(manifest.peerDependenciesMeta?.[peer], peer).toEqual({ optional: true });
    }
  });

  test('the code loads nothing but node:* and its own files, and names no folder of this machine', async () => {
    for (const file of consumer.files.filter((name) => name.startsWith('dist/'))) {
      const text = await readFile(join(consumer.packageFolder, file), 'utf8');
      expect(text.includes(ROOT), `${file} contains ${ROOT}`).toBe(false);
      if (!/\.c?js$/.test(file)) continue;
      const loads = text.matchAll(
        /^(?:import|export)\b[^'"]*?from ?["']([^"']+)["']|\b(?:require|import)\(["']([^"']+)["']\)/gm,
      );
      const foreign = [...loads].map((match) => match[1] ?? match[2]!).filter((name) => !/^(?:node:|\.)/.test(name));
      expect(foreign, file).toEqual([]);
    }
  });
});

describe('it runs', () => {
  test('from ESM, beside its CommonJS copy', async () => {
    expect(await node('consumer.mjs', [], consumer.folder)).toBe('ok\n');
  });

  test('from CommonJS', async () => {
    expect(await node('consumer.cjs', [], consumer.folder)).toBe('ok\n');
  });

  test.each(Object.keys(ENTRY_POINTS).map(specifierOf))('%s offers the same to import and require', async (name) => {
    const script = `const keys = (m) => Object.keys(m).filter((k) => k !== 'default' && k !== 'module.exports').sort().join();
      import(${JSON.stringify(name)}).then((m) => console.log(keys(m) === keys(require(${JSON.stringify(name)}))));`;
    expect(await run(process.execPath, ['-e', script], consumer.folder)).toBe('true\n');
  });

  test.each([
    ['import', (load: string) => `import('truechimer/native').then(({ nativeClocks }) => { ${load} });`],
    ['require', (load: string) => `const { nativeClocks } = require('truechimer/native'); ${load}`],
  ])('native clocks through the koffi of a user, with %s', async (_, scriptOf) => {
    const script = scriptOf(`const koffi = require(${JSON.stringify(fromRoot('node_modules/koffi'))});
      const native = nativeClocks({ koffi, via: 'koffi' });
      console.log(native.status === 'available' ? typeof native.boot.nowNs() : native.reason);`);
    // Where koffi has no binary it throws by itself, and where the machine is unknown there is a reason.
    expect(await run(process.execPath, ['-e', script], consumer.folder)).toMatch(/^(?:bigint|platform)\n$/);
  });

  test('its manifest can be required', async () => {
    const script = "console.log(require('truechimer/package.json').version)";
    expect(await run(process.execPath, ['-e', script], consumer.folder)).toBe(`${(await manifestOf()).version}\n`);
  });

  test('its command says its version', async () => {
    const command = join(consumer.folder, 'node_modules', '.bin', 'truechimer');
    expect((await run(command, ['--version'], consumer.folder)).trim()).toContain((await manifestOf()).version);
    expect(await run(command, ['--help'], consumer.folder)).toContain('doctor');
  });
});

describe('it type-checks in a strict consumer', () => {
  beforeAll(async () => {
    const config = {
      compilerOptions: {
        module: 'nodenext',
        target: 'es2022',
        lib: ['es2022'],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        types: ['node'],
        typeRoots: [fromRoot('node_modules/@types')],
      },
      files: ['consumer.mts', 'consumer.cts'],
    };
    await writeFile(join(consumer.folder, 'tsconfig.json'), JSON.stringify(config));
  });

  test.each(['typescript', 'ts7'])('with %s', async (compiler) => {
    const { version } = JSON.parse(readProjectFile(`node_modules/${compiler}/package.json`)) as Manifest;
    expect(version).toMatch(compiler === 'ts7' ? /^7\./ : /^6\./);
    expect(await node(fromRoot(`node_modules/${compiler}/bin/tsc`), ['-p', '.'], consumer.folder)).toBe('');
  });
});
