/**
 * Starts the server that widths are measured against, in a process of its own.
 *
 * Written in C when there is a compiler, as real NTP servers are: a server in Node adds its own event loop to every width, which has
 * nothing to do with the clients that are compared.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A server in another process. */
export interface Responder {
  readonly address: string;
  readonly language: 'C' | 'Node';
  readonly stop: () => void;
}

/** How long a server may take to start, in ms. */
const START_MS_MAX = 10_000;

/** @param dwellMs - How long it holds each request between T2 and T3. */
export async function startResponder(dwellMs: number): Promise<Responder> {
  const folder = mkdtempSync(join(tmpdir(), 'truechimer-bench-'));
  const program = compile(folder);
  const [command, ...parameters] =
    program === undefined
      ? [process.execPath, beside('ntp/responder.child.js'), String(dwellMs)]
      : [program, String(dwellMs * 1000)];
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = (): void => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { address: await firstLine(child), language: program === undefined ? 'Node' : 'C', stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** A file, seen from the folder of the built benches: each is one file there, whatever it is made of. */
export function beside(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function compile(folder: string): string | undefined {
  const program = join(folder, 'responder');
  const source = beside('../ntp/responder.c');
  try {
    execFileSync('cc', ['-O2', '-o', program, source], { stdio: 'ignore' });
    return program;
  } catch {
    return undefined;
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      reject(new Error('the responder did not start'));
    };
    const timer = setTimeout(fail, START_MS_MAX);
    child.once('error', fail);
    child.once('exit', fail);
    child.stdout?.once('data', (data: Buffer) => {
      clearTimeout(timer);
      resolve(data.toString().trim());
    });
  });
}
