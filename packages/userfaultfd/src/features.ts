/** The features of userfaultfd, in the order of their bits (linux/userfaultfd.h), under the kernel's names in lower case. */
const featureNames = [
  'pagefault-flag-wp',
  'event-fork',
  'event-remap',
  'event-remove',
  'missing-hugetlbfs',
  'missing-shmem',
  'event-unmap',
  'sigbus',
  'thread-id',
  'minor-hugetlbfs',
  'minor-shmem',
  'exact-address',
  'wp-hugetlbfs-shmem',
  'wp-unpopulated',
  'poison',
  'wp-async',
  'move',
] as const;

/** A feature of the kernel's userfaultfd, such as `minor-shmem` for UFFD_FEATURE_MINOR_SHMEM. */
export type FeatureName = (typeof featureNames)[number];

/** What this package cannot do without, all there since Linux 6.4: faults on shared memory, missing, minor and write-protected, with the thread's id. */
export const requiredFeatures: readonly FeatureName[] = [
  'pagefault-flag-wp',
  'missing-shmem',
  'thread-id',
  'minor-shmem',
  'wp-hugetlbfs-shmem',
];

export function featuresOf(bits: number): readonly FeatureName[] {
  return featureNames.filter((_, bit) => (bits & (1 << bit)) !== 0);
}

export function bitsOf(features: readonly FeatureName[]): number {
  return features.reduce((bits, name) => bits | (1 << featureNames.indexOf(name)), 0);
}
