/** What is done, and what must come of it. */
export interface Block {
  readonly inputs: readonly string[];
  readonly expected: readonly string[];
}

/** One claim about the protocol, played as blocks of input. `notes` explain it to readers. */
export interface Scenario {
  readonly claim: string;
  readonly notes: readonly string[];
  readonly blocks: readonly Block[];
}

const SEPARATOR = '----';
/** Stands for no effect at all, so that nothing can be forgotten by leaving it out. */
const NOTHING = 'nothing';

/**
 * Reads a file of scenarios: `# claim`, `## note` lines, then blocks parted by blank lines; each block is input lines, `----`, and the
 * effects expected, or `nothing`.
 */
export function parseScenarios(text: string): Scenario[] {
  return text
    .split(/^# /m)
    .slice(1)
    .map((part) => {
      const [head = '', ...paragraphs] = part.trim().split(/\n{2,}/);
      const [claim = '', ...notes] = head.split('\n');
      return { claim, notes, blocks: paragraphs.map((paragraph) => parseBlock(claim, paragraph)) };
    });
}

function parseBlock(claim: string, paragraph: string): Block {
  const lines = paragraph.split('\n');
  const at = lines.indexOf(SEPARATOR);
  if (at <= 0 || at === lines.length - 1) throw new Error(`"${claim}": a block is input lines, ${SEPARATOR}, effects:\n${paragraph}`);
  const expected = lines.slice(at + 1);
  return { inputs: lines.slice(0, at), expected: expected[0] === NOTHING ? [] : expected };
}

/** The text that {@link parseScenarios} reads back. */
export function formatScenarios(scenarios: readonly Scenario[]): string {
  return `${scenarios.map(formatScenario).join('\n\n')}\n`;
}

function formatScenario({ claim, notes, blocks }: Scenario): string {
  const paragraphs = blocks.map(({ inputs, expected }) => [...inputs, SEPARATOR, ...(expected.length === 0 ? [NOTHING] : expected)]);
  return [[`# ${claim}`, ...notes], ...paragraphs].map((lines) => lines.join('\n')).join('\n\n');
}
