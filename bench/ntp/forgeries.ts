/**
 * What can become of a reply on its way.
 */

/** Replaces a reply by any number of datagrams. */
type Tamper = (reply: Uint8Array, request: Uint8Array) => readonly Uint8Array[];

const ORIGIN = 24;
const RECEIVED = 32;
const SENT = 40;
const HOUR_S = 3600;

/** Someone who did not see the request: a wrong origin, and times an hour off. */
export function originForged(reply: Uint8Array): Uint8Array {
  const forged = Uint8Array.from(reply);
  const view = new DataView(forged.buffer);
  view.setUint32(ORIGIN, 0x12345678);
  for (const at of [RECEIVED, SENT]) view.setUint32(at, view.getUint32(at) - HOUR_S);
  return forged;
}

/** Only the first 20 bytes. */
export function truncated(reply: Uint8Array): Uint8Array {
  return reply.slice(0, 20);
}

/** The server's two stamps set to zero. */
export function timesErased(reply: Uint8Array): readonly Uint8Array[] {
  return [Uint8Array.from(reply).fill(0, RECEIVED)];
}

/** Loses the fourth of every ten replies: the same share and the same places for every client. */
export function withOneInTenLost(): Tamper {
  let replies = 0;
  return (reply) => {
    replies += 1;
    return replies % 10 === 4 ? [] : [reply];
  };
}

/** 48 bytes that mean nothing, the same in every run (xorshift32; Marsaglia, 2003). */
export function randomDatagram(): Tamper {
  let state = 0x2545f491;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xff;
  };
  return () => [Uint8Array.from({ length: 48 }, next)];
}
