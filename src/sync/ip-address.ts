/**
 * IP addresses as text (RFC 4291 section 2.2, RFC 6761): enough to tell an address from a name, and loopback from the rest.
 */

/** The four bytes of a dotted IPv4 address; undefined for anything else, leading zeros included. */
export function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** The eight groups of an IPv6 address, a zone (`%eth0`) left out; undefined for anything else. */
export function parseIpv6(text: string): readonly number[] | undefined {
  const zoneAt = text.indexOf('%');
  const address = zoneAt < 0 ? text : text.slice(0, zoneAt);
  if (zoneAt >= 0 && zoneAt === text.length - 1) return undefined;
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = groupsOf(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : undefined;
  return missing >= 1 ? [...head, ...new Array<number>(missing).fill(0), ...tail] : undefined;
}

/** Groups separated by colons; an IPv4 address may stand for the last two. */
function groupsOf(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const ipv4 = mayEndInIpv4 && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (ipv4 !== undefined) groups.push(pair(ipv4, 0), pair(ipv4, 2));
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

function pair(bytes: readonly number[], at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
}

/** 4 or 6 for an IP address, undefined for a name. */
export function ipFamilyOf(text: string): 4 | 6 | undefined {
  if (parseIpv4(text) !== undefined) return 4;
  return parseIpv6(text) === undefined ? undefined : 6;
}

/** Whether packets to this address cannot leave the machine: 127.0.0.0/8, ::1, ::ffff:127.0.0.0/104. */
export function isLoopbackIp(text: string): boolean {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return ipv4[0] === 127;
  const groups = parseIpv6(text);
  if (groups === undefined) return false;
  const [, , , , , mark, high = 0, low] = groups;
  if (!groups.slice(0, 5).every((group) => group === 0)) return false;
  return mark === 0xffff ? high >> 8 === 127 : mark === 0 && high === 0 && low === 1;
}

/** Whether a name means this machine by definition (RFC 6761 section 6.3). */
export function isLocalhostName(name: string): boolean {
  return /^(.*\.)?localhost\.?$/i.test(name);
}
