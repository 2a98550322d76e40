/**
 * The program behind `npm run bench`: runs from `bench/.build/harness/`, and the benches are built one folder above it.
 */
import { runCommand } from './command.ts';
import { loadBenches } from './registry.ts';

const benches = await loadBenches(new URL('../', import.meta.url));

process.exitCode = await runCommand(process.argv.slice(2), benches, {
  out: (text) => {
    console.log(text);
  },
  err: (text) => {
    console.error(text);
  },
});
