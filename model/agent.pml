/* A node's side: packages/protocol/src/agent. Every inline is a part of one step and runs to its end. */

#define WAITING(n) (agent[n].state == WAITING_READ || agent[n].state == WAITING_WRITE || agent[n].state == UPGRADING)
#define HAS_COPY(n) (agent[n].state == READONLY || agent[n].state == EXCLUSIVE || agent[n].state == UPGRADING \
  || agent[n].state == RELEASING || agent[n].state == RELEASING_READONLY)
#define RELEASES(n) (agent[n].state >= RELEASING)
#define READABLE(n) (agent[n].state == READONLY || agent[n].state == EXCLUSIVE || agent[n].state == UPGRADING)
#define FRAME_IN_USE(n) (HAS_COPY(n) || agent[n].kept != 0 || agent[n].staged != 0)

/* exposure.ts: what comes behind a message that waits for the home's confirmation waits too. */
inline send_home(n, what, id_, version_, value_) {
  if
  :: len(gated[n]) > 0 -> gated[n]!what, id_, version_, value_
  :: else -> to_home[n]!what, id_, version_, value_; flights++; EFFECT(what)
  fi
}

/* Rule 7: bytes leave only when the grant under which they were written is confirmed. */
inline expose_home(n, what, id_, version_, value_) {
  /* I3: a version names its bytes. */
  assert(value_ == version_);
  if
  :: agent[n].unconfirmed != 0 || len(gated[n]) > 0 ->
    gated[n]!what, id_, version_, value_;
    if :: value_ != 0 -> EFFECT(E_SNAPSHOT) :: else fi
  :: else ->
    to_home[n]!what, id_, version_, value_; flights++; EFFECT(what)
  fi
}

inline send_agent(n, to, what, id_, version_, value_) {
  assert(agent[n].unconfirmed == 0 && len(gated[n]) == 0);
  if
  :: what == PAGE -> EFFECT(E_PAGE); assert(value_ == version_)
  :: else -> EFFECT(E_INVALIDATED)
  fi;
  if
  :: HAS(alive, to) -> LINK_BETWEEN(n, to)!what, id_, version_, value_; flights++
  :: else
  fi
}

inline end_request(n) {
  agent[n].granted = 0;
  agent[n].grant = 0;
  agent[n].own = 0;
  agent[n].awaited = 0;
  agent[n].early = 0;
  agent[n].staged = 0
}

inline forget_frame(n) {
  if
  :: !FRAME_IN_USE(n) -> EFFECT(E_FORGET); agent[n].value = 0
  :: else
  fi
}

/* requests.ts */
inline fault_for(n, exclusive) {
  if
  :: agent[n].state == INVALID ->
    agent[n].request++;
    if
    :: exclusive -> agent[n].state = WAITING_WRITE; send_home(n, ACQUIRE_EXCLUSIVE, agent[n].request, 0, 0)
    :: else -> agent[n].state = WAITING_READ; send_home(n, ACQUIRE_READONLY, agent[n].request, 0, 0)
    fi
  :: agent[n].state == READONLY && exclusive ->
    agent[n].request++;
    agent[n].state = UPGRADING;
    send_home(n, ACQUIRE_HELD, agent[n].request, agent[n].version + 1, 0)
  :: RELEASES(n) -> agent[n].wanted = (exclusive || agent[n].wanted == 2 -> 2 : 1)
  :: else /* one request for each page: who needs more than it brings faults again */
  fi
}

#ifdef BUG_INSTALLED_BEFORE_ACKS
#define ACKS_ARE_IN(n) true
#else
#define ACKS_ARE_IN(n) (agent[n].awaited == 0)
#endif

/* Grant, bytes and every ack: the right is here. */
inline try_to_install(n) {
  if
  :: WAITING(n) && agent[n].granted && ACKS_ARE_IN(n) && (agent[n].staged != 0 || (agent[n].own && agent[n].state == UPGRADING)) ->
    agent[n].kept = 0;
    send_home(n, ACQUIRED, agent[n].request, 0, 0);
    agent[n].version = agent[n].grant;
    if
    :: agent[n].state == WAITING_READ -> agent[n].state = READONLY; EFFECT(E_PERMIT_READONLY); entitled = entitled | BIT(n)
    :: else -> agent[n].state = EXCLUSIVE; agent[n].unconfirmed = agent[n].grant + 1; EFFECT(E_PERMIT_EXCLUSIVE)
    fi;
    end_request(n);
    permitted = true
  :: else
  fi
}

inline stage_bytes(n, version_, value_) {
  if
  :: agent[n].state == UPGRADING -> EFFECT(E_REVOKE); agent[n].state = WAITING_WRITE; agent[n].version = 0
  :: else
  fi;
  agent[n].kept = 0;
  agent[n].staged = version_ + 1;
  agent[n].value = value_;
  EFFECT(E_STAGE)
}

/* Request ids are never reused, so an old message cannot match. */
#ifdef BUG_STALE_REQUEST
#define IS_CURRENT(n) WAITING(n)
#else
#define IS_CURRENT(n) (WAITING(n) && agent[n].request == id)
#endif

#define IS_OWN_GRANT(what) ((what) == GRANT_EXCLUSIVE_OWN || (what) == GRANT_EXCLUSIVE_OWN + WITH_ACKERS)
#define IS_CONTENT_GRANT(what) ((what) == GRANT_READONLY_CONTENT || (what) == GRANT_EXCLUSIVE_CONTENT \
  || (what) == GRANT_EXCLUSIVE_CONTENT + WITH_ACKERS)

inline take_grant(n) {
  if
  :: IS_CURRENT(n) ->
    assert((kind <= GRANT_READONLY_PEER) == (agent[n].state == WAITING_READ));
    assert(!IS_OWN_GRANT(kind) || agent[n].state == UPGRADING);
    if
    :: IS_CONTENT_GRANT(kind) && agent[n].staged == 0 -> stage_bytes(n, v, value)
    :: else
    fi;
    agent[n].granted = 1;
    agent[n].grant = v;
    agent[n].own = IS_OWN_GRANT(kind);
    agent[n].awaited = who & ~agent[n].early & ~agent[n].lost;
    try_to_install(n)
  :: else -> EFFECT(E_IGNORED)
  fi
}

inline page_arrived(n) {
  if
  :: IS_CURRENT(n) && agent[n].staged == 0 -> stage_bytes(n, v, value); try_to_install(n)
  :: else -> EFFECT(E_IGNORED)
  fi
}

inline take_ack(n, by) {
  if
  :: IS_CURRENT(n) ->
    agent[n].early = agent[n].early | BIT(by);
    agent[n].awaited = agent[n].awaited & ~BIT(by);
    try_to_install(n)
  :: else -> EFFECT(E_IGNORED)
  fi
}

#ifdef BUG_DEAD_ACKER_AWAITED
#define HEARS_DEATHS false
#else
#define HEARS_DEATHS true
#endif

inline heard_of_death(n, dead) {
  agent[n].lost = agent[n].lost | BIT(dead);
  if
  :: WAITING(n) && HAS(agent[n].awaited, dead) && HEARS_DEATHS -> agent[n].awaited = agent[n].awaited & ~BIT(dead); try_to_install(n)
  :: else
  fi;
  /* I5: nothing that it sent counts any more. */
  do
  :: len(LINK_BETWEEN(dead, n)) > 0 -> LINK_BETWEEN(dead, n)?_, _, _, _; flights--
  :: else -> break
  od
}

inline take_refusal(n) {
  if
  :: IS_CURRENT(n) ->
    if
    :: agent[n].state == UPGRADING -> agent[n].state = READONLY
    :: else -> agent[n].state = INVALID; agent[n].version = 0
    fi;
    end_request(n);
    forget_frame(n);
    EFFECT(E_FAIL);
    agent[n].wants_read = 0;
    agent[n].wants_write = 0
  :: else -> EFFECT(E_IGNORED)
  fi
}

/* releases.ts */
inline give_up(n) {
  EFFECT(E_REVOKE);
  entitled = entitled & ~BIT(n);
  agent[n].state = (agent[n].state == EXCLUSIVE -> RELEASING : RELEASING_READONLY);
  expose_home(n, RELEASE, 0, agent[n].version, agent[n].value)
}

inline take_leave(n) {
  assert(RELEASES(n));
  agent[n].state = INVALID;
  agent[n].version = 0;
  forget_frame(n);
  EFFECT(E_EVICTED);
  j = agent[n].wanted;
  agent[n].wanted = 0;
  if
  :: j != 0 -> fault_for(n, (j == 2))
  :: else
  fi
}

inline from_home(n) {
  if
  :: kind < SUPPLY -> take_grant(n)
  :: kind == REFUSED -> take_refusal(n)
  :: kind == RELEASED -> take_leave(n)
  :: kind == NODE_LOST -> heard_of_death(n, who)
  :: else -> command(n)
  fi
}

/*
 * A permit runs the accesses that wait, before anything can take the right away again. Who needs more faults at once, which is a step of its own.
 */
inline run_accesses(n) {
  if
  :: permitted ->
    agent[n].wants_read = 0;
    /* I2: an exclusive holder reads before it writes. */
    assert(agent[n].value == last_value);
    if
    :: agent[n].state == EXCLUSIVE ->
      assert(agent[n].wants_write);
      value_before = last_value;
      last_value = agent[n].version;
      agent[n].value = agent[n].version;
      agent[n].wants_write = 0
    :: agent[n].state == READONLY && agent[n].wants_write ->
      agent_begins(n, FAULT_EXCLUSIVE);
      fault_for(n, true);
      agent_ends(n)
    :: else
    fi
  :: else
  fi
}
