/* What the home may command an agent: packages/protocol/src/agent/commands.ts. Needs agent.pml. */

inline revoke_copy(n) {
  if
  :: agent[n].state == UPGRADING -> EFFECT(E_REVOKE); agent[n].state = WAITING_WRITE
  :: agent[n].state >= RELEASING -> agent[n].state = RELEASING_NOTHING
  :: else -> EFFECT(E_REVOKE); agent[n].state = INVALID
  fi;
  agent[n].version = 0
}

#ifdef BUG_NOTHING_KEPT
#define KEEPS false
#else
#define KEEPS true
#endif

inline keep_or_forget(n, keep) {
  if
  :: keep && KEEPS -> agent[n].kept = v + 1
  :: else
  fi;
  forget_frame(n)
}

inline answer_query(n) {
  if
  :: agent[n].state == EXCLUSIVE -> send_home(n, REPORT_EXCLUSIVE, id, agent[n].version, 0)
  :: agent[n].state == READONLY || agent[n].state == UPGRADING || agent[n].state == RELEASING_READONLY ->
    if :: len(gated[n]) > 0 -> EFFECT(E_SNAPSHOT) :: else fi;
    send_home(n, REPORT_READONLY, id, agent[n].version, agent[n].value)
  :: agent[n].state == RELEASING ->
    if :: len(gated[n]) > 0 -> EFFECT(E_SNAPSHOT) :: else fi;
    send_home(n, REPORT_KEPT, id, agent[n].version, agent[n].value)
  :: else ->
    if
    :: agent[n].staged != 0 -> send_home(n, REPORT_PENDING, id, agent[n].staged - 1, agent[n].value)
    :: agent[n].staged == 0 && agent[n].kept != 0 -> send_home(n, REPORT_KEPT, id, agent[n].kept - 1, agent[n].value)
    :: else -> send_home(n, REPORT_NONE, id, 0, 0)
    fi
  fi
}

inline take_settled(n) {
  if
  :: agent[n].kept != 0 && agent[n].kept - 1 < v -> agent[n].kept = 0; forget_frame(n)
  :: else
  fi;
  if
  :: agent[n].unconfirmed == v + 1 ->
    agent[n].unconfirmed = 0;
    EFFECT(E_CONFIRMED);
    do
    :: len(gated[n]) > 0 -> gated[n]?kind, id, v, value; to_home[n]!kind, id, v, value; flights++; EFFECT(kind)
    :: else -> break
    od
  :: else
  fi
}

#ifdef BUG_ACK_WITH_THE_RIGHT_HERE
#define REVOKES_FIRST false
#else
#define REVOKES_FIRST true
#endif
#ifdef BUG_DOWNGRADED_STILL_WRITES
#define DOWNGRADED_TO EXCLUSIVE
#else
#define DOWNGRADED_TO READONLY
#endif

inline carry_out(n) {
  if
  :: kind == SUPPLY ->
    assert((agent[n].state == READONLY || agent[n].state == UPGRADING || agent[n].state == RELEASING_READONLY) && agent[n].version == v);
    send_agent(n, who, PAGE, id, v, agent[n].value)
  :: kind == DOWNGRADE ->
    assert((agent[n].state == EXCLUSIVE || agent[n].state == RELEASING) && agent[n].version == v);
    if
    :: agent[n].state == EXCLUSIVE -> agent[n].state = DOWNGRADED_TO; EFFECT(E_PROTECT)
    :: else -> agent[n].state = RELEASING_READONLY
    fi;
    send_agent(n, who, PAGE, id, v, agent[n].value);
    expose_home(n, DOWNGRADED, id, v, agent[n].value)
  :: kind == TRANSFER || kind == TRANSFER_KEEP ->
    assert(HAS_COPY(n) && agent[n].version == v);
    send_agent(n, who, PAGE, id, v, agent[n].value);
    revoke_copy(n);
    keep_or_forget(n, (kind == TRANSFER_KEEP))
  :: kind == INVALIDATE || kind == INVALIDATE_KEEP ->
    assert(agent[n].state != EXCLUSIVE && agent[n].state != RELEASING);
    if
    :: HAS_COPY(n) && REVOKES_FIRST ->
      v = agent[n].version;
      revoke_copy(n);
      keep_or_forget(n, (kind == INVALIDATE_KEEP))
    :: else
    fi;
    send_agent(n, who, INVALIDATED, id, 0, 0)
  :: kind == SETTLED -> take_settled(n)
  :: kind == QUERY -> answer_query(n)
  fi
}

/* A pin defers what would take the page away; what comes behind it waits in line. */
#ifdef BUG_PIN_IGNORED
#define PINNED(n, what) false
#else
#define PINNED(n, what) (agent[n].pin != 0 && ((what) >= TRANSFER && (what) <= INVALIDATE_KEEP) \
  || agent[n].pin == 2 && (what) == DOWNGRADE)
#endif

inline command(n) {
  if
  :: len(deferred[n]) > 0 || PINNED(n, kind) -> deferred[n]!kind, id, v, who, value
  :: else -> carry_out(n)
  fi
}

inline resume_commands(n) {
  do
  :: len(deferred[n]) > 0 ->
    deferred[n]?<kind, id, v, who, value>;
    if
    :: PINNED(n, kind) -> break
    :: else -> deferred[n]?kind, id, v, who, value; carry_out(n)
    fi
  :: else -> break
  od
}
