/**
 * Lloyd's algorithm in steps that add in one order however many members share the work: S. Lloyd, Least squares quantization in PCM (1982).
 * Points come in blocks of fixed size; each block makes partial sums, and the sums of all blocks are added in the order of the blocks.
 */
export const BLOCK_POINTS = 4096;

export interface Shape {
  readonly clusters: number;
  readonly dimensions: number;
}

/** Numbers in the partial sums of one block: for each cluster a sum for each dimension and a count; then how many points changed clusters. */
export function partialLength({ clusters, dimensions }: Shape): number {
  return clusters * (dimensions + 1) + 1;
}

/** Puts each point of a block in the cluster of its nearest centroid (the first of equally near ones) and sums up. */
export function assignBlock(
  { clusters, dimensions }: Shape,
  { points, labels, centroids }: { readonly points: Float64Array; readonly labels: Uint8Array; readonly centroids: Float64Array },
  partial: Float64Array,
): void {
  partial.fill(0);
  const width = dimensions + 1;
  const moved = clusters * width;
  for (let point = 0; point < labels.length; point += 1) {
    const at = point * dimensions;
    const nearest = nearestCentroid(points, at, centroids, dimensions);
    if (labels[point] !== nearest) add(partial, moved, 1);
    labels[point] = nearest;
    for (let d = 0; d < dimensions; d += 1) add(partial, nearest * width + d, points[at + d] ?? 0);
    add(partial, nearest * width + dimensions, 1);
  }
}

function nearestCentroid(points: Float64Array, at: number, centroids: Float64Array, dimensions: number): number {
  let nearest = 0;
  let shortest = Number.POSITIVE_INFINITY;
  for (let from = 0, cluster = 0; from < centroids.length; from += dimensions, cluster += 1) {
    let distance = 0;
    for (let d = 0; d < dimensions; d += 1) {
      // Within both arrays by the bounds above; the innermost loop has no room for a fallback.
      const difference = (points[at + d] as number) - (centroids[from + d] as number);
      distance += difference * difference;
    }
    if (distance >= shortest) continue;
    shortest = distance;
    nearest = cluster;
  }
  return nearest;
}

function add(sums: Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] ?? 0) + value;
}

/** Moves each centroid to the mean of its cluster; one without points stays. Returns how many points changed clusters. */
export function moveCentroids(shape: Shape, partials: readonly Float64Array[], centroids: Float64Array): number {
  const { clusters, dimensions } = shape;
  const total = new Float64Array(partialLength(shape));
  for (const partial of partials) {
    for (let index = 0; index < total.length; index += 1) add(total, index, partial[index] ?? 0);
  }
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    const at = cluster * (dimensions + 1);
    const members = total[at + dimensions] ?? 0;
    if (members === 0) continue;
    for (let d = 0; d < dimensions; d += 1) centroids[cluster * dimensions + d] = (total[at + d] ?? 0) / members;
  }
  return total[total.length - 1] ?? 0;
}
