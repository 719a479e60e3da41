/** A fenced block of a document that a comment on the line before marks as runnable. */
export interface RunnableBlock {
  readonly language: string;
  readonly text: string;
  /** Where the text starts, counted from 1. */
  readonly line: number;
  /** How many processes of one cluster run it; 1 is the program by itself. */
  readonly processes: number;
  /** What the program prints, where a block marked `<!-- prints -->` comes before the next runnable one. */
  readonly prints: string | undefined;
}

const mark = /^<!-- (runs|prints)(?: on (\d+) processes)? -->$/;
const fence = /^```(\w*)$/;

/**
 * The blocks of a Markdown text that stand directly below `<!-- runs -->`: `js` and `ts` programs and `bash` scripts. One below
 * `<!-- runs on 3 processes -->` is run by `pagewire run`. `<!-- prints -->` above
 * a block says that the runnable block before it prints exactly that on standard output. Throws on a mark that no block follows.
 */
export function runnableBlocks(markdown: string): RunnableBlock[] {
  const lines = markdown.split('\n');
  const blocks: RunnableBlock[] = [];
  for (const [at, line] of lines.entries()) {
    const [, kind, processes = '1'] = mark.exec(line.trim()) ?? [];
    if (kind === undefined) continue;
    const language = fence.exec(lines[at + 1] ?? '')?.[1];
    const end = lines.indexOf('```', at + 2);
    if (language === undefined || end === -1) throw new Error(`line ${at + 1} marks a block, and none stands below it`);
    const text = lines.slice(at + 2, end).join('\n');
    if (kind === 'runs') blocks.push({ language, text, line: at + 3, processes: Number(processes), prints: undefined });
    else blocks.push({ ...runBefore(blocks.pop(), at + 1), prints: text });
  }
  return blocks;
}

function runBefore(block: RunnableBlock | undefined, line: number): RunnableBlock {
  if (block === undefined) throw new Error(`line ${line} says what a program prints, and no program stands above it`);
  return block;
}
