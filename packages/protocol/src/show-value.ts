const SHOWN_CHARACTERS = 80;

/**
 * A value that a program passed, for the message that refuses it: short, on one line, and without running code of the value's own. `String()` and
 * `JSON.stringify` throw for some values (symbols, bigints, objects without a prototype), and a refusal must not.
 */
export function showValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value);
    case 'object':
      return value === null ? 'null' : 'an object';
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    default:
      return String(value);
  }
}
