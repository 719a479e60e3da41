/* What a death does to the home's record: packages/protocol/src/home/repair.ts and #memberLost. Needs home.pml. */

#ifdef BUG_NO_QUERY
#define ASKED 0
#else
#define ASKED ((sharers | keepers | BIT(requester) | (owner == NOBODY -> 0 : BIT(owner))) & members)
#endif

/* Asks the living. Links are first-in first-out, so a report also proves that every earlier command was carried out (rule 1). */
inline ask() {
  rounds++;
  round = rounds;
  order = 0;
  reported = 0;
  reported_readonly = 0;
  reported_pending = 0;
  asked = ASKED;
  tell_each(asked, QUERY, round, 0, 0);
  if
  :: asked == 0 -> resolve()
  :: else
  fi
}

#ifdef BUG_OLD_REPORT_ACCEPTED
#define IS_OF_THIS_ROUND true
#else
#define IS_OF_THIS_ROUND (round == id)
#endif

inline heard_report() {
  if
  :: home == BUSY && round != 0 && IS_OF_THIS_ROUND ->
    assert(HAS(asked, from));
    asked = asked & ~BIT(from);
    if
    :: !stored && kind != REPORT_EXCLUSIVE && kind != REPORT_NONE && v == floor -> store_bytes(value)
    :: else
    fi;
    reported = reported | BIT(from);
    if
    :: kind == REPORT_READONLY -> reported_readonly = reported_readonly | BIT(from); append_sharer(from)
    :: kind == REPORT_PENDING -> reported_pending = reported_pending | BIT(from)
    :: else
    fi;
    if
    :: asked == 0 -> resolve()
    :: else
    fi
  :: else -> TOLD(H_IGNORED)
  fi
}

/* Everyone living has answered. */
inline resolve() {
  round = 0;
  if
  :: !IS_MEMBER(requester) ->
    if
    :: exclusively -> tell_each(reported, SETTLED, 0, version, 0)
    :: else
    fi;
    k = reported_readonly;
    entitled = entitled & k;
    become_shared_by(k)
  :: IS_MEMBER(requester) && !exclusively && acquired -> k = reported_readonly; become_shared_by(k)
  :: else ->
    source = NOBODY;
    sharers = reported_readonly & ~BIT(requester);
    remove_sharer(requester);
    go_on = !HAS(reported_pending | reported_readonly, requester);
    reported = 0;
    reported_readonly = 0;
    reported_pending = 0;
    if
    :: go_on && stored ->
      tell(requester, (exclusively -> GRANT_EXCLUSIVE_CONTENT : GRANT_READONLY_CONTENT), request, version, 0, stored_value)
    :: go_on && !stored ->
      tell(requester, REFUSED, request, 0, 0, 0);
      end_transaction();
      sharers = 0;
      order = 0;
      owner = NOBODY;
      home = LOST;
      check_lost()
    :: else
    fi
  fi
}

#ifdef BUG_QUEUE_DROPPED
#define STAYS_QUEUED false
#else
#define STAYS_QUEUED true
#endif

inline member_lost(dead) {
  members = members & ~BIT(dead);
  /* What it sent has no effect any more (I5). */
  do
  :: len(to_home[dead]) > 0 -> to_home[dead]?_, _, _, _; flights--
  :: else -> break
  od;
  i = len(queue);
  do
  :: i > 0 ->
    queue?kind, from, id, v;
    if
    :: from != dead && STAYS_QUEUED -> queue!kind, from, id, v
    :: else
    fi;
    i--
  :: else -> break
  od;
  if
  :: home == BUSY ->
    if
    :: requester == dead || owner == dead || source == dead || HAS(sharers | keepers, dead) ->
      sharers = sharers & ~BIT(dead);
      remove_sharer(dead);
      keepers = keepers & ~BIT(dead);
      go_on = (requester == dead || owner == dead || source == dead || round != 0);
      if
      :: owner == dead -> owner = NOBODY; awaiting_downgraded = 0
      :: else
      fi;
      if
      :: go_on -> ask()
      :: else
      fi
    :: else
    fi
  :: home == OWNED && owner == dead -> become_shared_by(0)
  :: home == SHARED && HAS(sharers, dead) -> remove_sharer(dead); k = sharers & ~BIT(dead); become_shared_by(k)
  :: else
  fi
}
