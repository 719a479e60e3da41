/** What the examples use of WebAssembly. TypeScript declares it only together with the whole DOM, which programs for Node.js do without. */
declare global {
  namespace WebAssembly {
    class Memory {
      constructor(descriptor: { initial: number; maximum: number; shared: true });
      /** A SharedArrayBuffer, because the examples make shared memories only. */
      readonly buffer: SharedArrayBuffer;
    }
    class Module {
      constructor(bytes: Uint8Array);
    }
    class Instance {
      constructor(module: Module, imports: Record<string, Record<string, Memory>>);
      readonly exports: Readonly<Record<string, unknown>>;
    }
  }
}

export {};
