import type { LinkEnd } from '@pagewire/transport';
import { ServedClient, serviceLimits } from './service-client.js';
import type { Service, ServiceHost } from './service-host.js';

export { serviceLimits } from './service-client.js';

export interface ServiceOptions {
  /** What to do about a bug met while serving: the process must not go on. By default the error is thrown where nothing catches it. */
  readonly fatal?: (error: unknown) => void;
}

function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/**
 * Serves clients of one node. Operations of one client on the same page take effect in the order in which they arrive; on different
 * pages they are concurrent, so a client that needs an order awaits the first before it starts the second.
 */
export function createService(host: ServiceHost, options: ServiceOptions = {}): Service {
  const fatal = options.fatal ?? throwUncaught;
  const clients = new Set<ServedClient>();
  let operations = 0;
  let closed = false;
  const unsubscribe = host.onRegionDeleted((region) => {
    for (const client of clients) client.regionDeleted(region);
  });

  const refusal = (): LinkEnd | undefined => {
    if (closed || host.state === 'closed') return { code: 'closed', reason: `node "${host.name}" is shutting down: connect to another` };
    if (clients.size < serviceLimits.maxClients) return undefined;
    return { code: 'overloaded', reason: `node "${host.name}" serves ${clients.size} clients already: connect to another` };
  };

  return {
    get operations() {
      return operations;
    },
    accept(_peer, link) {
      const refuse = refusal();
      if (refuse !== undefined) return { refuse };
      const client: ServedClient = new ServedClient(host, link, {
        operated: () => {
          operations += 1;
        },
        closed: () => clients.delete(client),
        fatal,
      });
      clients.add(client);
      return { handlers: client.handlers, attributes: { role: 'node', name: host.name } };
    },
    close() {
      closed = true;
      unsubscribe();
      for (const client of clients) void client.close(`node "${host.name}" is shutting down`);
    },
  };
}
