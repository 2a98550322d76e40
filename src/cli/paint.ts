/**
 * Colours for terminals, and whether to use them.
 */

/** What can be said with colour; each also has to be readable without. */
export type Ink = 'strong' | 'faint' | 'good' | 'bad' | 'warn';

/** Wraps text in an ink, or returns it as it is. */
export type Paint = (ink: Ink, text: string) => string;

/** Select Graphic Rendition: on and off (ECMA-48, 8.3.117). */
const SGR: Readonly<Record<Ink, readonly [number, number]>> = {
  strong: [1, 22],
  faint: [2, 22],
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
};

/** Paints with escape sequences. */
export const colourPaint: Paint = (ink, text) => {
  const [on, off] = SGR[ink];
  return text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`;
};

/** Paints nothing. */
export const plainPaint: Paint = (_ink, text) => text;

/** The variables that decide about colour. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** As Node.js decides: FORCE_COLOR wins, then NO_COLOR, then whether it is a terminal that can. */
export function wantsColour(isTerminal: boolean, environment: Environment): boolean {
  const force = environment['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  return isTerminal && environment['TERM'] !== 'dumb';
}

/** The paint for a stream. */
export function paintFor(isTerminal: boolean, environment: Environment): Paint {
  return wantsColour(isTerminal, environment) ? colourPaint : plainPaint;
}
