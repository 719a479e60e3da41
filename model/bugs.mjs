const deaths = (accesses, more = {}) => ({
  nodes: 3,
  members: 3,
  accesses,
  evictions: 0,
  crashes: 1,
  leaves: 0,
  trims: 0,
  pins: 0,
  ticks: 0,
  ...more,
});
const peace = (accesses, more = {}) => deaths(accesses, { crashes: 0, ...more });

/**
 * Bugs that can be planted in the model (`-D BUG_…`), and a small configuration that shows each. `in` is the side that is wrong. A bug that is
 * not found means that the properties, or the configurations, have a hole.
 */
export const bugs = [
  { name: 'INSTALLED_BEFORE_ACKS', in: 'agent', what: 'an exclusive grant is installed before all acks are in', bounds: peace(3) },
  { name: 'ACK_WITH_THE_RIGHT_HERE', in: 'agent', what: 'a sharer acks an invalidate and goes on reading', bounds: peace(3) },
  { name: 'ONE_SHARER_SKIPPED', in: 'home', what: 'one sharer is not told to give its copy up', bounds: peace(3) },
  { name: 'UPGRADE_OF_THE_INVALIDATED', in: 'home', what: 'an upgrade is granted to a sharer whose copy is gone', bounds: peace(4) },
  { name: 'DOWNGRADED_STILL_WRITES', in: 'agent', what: 'an owner that was downgraded stays exclusive', bounds: peace(2) },
  { name: 'RELEASE_WITHOUT_BYTES', in: 'home', what: 'the bytes of a release are not stored', bounds: peace(2, { evictions: 1 }) },
  { name: 'PIN_IGNORED', in: 'agent', what: 'a pinned page is given up', bounds: peace(2, { pins: 1 }) },
  { name: 'KEEPERS_NOT_TOLD', in: 'home', what: 'keepers are not told that a grant is settled', bounds: peace(2) },
  {
    name: 'STALE_REQUEST',
    in: 'agent',
    what: 'an answer to an ended request is taken for the current one',
    bounds: deaths(5, { trims: 1 }),
  },
  {
    name: 'NOTHING_KEPT',
    in: 'agent',
    what: 'who is turned out keeps no copy until the grant is settled (rule 3)',
    bounds: deaths(4, { trims: 1 }),
  },
  {
    name: 'SETTLED_TOO_EARLY',
    in: 'home',
    what: 'keepers drop their copies when the grant is given, not when it is committed',
    bounds: deaths(4, { trims: 1 }),
  },
  {
    name: 'SHARERS_FORGOTTEN_AT_THE_GRANT',
    in: 'home',
    what: 'sharers are struck off before the grant is installed (rule 2)',
    bounds: deaths(3),
  },
  { name: 'NO_QUERY', in: 'home', what: 'after a death nobody is asked what is left (rule 1)', bounds: deaths(3) },
  { name: 'OLD_REPORT_ACCEPTED', in: 'home', what: 'a report of an earlier round counts for this one', bounds: deaths(4, { crashes: 2 }) },
  {
    name: 'FLOOR_IGNORED',
    in: 'home',
    what: 'bytes below the committed version are taken in (rule 6)',
    bounds: deaths(3, { evictions: 1 }),
  },
  { name: 'DEAD_ACKER_AWAITED', in: 'agent', what: 'an ack that a dead node owes is awaited for ever', bounds: deaths(3) },
  { name: 'QUEUE_DROPPED', in: 'home', what: 'a death drops the requests of the living too', bounds: deaths(3) },
];
