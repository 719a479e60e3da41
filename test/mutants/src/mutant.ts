/** Layers that can find a planted bug, the quicker ones first. */
export const layerNames = ['scenarios', 'unit', 'machines', 'mapped', 'simulation'] as const;
export type LayerName = (typeof layerNames)[number];

/** One text of the product's sources as it would be with a bug in it. Production code does not know of it. */
export interface Mutant {
  /** Kebab-case. */
  readonly name: string;
  /** What goes wrong, and which invariant or rule of `docs/protocol.md` that is, where it is one. */
  readonly breaks: string;
  /** Path from the top of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  /** What stands there instead; the file must still load. */
  readonly replace: string;
  /** Unit tests that are near it, as paths from the top of the repository; all of its package where there are none. */
  readonly tests?: readonly string[];
  /** Part of the quick subset: one of each group, found by a layer that is quick. */
  readonly quick?: true;
}

/** Mutants of one part of the product. */
export interface MutantGroup {
  readonly title: string;
  readonly mutants: readonly Mutant[];
}
