/**
 * Any value, in words that fit the sentence of a message: what it is, and never more of it than helps.
 */

/** The longest part of a value that a message shows. */
const SHOWN_CHARACTERS_MAX = 40;

/** What the value is; safe for objects that refuse to become strings, and short for long ones. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `string ${JSON.stringify(value.slice(0, SHOWN_CHARACTERS_MAX))}`;
    case 'bigint':
      return `bigint ${value.toString().slice(0, SHOWN_CHARACTERS_MAX)}n`;
    case 'number':
    case 'undefined':
      return `${value}`;
    case 'boolean':
      return `boolean ${value}`;
    case 'object':
      return value === null ? 'null' : describeObject(value);
    default:
      return typeof value;
  }
}

/** Whether it is a `Date`, of any realm. */
export function isDate(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Date]';
}

function describeObject(value: object): string {
  try {
    if (Array.isArray(value)) return `an array of ${value.length}`;
    const name: unknown = value.constructor.name;
    if (typeof name !== 'string' || !/^[A-Z_$][\w$]*$/i.test(name) || name === 'Object') return 'object';
    return `${/^(?:[AEIOU]|Ntp)/i.test(name) ? 'an' : 'a'} ${name.slice(0, SHOWN_CHARACTERS_MAX)}`;
  } catch {
    return 'object';
  }
}
