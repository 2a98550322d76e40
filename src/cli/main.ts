/**
 * The `truechimer` command: gives the program this process's streams, clock and signals.
 *
 * The process ends by itself, so that everything written is flushed: nothing here calls `process.exit`.
 */
import { systemClock } from '../node/index.ts';
import { thisMachine } from './machine.ts';
import { runProgram } from './program.ts';

/** As it was given: what is set below is for this process, not for a program that it runs. */
const environment = { ...process.env };

// A name that is being resolved cannot be given up: the process ends only when the resolver does. This makes glibc's do so within
// seconds where name servers are silent; whoever has set it already knows better.
process.env['RES_OPTIONS'] ??= 'timeout:1 attempts:2';

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
  environment,
  clock: systemClock,
  machine: thisMachine,
  signal: interrupt.signal,
});
