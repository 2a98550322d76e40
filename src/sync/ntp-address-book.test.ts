import { describe, expect, it } from 'vitest';
import { NTP_ADDRESSES_MAX, NTP_RESOLVE_EVERY_MS, NtpAddressBook } from './ntp-address-book.ts';
import type { NtpAddress } from './ntp-transport.ts';

const address = (ip: string): NtpAddress => ({ ip, family: 4, port: 123 });
const [A, B, C] = [address('192.0.2.1'), address('192.0.2.2'), address('192.0.2.3')] as const;

function book(...addresses: NtpAddress[]): NtpAddressBook {
  const made = new NtpAddressBook();
  made.resolved(addresses, 0);
  return made;
}

function fail(failing: NtpAddressBook, times: number): void {
  for (let count = 0; count < times; count += 1) failing.settled(false);
}

describe('when a name is due', () => {
  it('at the start', () => {
    expect(new NtpAddressBook().isDue(0)).toBe(true);
    expect(new NtpAddressBook().current).toBeUndefined();
  });

  it('an hour later, and not before', () => {
    const addresses = book(A);
    expect(addresses.isDue(NTP_RESOLVE_EVERY_MS - 1)).toBe(false);
    expect(addresses.isDue(NTP_RESOLVE_EVERY_MS)).toBe(true);
    addresses.resolved([A], NTP_RESOLVE_EVERY_MS);
    expect(addresses.isDue(NTP_RESOLVE_EVERY_MS + 1)).toBe(false);
  });

  it('after two failures in a row, not after two with a success between', () => {
    const addresses = book(A);
    fail(addresses, 1);
    expect(addresses.isDue(1)).toBe(false);
    addresses.settled(true);
    fail(addresses, 1);
    expect(addresses.isDue(1)).toBe(false);
    fail(addresses, 1);
    expect(addresses.isDue(1)).toBe(true);
  });
});

describe('which address is used', () => {
  it('the first', () => {
    expect(book(A, B).current).toBe(A);
  });

  it('the one in use, while the answer has it and it works, whatever the order', () => {
    const addresses = book(A, B, C);
    addresses.next();
    addresses.resolved([C, A, { ...B }], 1);
    expect(addresses.current).toEqual(B);
  });

  it('the first of the new answer when it is gone', () => {
    const addresses = book(A, B);
    addresses.resolved([C, B], 1);
    expect(addresses.current).toBe(C);
  });

  it('the next one when it keeps failing, and from there on with a fresh count', () => {
    const addresses = book(A, B, C);
    fail(addresses, 2);
    addresses.resolved([A, B, C], 1);
    expect(addresses.current).toBe(B);
    expect(addresses.isDue(1)).toBe(false);
  });

  it('the first of the new answer when the failing one is gone: it is not skipped', () => {
    const addresses = book(A);
    fail(addresses, 2);
    addresses.resolved([B, C], 1);
    expect(addresses.current).toBe(B);
  });

  it('the first again after the last', () => {
    const addresses = book(A, B);
    addresses.next();
    fail(addresses, 2);
    addresses.resolved([A, B], 1);
    expect(addresses.current).toBe(A);
  });

  it('another old one when it keeps failing and the name cannot be looked up; the name stays due', () => {
    const addresses = book(A, B);
    fail(addresses, 2);
    addresses.resolveFailed();
    expect(addresses.current).toBe(B);
    expect(addresses.isDue(1)).toBe(true);
  });

  it('the same old one when only the hour has passed and the name cannot be looked up', () => {
    const addresses = book(A, B);
    addresses.resolveFailed();
    expect(addresses.current).toBe(A);
  });

  it('is undefined, and nothing breaks, while there is none', () => {
    const addresses = new NtpAddressBook();
    fail(addresses, 3);
    addresses.resolveFailed();
    addresses.next();
    expect(addresses.current).toBeUndefined();
  });
});

describe('an address that denied', () => {
  it('is dropped for good, whatever the name says later', () => {
    const addresses = book(A, B);
    addresses.deny(A);
    expect([addresses.current, addresses.size]).toEqual([B, 1]);
    addresses.resolved([{ ...A }, C], 1);
    expect([addresses.current, addresses.size]).toEqual([C, 1]);
  });

  it('gives way to the next, to the first after the last, with a fresh count of failures', () => {
    const addresses = book(A, B, C);
    addresses.next();
    fail(addresses, 1);
    addresses.deny(B);
    expect(addresses.current).toBe(C);
    fail(addresses, 1);
    expect(addresses.isDue(1)).toBe(false);
    addresses.deny(C);
    expect(addresses.current).toBe(A);
  });

  it('leaves the one in use alone when it is another, before or after it, or none of them', () => {
    const addresses = book(A, B, C);
    addresses.next();
    fail(addresses, 1);
    for (const other of [C, A, address('192.0.2.9')]) {
      addresses.deny(other);
      expect(addresses.current).toBe(B);
    }
    fail(addresses, 1);
    expect(addresses.isDue(1)).toBe(true);
  });

  it('is all there is: none is in use, until the name has another one', () => {
    const addresses = book(A);
    addresses.deny(A);
    expect([addresses.current, addresses.size, addresses.isInUse(A)]).toEqual([undefined, 0, false]);
    addresses.resolved([A], 1);
    expect([addresses.current, addresses.isDue(2)]).toEqual([undefined, false]);
    addresses.resolved([A, B], 3);
    expect([addresses.current, addresses.isInUse({ ...B })]).toEqual([B, true]);
  });

  it('is all of an answer: the others stay, and a failing one gives way', () => {
    const addresses = book(A, B, C);
    addresses.deny(A);
    fail(addresses, 2);
    addresses.resolved([A], 1);
    expect([addresses.current, addresses.size, addresses.isDue(1)]).toEqual([C, 2, false]);
  });

  it('takes no place among those that are kept', () => {
    const many = Array.from({ length: 2 * NTP_ADDRESSES_MAX }, (_, index) => address(`192.0.2.${index}`));
    const addresses = book(...many);
    for (const denied of many.slice(0, NTP_ADDRESSES_MAX)) addresses.deny(denied);
    addresses.resolved(many, 1);
    expect([addresses.size, addresses.current]).toEqual([NTP_ADDRESSES_MAX, many[NTP_ADDRESSES_MAX]]);
  });
});

it('keeps a limited number of addresses', () => {
  const many = Array.from({ length: 100 }, (_, index) => address(`192.0.2.${index}`));
  expect(book(...many).size).toBe(NTP_ADDRESSES_MAX);
});
