/* The invariants, the deaths and what else the world does to nodes. */

byte joined;

/* After every step. I1, I2 and I7 of whoever is alive; and in a quiet world I6, and that nothing is kept or waits. */
inline check() {
  i = 0;
  k = 0;
  do
  :: i < NODES ->
    if
    :: HAS(alive, i) && READABLE(i) ->
      /* I1 */
      assert(k == 0 || (k == 1 && agent[i].state != EXCLUSIVE));
      k = (agent[i].state == EXCLUSIVE -> 2 : 1);
      /* I2 */
      assert(agent[i].value == last_value);
      /* I7 */
      assert(HAS(members, i));
      assert((home != UNHELD && home != LOST && (HAS(sharers, i) || owner == i)) || (home == BUSY && requester == i))
    :: else
    fi;
    i++
  :: else -> break
  od;
  if
  :: flights == 0 && dying == 0 -> check_quiet()
  :: else
  fi
}

inline check_quiet() {
  i = 0;
  go_on = true;
  do
  :: i < NODES ->
    if
    :: HAS(alive, i) && agent[i].pin != 0 -> go_on = false
    :: else
    fi;
    i++
  :: else -> break
  od;
  if
  :: go_on ->
    assert(home != BUSY && len(queue) == 0);
    i = 0;
    do
    :: i < NODES ->
      /* I6 */
      assert(!agent[i].wants_read && !agent[i].wants_write);
      assert(agent[i].state <= EXCLUSIVE && agent[i].kept == 0 && agent[i].unconfirmed == 0);
      assert(len(gated[i]) == 0 && len(deferred[i]) == 0);
      i++
    :: else -> break
    od
  :: else
  fi
}

inline clear_scratch() {
#ifdef SHORTEST
  kind = 0; id = 0; v = 0; who = 0; value = 0; i = 0; j = 0; k = 0; from = 0;
  effects = 0; told = 0; list = 0; before_state = 0; role = 0; input = 0; permitted = 0; go_on = 0
#else
  skip
#endif
}

#define IS_BLANK(n) (agent[n].state == INVALID && agent[n].kept == 0 && len(deferred[n]) == 0 && len(gated[n]) == 0)

/* It stops at once. What it sent is still on its way; what is sent to it is not read. */
inline gone(n) {
  alive = alive & ~BIT(n);
  entitled = entitled & ~BIT(n);
  agent[n].state = INVALID;
  agent[n].version = 0;
  agent[n].request = 0;
  end_request(n);
  agent[n].kept = 0;
  agent[n].wanted = 0;
  agent[n].unconfirmed = 0;
  agent[n].lost = 0;
  agent[n].pin = 0;
  agent[n].value = 0;
  agent[n].wants_read = 0;
  agent[n].wants_write = 0;
  drain(n);
  i = 0;
  do
  :: i < NODES ->
    do
    :: len(LINK_BETWEEN(i, n)) > 0 -> LINK_BETWEEN(i, n)?_, _, _, _; flights--
    :: else -> break
    od;
    i++
  :: else -> break
  od
}

inline drain(n) {
  do
  :: len(gated[n]) > 0 -> gated[n]?_, _, _, _
  :: else -> break
  od;
  do
  :: len(deferred[n]) > 0 -> deferred[n]?_, _, _, _, _
  :: else -> break
  od;
  do
  :: len(to_agent[n]) > 0 -> to_agent[n]?_, _, _, _, _; flights--
  :: else -> break
  od
}

#define SENDS(n) (0 SENDS_TO(n, 0) SENDS_TO(n, 1) SENDS_TO_2(n) SENDS_TO_3(n))
#define SENDS_TO(n, m) || (len(LINK_BETWEEN(n, m)) > 0)
#if NODES > 2
#define SENDS_TO_2(n) SENDS_TO(n, 2)
#else
#define SENDS_TO_2(n)
#endif
#if NODES > 3
#define SENDS_TO_3(n) SENDS_TO(n, 3)
#else
#define SENDS_TO_3(n)
#endif

inline cut_links(n) {
  i = 0;
  do
  :: i < NODES ->
    do
    :: len(LINK_BETWEEN(n, i)) > 0 -> LINK_BETWEEN(n, i)?_, _, _, _; flights--
    :: else -> break
    od;
    i++
  :: else -> break
  od
}

/* A grant that the home has not confirmed is undone with its holder: what was written under it was seen by nobody. */
inline undo_unconfirmed(n) {
  if
  :: home == BUSY && requester == n && exclusively && last_value == version -> last_value = value_before
  :: else
  fi
}

/* Everyone living is told first: the queries of a repair must not overtake it. */
inline declare_lost(n) {
  home_begins(n, MEMBER_LOST);
  i = 0;
  do
  :: i < NODES ->
    if
    :: HAS(alive, i) && i != n -> to_agent[i]!NODE_LOST, 0, 0, n, 0; flights++
    :: else
    fi;
    i++
  :: else -> break
  od;
  member_lost(n);
  serve_queue();
  home_ends(n)
}

inline trim() {
  home_begins(NOBODY, TRIM);
  stored = 0;
  stored_value = 0;
  trimmed = 1;
  home_ends(NOBODY);
  check()
}

inline refuse_old() {
  i = len(queue);
  do
  :: i > 0 ->
    queue?kind, from, id, v;
    if
    :: kind == RELEASE -> queue!kind, from, id, v
    :: else -> tell(from, REFUSED, id, 0, 0, 0)
    fi;
    i--
  :: else -> break
  od
}
