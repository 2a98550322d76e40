/**
 * The `truechimer` command: gives the program this process's streams, clock and signals.
 *
 * The process ends by itself, so that everything written is flushed: nothing here calls `process.exit`.
 */
import { systemClock } from '../node/index.ts';
import { thisMachine } from './machine.ts';
import { runProgram } from './program.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => {
  interrupt.abort(); // the second one meets the default: it kills
});

/** Whoever read our output has gone (`| head`): nobody is left to tell. */
function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
process.stdout.on('error', ignoreBrokenPipe);
process.stderr.on('error', ignoreBrokenPipe);

process.exitCode = await runProgram(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  clock: systemClock,
  machine: thisMachine,
  signal: interrupt.signal,
});
