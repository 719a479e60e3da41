import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { type Plugin, rolldown } from 'rolldown';
import type { ProcessGlobals } from './process-globals.js';

/** One text of the product's sources that a bundle has otherwise. */
export interface SourcePatch {
  /** Path from the top of the repository. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** What `product.ts` exports, in one process. */
export type Product = typeof import('./product.js');

/**
 * The product as one function: each call of `load` is a process of its own, with module state of its own (clocks, timers, tables), and the
 * globals of that process in place of this one's. The compiled code is shared.
 */
export interface ProductBundle {
  load(globals: ProcessGlobals): Product;
}

const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const entry = fileURLToPath(new URL('../../src/cluster/product.ts', import.meta.url));
const transport = `${repository}packages/transport/src/index.ts`;
/** Stand-ins; the zero byte keeps other resolvers away from them, as rolldown's plugins agree on. */
const simulatedTransport = '\0simulated-transport';
const absentPackage = '\0absent-package';
/** Sockets and the kernel are what a simulation has not. */
const absent = /^(?:ws|bufferutil|koffi|@grpc\/.*|@pagewire\/userfaultfd)$/;
const globalNames = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'performance',
  'Date',
  'Math',
  'process',
  'network',
] as const satisfies readonly (keyof ProcessGlobals)[];

/** Bundles the product from its sources, with `patches` applied. Throws when a patch does not fit its file, or the sources do not bundle. */
export async function bundleProduct(patches: readonly SourcePatch[] = []): Promise<ProductBundle> {
  const bundle = await rolldown({
    input: entry,
    platform: 'node',
    external: [/^node:/, 'msgpackr'],
    treeshake: { moduleSideEffects: false },
    resolve: { conditionNames: ['pagewire-source', 'import', 'node'] },
    shimMissingExports: true,
    logLevel: 'silent',
    plugins: [simulatedWorld(), patched(patches)],
  });
  const { output } = await bundle.generate({ format: 'cjs', sourcemap: false });
  await bundle.close();
  const [{ code }] = output;
  const evaluate: unknown = new Script(`(function (exports, require, ${globalNames.join(', ')}) {${code}\n})`, {
    filename: 'product-of-a-simulated-process.js',
  }).runInThisContext();
  if (typeof evaluate !== 'function') throw new Error('a bundle of the product is one function');
  return {
    load: (globals) => {
      const exports: Partial<Product> = {};
      evaluate(exports, requireFor(globals), ...globalNames.map((name) => globals[name]));
      // The bundle's entry is product.ts, whose exports these are.
      return exports as Product;
    },
  };
}

const requireHere = createRequire(import.meta.url);
const requireOfProtocol = createRequire(`${repository}packages/protocol/package.json`);

/** Randomness is the simulation's; everything else is this machine's. */
function requireFor(globals: ProcessGlobals): (name: string) => unknown {
  return (name) => {
    if (name === 'node:crypto') return globals.crypto;
    return name === 'msgpackr' ? requireOfProtocol(name) : requireHere(name);
  };
}

function simulatedWorld(): Plugin {
  return {
    name: 'simulated-world',
    resolveId(source, importer) {
      if (source === '@pagewire/transport' && importer !== simulatedTransport) return simulatedTransport;
      return absent.test(source) ? absentPackage : null;
    },
    load(id) {
      if (id === absentPackage) return 'export default undefined;';
      if (id !== simulatedTransport) return null;
      return [
        `export * from ${JSON.stringify(transport)};`,
        `import { linksOver } from ${JSON.stringify(transport)};`,
        'const links = linksOver(network);',
        'export const { dial, listen } = links;',
      ].join('\n');
    },
    transform(code, id) {
      return code.includes('import.meta.url') ? code.replaceAll('import.meta.url', JSON.stringify(`file://${id}`)) : null;
    },
  };
}

function patched(patches: readonly SourcePatch[]): Plugin {
  return {
    name: 'patched',
    transform(code, id) {
      let text = code;
      for (const { file, find, replace } of patches) {
        if (id !== `${repository}${file}`) continue;
        if (text.split(find).length !== 2) throw new Error(`a patch of ${file} fits ${text.split(find).length - 1} places: ${find}`);
        text = text.replace(find, () => replace);
      }
      return text === code ? null : text;
    },
  };
}
