/** A process that injections happen to, watched by ours or by a peer. Argument: by whom. */
import { setTimeout as delay } from 'node:timers/promises';
import { ourWitness } from '../../test/injections/our-witness.ts';
import { sharedNowMs } from '../../test/injections/protocol.ts';
import { runSubject, type Witness } from '../../test/injections/subject-run.ts';
import { STARTERS } from './watchers.ts';

const WARM_UP_MS = 1200;
const name = process.argv[2] ?? '';

runSubject(name === 'truechimer with watchdog' ? ourWitness() : peerWitness());

function peerWitness(): Witness {
  const starter = STARTERS[name];
  if (starter === undefined) throw new Error(`no peer ${name}`);
  return {
    async start(tell) {
      await starter((cause, ms) => {
        const toldMs = sharedNowMs();
        tell({ said: 'pause', cause, gapMs: ms, maxMs: ms, endMs: toldMs, toldMs, why: {} });
      });
      await delay(WARM_UP_MS);
      return {};
    },
  };
}
