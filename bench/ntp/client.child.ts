/**
 * One client in a process of its own, since some hang and some crash: asks, and tells its parent what came of each round.
 *
 * Arguments: the client's name, the number of rounds, after how many ms it counts as hung, and the servers' addresses.
 */
import { type Answer, type Client, CLIENTS } from './clients.ts';
import type { Round } from './trial.ts';

const [clientName = '', rounds = '', hangMs = '', ...addresses] = process.argv.slice(2);
const client = clientOf(clientName);

for (let round = 0; round < Number(rounds); round += 1) {
  const startedMs = performance.now();
  const ending = await Promise.race([asked(client.ask(addresses, round)), hung()]);
  await tell({ ...ending, tookMs: performance.now() - startedMs });
  if (ending.ended === 'hung') break;
}
process.exit(0);

function clientOf(name: string): Client {
  const found = CLIENTS[name];
  if (found === undefined) throw new Error(`no client ${name}`);
  return found;
}

async function asked(answer: Promise<Answer>): Promise<Omit<Round, 'tookMs'>> {
  try {
    const { offsetMs, earliestMs, latestMs } = await answer;
    if (!Number.isFinite(offsetMs)) return { ended: 'nonsense' };
    if (earliestMs === undefined || latestMs === undefined) return { ended: 'answered', offsetMs };
    return { ended: 'answered', offsetMs, earliestMs, latestMs };
  } catch {
    return { ended: 'refused' };
  }
}

function hung(): Promise<Omit<Round, 'tookMs'>> {
  return new Promise((resolve) => {
    setTimeout(resolve, Number(hangMs), { ended: 'hung' });
  });
}

function tell(round: Round): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(round, () => {
      resolve();
    });
  });
}
