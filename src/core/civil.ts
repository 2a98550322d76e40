/**
 * Epoch milliseconds as ISO 8601, without `Date`: core mentions no platform clock.
 *
 * The calendar is proleptic Gregorian; days to civil date after Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms" (civil_from_days), which counts years from March so that the leap day is last.
 */

const DAY_MS = 86_400_000;
const DAYS_PER_ERA = 146_097;
/** Days from 0000-03-01 to 1970-01-01. */
const EPOCH_DAY = 719_468;

/** A moment as `YYYY-MM-DDTHH:MM:SS.mmmZ`, floored to the millisecond; years outside 0..9999 as ECMA-262 writes them. */
export function isoFromEpochMs(epochMs: number): string {
  const wholeMs = Math.floor(epochMs);
  const days = Math.floor(wholeMs / DAY_MS);
  const msOfDay = wholeMs - days * DAY_MS;
  const date = civilFromDays(days);
  const time = [
    pad(Math.floor(msOfDay / 3_600_000), 2),
    pad(Math.floor(msOfDay / 60_000) % 60, 2),
    pad(Math.floor(msOfDay / 1000) % 60, 2),
  ].join(':');
  return `${isoYear(date.year)}-${pad(date.month, 2)}-${pad(date.day, 2)}T${time}.${pad(msOfDay % 1000, 3)}Z`;
}

function civilFromDays(daysSinceEpoch: number): { year: number; month: number; day: number } {
  const shifted = daysSinceEpoch + EPOCH_DAY;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

/** The first moment of the next month in UTC, as epoch milliseconds. */
export function startOfNextMonthMs(epochMs: number): number {
  const { year, month } = civilFromDays(Math.floor(epochMs / DAY_MS));
  return daysFromCivil(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1) * DAY_MS;
}

/** Days from 1970-01-01 to the first day of a month (Hinnant's days_from_civil). */
function daysFromCivil(year: number, month: number): number {
  const yearFromMarch = month <= 2 ? year - 1 : year;
  const era = Math.floor(yearFromMarch / 400);
  const yearOfEra = yearFromMarch - era * 400;
  const monthFromMarch = month > 2 ? month - 3 : month + 9;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5);
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_DAY;
}

function isoYear(year: number): string {
  if (year >= 0 && year <= 9999) return pad(year, 4);
  return `${year < 0 ? '-' : '+'}${pad(Math.abs(year), 6)}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
