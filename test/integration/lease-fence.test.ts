/**
 * A lease and the watchdog: a holder that is stuck at the end of its window is ended, whatever it is stuck in; one that is only slow, has
 * given its lease back, or is not protected any more is left alone.
 */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildChild, type ChildProgram } from '../support/child-program.ts';

// Each in a process of its own, two at a time.
describe.concurrent('a holder that is protected with fence', () => {
  let program: ChildProgram;

  beforeAll(async () => {
    program = await buildChild(new URL('../injections/fenced-holder.child.ts', import.meta.url));
  });

  afterAll(async () => {
    await program?.[Symbol.asyncDispose]();
  });

  function play(scene: string, ttlMs: number): Promise<{ readonly signal: string | undefined; readonly said: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [program.path, scene, String(ttlMs)], (error, stdout, stderr) => {
        resolve({ signal: error?.signal ?? error?.message, said: stdout + stderr });
      });
    });
  }

  // The renewal leaves as much of the second window as any machine stalls.
  it('is killed when it is stuck beyond its window, as the last renewal has left it', async () => {
    expect(await play('stuck', 9000)).toEqual({ signal: 'SIGKILL', said: 'true\nbeyond the first window\n' });
  });

  // A window that no busy machine uses up.
  it('is left alone when it is only slow', async () => {
    expect(await play('slow', 120_000)).toEqual({ signal: undefined, said: 'true\nsurvived\n' });
  });

  it.each(['released', 'unprotected'])('is left alone when its lease is %s', async (scene) => {
    expect(await play(scene, 3000)).toEqual({ signal: undefined, said: 'survived\n' });
  });
});
