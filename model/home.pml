/* The home's side: packages/protocol/src/home. Every inline is a part of one step and runs to its end. */

#define IS_MEMBER(n) ((n) != NOBODY && HAS(members, n))

inline tell(n, what, id_, version_, who_, value_) {
  TOLD(what - GRANT_READONLY_CONTENT);
  if
  :: HAS(alive, n) -> to_agent[n]!what, id_, version_, who_, value_; flights++
  :: else
  fi
}

/* Sends to each of `set`. */
inline tell_each(set, what, id_, version_, who_) {
  j = 0;
  do
  :: j < NODES ->
    if
    :: HAS(set, j) -> tell(j, what, id_, version_, who_, 0)
    :: else
    fi;
    j++
  :: else -> break
  od
}

#if TRIMS > 0
inline append_sharer(n) {
  j = 0;
  do
  :: ((order >> (3 * j)) & 7) != 0 -> j++
  :: else -> break
  od;
  order = order | ((n + 1) << (3 * j))
}

inline remove_sharer(n) {
  list = order;
  order = 0;
  j = 0;
  do
  :: list != 0 ->
    if
    :: (list & 7) != n + 1 -> order = order | ((list & 7) << (3 * j)); j++
    :: else
    fi;
    list = list >> 3
  :: else -> break
  od
}

inline first_of(set, found) {
  list = order;
  do
  :: list != 0 && !HAS(set, (list & 7) - 1) -> list = list >> 3
  :: else -> break
  od;
  assert(list != 0);
  found = (list & 7) - 1
}
#else
/* Nobody but the home ever has to send its bytes. */
#define append_sharer(n) skip
#define remove_sharer(n) skip
#define first_of(set, found) assert(false)
#endif

inline store_bytes(value_) {
  stored = 1;
  stored_value = value_
}

inline start(n, id_, exclusive, version_) {
  home = BUSY;
  requester = n;
  request = id_;
  exclusively = exclusive;
  version = version_;
  acquired = 0
}

inline end_transaction() {
  requester = NOBODY;
  request = 0;
  exclusively = 0;
  version = 0;
  source = NOBODY;
  keepers = 0;
  acquired = 0;
  awaiting_downgraded = 0;
  round = 0;
  asked = 0;
  reported = 0;
  reported_readonly = 0;
  reported_pending = 0
}

/*
 * I8: whoever lives and has the newest bytes would have been asked, and nobody who had them was made to drop them too early. Copies that were
 * given back, or kept and then taken in, do not count once the home has trimmed: it counts on the sharers.
 */
inline check_lost() {
  TOLD(H_LOST);
  j = 0;
  do
  :: j < NODES ->
    assert(!(HAS(alive, j) && FRAME_IN_USE(j) && agent[j].value == last_value && !trimmed));
    assert(!HAS(alive & entitled, j));
    j++
  :: else -> break
  od
}

/* afterLoss and becomeIdle: what the page is, given who still shares it. The queue is served at the end of the step. */
inline become_shared_by(set) {
  end_transaction();
  sharers = set;
  owner = NOBODY;
  if
  :: sharers != 0 -> home = SHARED
  :: sharers == 0 && stored -> home = UNHELD
  :: else -> home = LOST; check_lost()
  fi
}

#define GRANT_EXCLUSIVE(content, own, ackers) ((own) -> GRANT_EXCLUSIVE_OWN : ((content) -> GRANT_EXCLUSIVE_CONTENT : GRANT_EXCLUSIVE_PEER)) \
  + ((ackers) != 0 -> WITH_ACKERS : 0)

/* transactions.ts: serves an acquire of `from` on an idle page. `v` is the version held + 1, or 0. */
inline begin() {
  if
  :: home == LOST -> tell(from, REFUSED, id, 0, 0, 0)
  :: home == OWNED ->
    assert(owner != from);
    source = owner;
    if
    :: kind == ACQUIRE_READONLY ->
      start(from, id, 0, floor);
      awaiting_downgraded = 1;
      tell(owner, DOWNGRADE, id, floor, from, 0);
      tell(from, GRANT_READONLY_PEER, id, floor, 0, 0)
    :: else ->
      issued++;
      start(from, id, 1, issued);
      keepers = BIT(owner);
      tell(owner, TRANSFER_KEEP, id, floor, from, 0);
      tell(from, GRANT_EXCLUSIVE_PEER, id, version, 0, 0)
    fi
  :: (home == UNHELD || home == SHARED) && kind == ACQUIRE_READONLY ->
    start(from, id, 0, floor);
    if
    :: stored -> tell(from, GRANT_READONLY_CONTENT, id, floor, 0, stored_value)
    :: else ->
      first_of(sharers & ~BIT(from), source);
      tell(source, SUPPLY, id, floor, from, 0);
      tell(from, GRANT_READONLY_PEER, id, floor, 0, 0)
    fi
  :: (home == UNHELD || home == SHARED) && kind != ACQUIRE_READONLY -> write()
  fi
}

#ifdef BUG_UPGRADE_OF_THE_INVALIDATED
#define OWN_COPY_WILL_DO (v != 0)
#else
#define OWN_COPY_WILL_DO (HAS(sharers, from) && v == floor + 1)
#endif
#ifdef BUG_ONE_SHARER_SKIPPED
#define DROP_ONE(set) set = set & (set - 1)
#else
#define DROP_ONE(set) skip
#endif
#ifdef BUG_SHARERS_FORGOTTEN_AT_THE_GRANT
#define FORGET_SHARERS sharers = 0
#else
#define FORGET_SHARERS skip
#endif
#ifdef BUG_SETTLED_TOO_EARLY
#define SETTLE_NOW tell_each(keepers, SETTLED, 0, version, 0)
#else
#define SETTLE_NOW skip
#endif

/* Bytes from the home, from the requester's own copy where it is on record and current, or from one sharer; the other sharers give up. */
inline write() {
  k = sharers & ~BIT(from);
  go_on = OWN_COPY_WILL_DO;
  if
  :: !go_on && !stored -> first_of(k, source); who = k & ~BIT(source)
  :: else -> who = k
  fi;
  DROP_ONE(who);
  issued++;
  start(from, id, 1, issued);
  keepers = (stored -> 0 : k);
  FORGET_SHARERS;
  if
  :: source != NOBODY -> tell(source, (stored -> TRANSFER : TRANSFER_KEEP), id, floor, from, 0)
  :: else
  fi;
  tell_each(who, (stored -> INVALIDATE : INVALIDATE_KEEP), id, 0, from);
  SETTLE_NOW;
  tell(from, GRANT_EXCLUSIVE(stored, go_on, who), id, version, who, (go_on || source != NOBODY -> 0 : stored_value))
}

inline finish_read() {
  if
  :: acquired && !awaiting_downgraded && round == 0 ->
    if
    :: !HAS(sharers, requester) -> append_sharer(requester)
    :: else
    fi;
    k = sharers | BIT(requester);
    become_shared_by(k)
  :: else
  fi
}

#ifdef BUG_KEEPERS_NOT_TOLD
#define SETTLED_WITH BIT(requester)
#else
#define SETTLED_WITH (keepers | BIT(requester))
#endif

/* What commits an exclusive grant, and where a readonly one ends. */
inline heard_acquired() {
  assert(home == BUSY && requester == from && request == id && !acquired);
  acquired = 1;
  if
  :: exclusively ->
    floor = version;
    entitled = (RELEASES(requester) -> 0 : BIT(requester)) & alive;
    stored = 0;
    stored_value = 0;
    order = 0;
    trimmed = 0;
    tell_each(SETTLED_WITH, SETTLED, 0, version, 0);
    owner = requester;
    sharers = 0;
    end_transaction();
    home = OWNED
  :: else -> finish_read()
  fi
}

inline heard_downgraded() {
  assert(home == BUSY && owner == from && awaiting_downgraded && v == floor);
  if
  :: !stored -> store_bytes(value)
  :: else
  fi;
  awaiting_downgraded = 0;
  owner = NOBODY;
  append_sharer(from);
  sharers = sharers | BIT(from);
  finish_read()
}

#ifdef BUG_RELEASE_WITHOUT_BYTES
#define RELEASES_HAVE_BYTES false
#else
#define RELEASES_HAVE_BYTES true
#endif

/* Rule 6: nothing below the floor is ever reinstated. */
#ifdef BUG_FLOOR_IGNORED
#define WELCOME(version_) true
#else
#define WELCOME(version_) ((version_) == floor)
#endif

/* A release waits its turn, but its bytes count at once if they are the committed ones (rule 5). */
inline take_released() {
  if
  :: RELEASES_HAVE_BYTES && !stored && WELCOME(v) && (home == BUSY || owner == from || HAS(sharers, from)) -> store_bytes(value)
  :: else
  fi
}

inline strike_off() {
  if
  :: home == OWNED && owner == from ->
    assert(v == floor && stored);
    owner = NOBODY;
    home = UNHELD
  :: home == SHARED && HAS(sharers, from) ->
    sharers = sharers & ~BIT(from);
    remove_sharer(from);
    assert(sharers != 0 || stored);
    home = (sharers != 0 -> SHARED : UNHELD)
  :: else /* taken away while the release was on its way */
  fi;
  tell(from, RELEASED, 0, v, 0, 0)
}

/* Serves what waits, in order, until the page is busy. An acquire or release of an idle page is put at the end of the empty queue first. */
inline serve_queue() {
  do
  :: home != BUSY && len(queue) > 0 ->
    queue?kind, from, id, v;
    if
    :: kind == RELEASE -> strike_off()
    :: else -> begin()
    fi
  :: else -> break
  od
}

inline home_heard() {
  if
  :: kind <= ACQUIRE_HELD -> queue!kind, from, id, v
  :: kind == RELEASE -> take_released(); queue!kind, from, id, v
  :: kind == ACQUIRED -> heard_acquired()
  :: kind == DOWNGRADED -> heard_downgraded()
  :: else -> heard_report()
  fi
}
