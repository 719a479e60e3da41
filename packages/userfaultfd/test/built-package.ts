import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const sources = fileURLToPath(new URL('../src/', import.meta.url));
const koffi = fileURLToPath(new URL('../node_modules/koffi', import.meta.url));

/** The package made from the sources as they are now, for processes of its own: never a stale build. */
export class BuiltPackage {
  readonly #folder: string;

  /** Without koffi, it is as on a machine that koffi has no binary for. */
  constructor(options: { koffi: boolean }) {
    this.#folder = mkdtempSync(join(tmpdir(), 'userfaultfd-built-'));
    // Programs run from it as other users too.
    chmodSync(this.#folder, 0o755);
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
    for (const name of readdirSync(sources)) {
      const { outputText } = ts.transpileModule(readFileSync(join(sources, name), 'utf8'), { compilerOptions });
      writeFileSync(join(this.#folder, `${basename(name, '.ts')}.js`), outputText);
    }
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }');
    mkdirSync(join(this.#folder, 'node_modules'));
    const installed = join(this.#folder, 'node_modules/koffi');
    if (options.koffi) {
      symlinkSync(koffi, installed);
    } else {
      mkdirSync(installed);
      writeFileSync(join(installed, 'index.js'), "throw new Error('Cannot find the native Koffi module')");
      writeFileSync(join(installed, 'package.json'), '{}');
    }
  }

  get index(): string {
    return join(this.#folder, 'index.js');
  }

  /** A script that stands in the package's folder and imports it by its name. */
  script(source: string): string {
    const path = join(this.#folder, 'script.mjs');
    writeFileSync(path, source.replace('@pagewire/userfaultfd', './index.js'));
    return path;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
