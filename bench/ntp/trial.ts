/**
 * One client in one scenario: servers of its own, a process of its own, and a hard limit.
 */
import { fork } from 'node:child_process';
import { NtpServer } from 'truechimer';
import { CLIENTS } from './clients.ts';
import { beside } from './responder.ts';
import type { Scenario } from './scenarios.ts';

/** What came of one question. */
export interface Round {
  /** `nonsense`: not a number, or an invalid date. `refused`: an error, or honestly unbounded. */
  readonly ended: 'answered' | 'refused' | 'nonsense' | 'hung' | 'crashed';
  /** True time minus the wall clock, in ms, as the client says. */
  readonly offsetMs?: number;
  readonly earliestMs?: number;
  readonly latestMs?: number;
  readonly tookMs: number;
}

/** What came of all rounds. */
export interface Trial {
  readonly scenario: Scenario;
  readonly client: string;
  readonly rounds: readonly Round[];
}

/** Whoever does not answer for this long hangs, in ms; the longest time limit among the clients is 10 s. */
const HANG_MS = 12_000;

/** Runs the trial; never rejects because of what a client does. */
export async function runTrial(scenario: Scenario, client: string, quick: boolean): Promise<Trial> {
  const servers = await Promise.all(scenario.servers().map((options) => NtpServer.listen(options)));
  try {
    const asked = Math.ceil((quick ? scenario.exchanges / 2 : scenario.exchanges) / (CLIENTS[client]?.exchanges ?? 1));
    const rounds = Math.max(scenario.roundsMin, Math.min(scenario.roundsMax, asked));
    const addresses = servers.map(({ address }) => address);
    return {
      scenario,
      client,
      rounds: await runChild([client, String(rounds), String(HANG_MS), ...addresses], rounds),
    };
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

function runChild(parameters: readonly string[], rounds: number): Promise<readonly Round[]> {
  return new Promise((resolve) => {
    const seen: Round[] = [];
    const child = fork(beside('ntp/client.child.js'), parameters, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const limitMs = (rounds + 1) * HANG_MS;
    let isOverdue = false;
    const timer = setTimeout(() => {
      isOverdue = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.on('message', (round) => {
      seen.push(round as Round);
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      if (isOverdue) seen.push({ ended: 'hung', tookMs: limitMs });
      else if (code !== 0) seen.push({ ended: 'crashed', tookMs: 0 });
      resolve(seen);
    });
  });
}
