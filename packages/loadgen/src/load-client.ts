import type { RegionAccess } from '@pagewire/protocol';

/** What a load needs of a client. `Client` of `@pagewire/client` is one. */
export interface LoadClient {
  /** Anything but `open` means that what it is asked now waits for a connection. Absent: nothing is known. */
  readonly state?: string;
  region(name: string, options: { readonly bytes: number; readonly pageBytes: number }): Promise<RegionAccess>;
  deleteRegion(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the client with this index. Client i usually talks to target i modulo the number of targets. */
export type OpenClient = (clientIndex: number) => Promise<LoadClient>;
