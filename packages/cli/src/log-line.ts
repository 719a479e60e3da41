import type { LogLine } from '@pagewire/coordinator';

/** A log line as text: `warn node-lost name=n2 incarnation=2`. Texts with spaces are quoted, so that fields can be told apart. */
export function showLogLine({ level, event, ...fields }: LogLine): string {
  const shown = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${showValue(value)}`);
  return [level, event, ...shown].join(' ');
}

const showValue = (value: string | number | undefined): string => {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
};
