/*
 * What there is: agents, one page's entry at the home, links, and the ghosts that the invariants speak of.
 * A set of nodes is a bit mask. "v + 1, or 0" stores a version that may be absent in one byte.
 */
#include "vocabulary.pml"

#define BIT(n) (1 << (n))
#define HAS(set, n) (((set) >> (n)) & 1)
#define NOBODY 255
#define ALL (BIT(NODES) - 1)

typedef Agent {
  byte state;
  byte version;      /* of the copy held here */
  byte request;      /* id of the latest request; ids only grow */
  bit granted;
  byte grant;        /* version granted */
  bit own;           /* the grant relies on the copy held here */
  byte awaited;      /* ackers still awaited */
  byte early;        /* agents whose ack is here */
  byte staged;       /* version of the bytes that wait in the frame, + 1, or 0 */
  byte kept;         /* version of the unreadable copy, + 1, or 0 */
  byte wanted;       /* a fault that waits for `released`: 0, 1 readonly, 2 exclusive */
  byte unconfirmed;  /* version of the exclusive grant that the home has not confirmed, + 1, or 0 */
  byte lost;         /* incarnations that the home has declared lost */
  byte pin;          /* 0, 1 readonly, 2 exclusive */
  byte value;        /* what the frame holds; 0 when it holds nothing that matters */
  bit wants_read;    /* accesses of this node that wait */
  bit wants_write;
}
Agent agent[NODES];

/* The home's entry. `sharers` and `owner` are the record at rest and in a transaction alike. */
byte home = UNHELD;
byte members;
byte sharers;
byte owner = NOBODY;
byte floor;
byte issued;
bit stored = 1;      /* the home has the bytes at `floor` */
byte stored_value;
/* The transaction. */
byte requester = NOBODY;
byte request;
bit exclusively;
byte version;
byte source = NOBODY;
byte keepers;
bit acquired;
bit awaiting_downgraded;
/* Its repair. */
byte round;          /* of the repair under way, or 0 */
byte rounds;
byte asked;          /* who has not reported yet */
byte reported;
byte reported_readonly;
byte reported_pending;

/*
 * The sharers in order of arrival, three bits for each (node + 1), the first lowest. The order says who sends the bytes that the home has
 * trimmed, and nothing else.
 */
short order;

/* Links. Fields: kind, request id or round, version, set or node, value. */
chan to_home[NODES] = [LINK] of { byte, byte, byte, byte };          /* kind, id, version, value */
chan to_agent[NODES] = [LINK] of { byte, byte, byte, byte, byte };   /* kind, id, version, who, value */
chan between[NODES * NODES] = [3] of { byte, byte, byte, byte };     /* kind, id, version, value; from * NODES + to */
/* What waits inside: for the home's confirmation, for a pin to end, for the page to be idle. */
chan gated[NODES] = [4] of { byte, byte, byte, byte };
chan deferred[NODES] = [4] of { byte, byte, byte, byte, byte };
chan queue = [NODES * 2] of { byte, byte, byte, byte };              /* kind, from, id, version */
#define LINK_BETWEEN(m, n) between[(m) * NODES + (n)]

byte flights;        /* messages on their way */
byte alive;
byte dying;          /* crashed, and the lease has not ended */
byte touched;        /* nodes that have made an access: they come in order, for nodes are alike */

/* Ghosts. A writer stores the number of its own grant, so the value of a page names the grant under which it was last written. */
byte last_value;
byte value_before;
bit trimmed;
byte entitled;       /* who was given the newest committed bytes, and neither gave them back nor was told of newer ones */

byte accesses = ACCESSES;
byte evictions = EVICTIONS;
byte crashes = CRASHES;
byte leaves = LEAVES;
byte trims = TRIMS;
byte pins = PINS;
byte ticks = TICKS;

/* Scratch of one step: not part of the state. A search in breadth wants it to be, so there it is cleared at the end of each step. */
#ifdef SHORTEST
#define SCRATCH
#else
#define SCRATCH hidden
#endif
SCRATCH byte kind, id, v, who, value, i, j, k, from;
SCRATCH int effects, told, list;
SCRATCH byte before_state, role, input, permitted, go_on;

#define EFFECT(e) effects = effects | (1 << (e))
#define TOLD(e) told = told | (1 << (e))

/* One line of a trail, and one transition for the honesty test. */
#ifdef RECORD
/* Every step and every transition that the search takes is noted: see record.h. */
hidden byte noted_move, noted_node, noted_peer, noted_detail;
hidden int noted_after, noted_effects;
c_decl {
\#include "record.h"
};
#endif

/* `move` is a letter: it names the step in the schedules that check.mjs writes. */
inline step(move, first, second) {
#ifdef RECORD
  noted_move = move;
  noted_node = first;
  noted_peer = second;
  c_code { note_step(depth, noted_move, noted_node, noted_peer); }
#else
  skip
#endif
}

/* What a machine's state does not tell and decides how it goes on: each combination gets a schedule of its own. */
#define DETAIL_OF_AGENT(n) (agent[n].granted + (agent[n].staged != 0 -> 2 : 0) + (agent[n].kept != 0 -> 4 : 0) + (agent[n].unconfirmed != 0 -> 8 : 0))
#define DETAIL_OF_HOME (acquired + (awaiting_downgraded -> 2 : 0) + (round != 0 -> 4 : 0))
#ifdef RECORD
#define DETAIL(detail) noted_detail = detail
#else
#define DETAIL(detail) skip
#endif

inline agent_begins(n, what) {
  before_state = agent[n].state;
  input = what;
  effects = 0;
  permitted = false;
  DETAIL(DETAIL_OF_AGENT(n))
}

inline agent_ends(n) {
#ifdef RECORD
  noted_after = agent[n].state;
  noted_effects = effects;
  c_code { note_transition(depth, 0, before_state, 0, input, noted_after, noted_effects, noted_detail); };
#endif
  printf("@ agent %d %d %d %d %d v%d floor %d\n", n, before_state, input, agent[n].state, effects, agent[n].version, floor)
}

#define HOME_STATE (home + (stored && stored_value != 0 -> WITH_BYTES : 0))

inline home_begins(n, what) {
  before_state = HOME_STATE;
  input = what;
  told = 0;
  role = BY_OTHER;
  DETAIL(DETAIL_OF_HOME);
  if
  :: n != NOBODY ->
    if
    :: home == BUSY && requester == n -> role = BY_REQUESTER
    :: home != UNHELD && home != LOST && (HAS(sharers, n) || owner == n) -> role = BY_HOLDER
    :: else
    fi
  :: else
  fi
}

inline home_ends(n) {
#ifdef RECORD
  noted_after = HOME_STATE;
  noted_effects = told;
  noted_detail = noted_detail + (round != 0 -> 8 : 0);
  c_code { note_transition(depth, 1, before_state, role, input, noted_after, noted_effects, noted_detail); };
#endif
  printf("@ home %d %d %d %d %d %d v%d floor %d\n", n, before_state, role, input, HOME_STATE, told, version, floor)
}
