import { writeFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import type { Picture } from './picture.js';

/** Columns of a picture in the terminal; a character is about twice as high as it is wide. */
const TERMINAL_COLUMNS = 48;
/** From dark to bright. */
const SHADES = ' .:-=+*#%@';

export function writePng(file: string, { width, height, rgb }: Picture): void {
  const png = new PNG({ width, height, colorType: 2, inputHasAlpha: false, inputColorType: 2 });
  png.data = Buffer.from(rgb);
  writeFileSync(file, PNG.sync.write(png, { colorType: 2, inputColorType: 2, inputHasAlpha: false }));
}

/** A small copy of a picture for the terminal. In colour each character is two pixels: the upper is its foreground, the lower its background. */
export function drawn(picture: Picture, colours: boolean): string[] {
  const rows = Math.max(1, Math.round((TERMINAL_COLUMNS * picture.height) / picture.width / 2));
  const columns = Array.from({ length: TERMINAL_COLUMNS }, (_, column) => (column + 0.5) / TERMINAL_COLUMNS);
  return Array.from({ length: rows }, (_, row) => {
    if (!colours) return columns.map((x) => shade(pixel(picture, x, (row + 0.5) / rows))).join('');
    const cells = columns.map((x) => {
      const upper = pixel(picture, x, (row + 0.25) / rows).join(';');
      const lower = pixel(picture, x, (row + 0.75) / rows).join(';');
      return `\u001b[38;2;${upper};48;2;${lower}m▀`;
    });
    return `${cells.join('')}\u001b[0m`;
  });
}

/** The pixel at a place given as parts of width and height. */
function pixel({ width, height, rgb }: Picture, x: number, y: number): readonly number[] {
  const at = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
  return [...rgb.subarray(at, at + 3)];
}

function shade([red = 0, green = 0, blue = 0]: readonly number[]): string {
  // Luma of ITU-R BT.601.
  const luma = (0.299 * red + 0.587 * green + 0.114 * blue) / 256;
  return SHADES[Math.floor(luma * SHADES.length)] ?? ' ';
}
