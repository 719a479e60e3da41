/*
 * The coherence protocol for one page, as packages/protocol has it: see README.md. check.mjs sets NODES, how many of them are members at
 * the start, how much of each thing a run may do, and LINK, the room of a link (a full one is reported, so it never hides a run).
 */
#include "world.pml"
#include "agent.pml"
#include "commands.pml"
#include "home.pml"
#include "repair.pml"
#include "checks.pml"

/* From the home to one agent. */
#define DELIVER_TO_AGENT(n) \
  d_step { HAS(alive, n) && len(to_agent[n]) > 0 -> \
    step('h', n, 0); to_agent[n]?kind, id, v, who, value; flights--; \
    agent_begins(n, kind); from_home(n); agent_ends(n); run_accesses(n); check(); clear_scratch() }

/* Nodes are alike, so those that are members from the start may as well make their first access in order. */
#define MAY_START(n) (n <= touched || n >= MEMBERS)

proctype Node(byte n) {
end:
  do
  :: DELIVER_TO_AGENT(n)
  :: d_step { len(to_home[n]) > 0 && HAS(members, n) ->
      step('a', n, 0);
      to_home[n]?kind, id, v, value; flights--;
      from = n;
      home_begins(n, kind); home_heard(); serve_queue(); home_ends(n);
      check(); clear_scratch() }
  :: d_step { accesses > 0 && HAS(alive, n) && MAY_START(n) && !agent[n].wants_read && !READABLE(n) ->
      accesses--;
      touched = (n == touched && n < MEMBERS -> n + 1 : touched);
      step('r', n, 0);
      agent[n].wants_read = 1;
      agent_begins(n, FAULT_READONLY); fault_for(n, false); agent_ends(n);
      check(); clear_scratch() }
  :: d_step { accesses > 0 && HAS(alive, n) && MAY_START(n) && !agent[n].wants_write && agent[n].state != EXCLUSIVE ->
      accesses--;
      touched = (n == touched && n < MEMBERS -> n + 1 : touched);
      step('w', n, 0);
      agent[n].wants_write = 1;
      agent_begins(n, FAULT_EXCLUSIVE); fault_for(n, true); agent_ends(n);
      check(); clear_scratch() }
  :: d_step { evictions > 0 && HAS(alive, n) && agent[n].pin == 0 && (agent[n].state == READONLY || agent[n].state == EXCLUSIVE) ->
      evictions--;
      step('e', n, 0);
      agent_begins(n, EVICT); give_up(n); agent_ends(n);
      check(); clear_scratch() }
#if PINS > 0
  :: d_step { pins > 0 && HAS(alive, n) && agent[n].pin == 0 && READABLE(n) ->
      pins--; step('p', n, 0); agent[n].pin = 1; printf("@ say %d pins the page readonly\n", n) }
  :: d_step { pins > 0 && HAS(alive, n) && agent[n].pin == 0 && agent[n].state == EXCLUSIVE ->
      pins--; step('x', n, 0); agent[n].pin = 2; printf("@ say %d pins the page exclusive\n", n) }
  :: d_step { HAS(alive, n) && agent[n].pin != 0 ->
      /* It still has what was pinned. */
      assert(agent[n].pin == 2 -> agent[n].state == EXCLUSIVE : READABLE(n));
      step('u', n, 0);
      agent[n].pin = 0;
      agent_begins(n, UNPIN); resume_commands(n); agent_ends(n);
      check(); clear_scratch() }
#endif
#if CRASHES > 0
  :: d_step { crashes > 0 && HAS(alive, n) ->
      crashes--; step('c', n, 0); printf("@ say %d crashes\n", n);
      gone(n); dying = dying | BIT(n); clear_scratch() }
  :: d_step { HAS(dying, n) ->
      dying = dying & ~BIT(n); step('d', n, 0); printf("@ say %d is declared lost\n", n);
      undo_unconfirmed(n); declare_lost(n); check(); clear_scratch() }
#endif
#if LEAVES > 0
  /* In good order: it holds nothing, keeps nothing, waits for nothing, and has said all it had to say. */
  :: d_step { leaves > 0 && HAS(alive, n) && IS_BLANK(n) && len(to_home[n]) == 0 && agent[n].request > 0 ->
      leaves--; step('l', n, 0); printf("@ say %d leaves\n", n);
      gone(n); declare_lost(n); assert(home != LOST || before_state == LOST); check(); clear_scratch() }
  /* Its links to others end with it, and what was on them. */
  :: d_step { leaves > 0 && HAS(alive, n) && IS_BLANK(n) && len(to_home[n]) == 0 && agent[n].request > 0 && SENDS(n) ->
      leaves--; step('L', n, 0); printf("@ say %d leaves, and its links are cut\n", n);
      gone(n); cut_links(n); declare_lost(n); assert(home != LOST || before_state == LOST); check(); clear_scratch() }
#endif
#if MEMBERS < NODES
  /* A process that comes back is another incarnation: one more node. */
  :: d_step { n >= MEMBERS && !HAS(joined, n) && HAS(joined, n - 1) && touched > 0 ->
      step('j', n, 0); joined = joined | BIT(n); members = members | BIT(n); alive = alive | BIT(n); printf("@ say %d joins\n", n) }
#endif
  od
}

/* From one agent to another. */
proctype Link(byte m; byte n) {
end:
  do
  :: d_step { HAS(alive, n) && len(LINK_BETWEEN(m, n)) > 0 ->
      step('b', m, n);
      LINK_BETWEEN(m, n)?kind, id, v, value; flights--;
      agent_begins(n, kind);
      if
      :: kind == PAGE -> page_arrived(n)
      :: else -> take_ack(n, m)
      fi;
      agent_ends(n); run_accesses(n); check(); clear_scratch() }
  od
}

#if TRIMS > 0 || TICKS > 0
proctype Coordinator() {
end:
  do
#if TRIMS > 0
  :: d_step { trims > 0 && home == SHARED && stored && stored_value != 0 ->
      trims--; step('t', 0, 0); trim(); clear_scratch() }
#endif
#if TICKS > 0
  /* The queue's time is up: whoever waits for its turn is refused. */
  :: d_step { ticks > 0 && home == BUSY && len(queue) > 0 ->
      ticks--; step('k', 0, 0); home_begins(NOBODY, TICK); refuse_old(); home_ends(NOBODY); check(); clear_scratch() }
#endif
  od
}
#endif

init {
  d_step {
    joined = BIT(MEMBERS) - 1;
    members = joined;
    alive = joined
  };
  atomic {
    byte a, b;
    a = 0;
    do
    :: a < NODES ->
      run Node(a);
      b = 0;
      do
      :: b < NODES ->
        if
        :: a != b -> run Link(a, b)
        :: else
        fi;
        b++
      :: else -> break
      od;
      a++
    :: else -> break
    od;
    a = 0;
    b = 0;
#if TRIMS > 0 || TICKS > 0
    run Coordinator()
#else
    skip
#endif
  }
}
