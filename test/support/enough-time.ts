/** Tests of time limits: one that runs out before this process has read what had arrived shows nothing. */

const FIRST_MS = 150;
const LONGEST_MS = 60_000;

/** Tries with a time limit, and again with twice the limit while it was too late to tell. */
export async function withEnoughTime<Value>(attempt: (limitMs: number) => Promise<Value | 'too late'>): Promise<Value> {
  for (let limitMs = FIRST_MS; limitMs <= LONGEST_MS; limitMs *= 2) {
    const value = await attempt(limitMs);
    if (value !== 'too late') return value;
  }
  throw new Error('it was too late however long it was waited for');
}
