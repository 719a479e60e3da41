/*
 * The words of the model. Each is a number for spin, and the comment behind it says what check.mjs and the honesty test call it:
 * `set: name`. The names are those of packages/protocol. Numbers of one set are dense and start at 0.
 */

/* Agent states. */
#define INVALID 0            /* agent-state: invalid */
#define READONLY 1           /* agent-state: readonly */
#define EXCLUSIVE 2          /* agent-state: exclusive */
#define WAITING_READ 3       /* agent-state: waiting-read */
#define WAITING_WRITE 4      /* agent-state: waiting-write */
#define UPGRADING 5          /* agent-state: upgrading */
#define RELEASING 6          /* agent-state: releasing */
#define RELEASING_READONLY 7 /* agent-state: releasing-readonly */
#define RELEASING_NOTHING 8  /* agent-state: releasing-nothing */

/* Home states; `bytes` says that the home has stored some that are not zeros. */
#define UNHELD 0             /* home-state: unheld */
#define SHARED 1             /* home-state: shared */
#define OWNED 2              /* home-state: exclusive */
#define BUSY 3               /* home-state: busy */
#define LOST 4               /* home-state: lost */
#define WITH_BYTES 5
/* UNHELD + WITH_BYTES          home-state: unheld, bytes */
/* SHARED + WITH_BYTES          home-state: shared, bytes */
/* OWNED + WITH_BYTES           home-state: exclusive, bytes */
/* BUSY + WITH_BYTES            home-state: busy, bytes */
/* LOST + WITH_BYTES            home-state: lost, bytes */

/* What an agent can be told: by its driver, by the home, by another agent. */
#define FAULT_READONLY 0                /* agent-input: fault readonly */
#define FAULT_EXCLUSIVE 1               /* agent-input: fault exclusive */
#define EVICT 2                         /* agent-input: evict */
#define UNPIN 3                         /* agent-input: unpin */
#define GRANT_READONLY_CONTENT 4        /* agent-input: grant readonly content */
#define GRANT_READONLY_PEER 5           /* agent-input: grant readonly peer */
#define GRANT_EXCLUSIVE_CONTENT 6       /* agent-input: grant exclusive content */
#define GRANT_EXCLUSIVE_OWN 7           /* agent-input: grant exclusive own */
#define GRANT_EXCLUSIVE_PEER 8          /* agent-input: grant exclusive peer */
#define WITH_ACKERS 3
/* GRANT_EXCLUSIVE_CONTENT + WITH_ACKERS   agent-input: grant exclusive content, ackers */
/* GRANT_EXCLUSIVE_OWN + WITH_ACKERS       agent-input: grant exclusive own, ackers */
/* GRANT_EXCLUSIVE_PEER + WITH_ACKERS      agent-input: grant exclusive peer, ackers */
#define SUPPLY 12                       /* agent-input: supply */
#define DOWNGRADE 13                    /* agent-input: downgrade */
#define TRANSFER 14                     /* agent-input: transfer */
#define TRANSFER_KEEP 15                /* agent-input: transfer, keep */
#define INVALIDATE 16                   /* agent-input: invalidate */
#define INVALIDATE_KEEP 17              /* agent-input: invalidate, keep */
#define SETTLED 18                      /* agent-input: settled */
#define QUERY 19                        /* agent-input: query */
#define RELEASED 20                     /* agent-input: released */
#define REFUSED 21                      /* agent-input: refused */
#define NODE_LOST 22                    /* agent-input: node-lost */
#define PAGE 23                         /* agent-input: page */
#define INVALIDATED 24                  /* agent-input: invalidated */

/* What comes of it: messages, then the effects on memory and on the accesses that wait. */
#define E_ACQUIRE_READONLY 0            /* agent-effect: acquire readonly */
#define E_ACQUIRE_EXCLUSIVE 1           /* agent-effect: acquire exclusive */
#define E_ACQUIRE_HELD 2                /* agent-effect: acquire exclusive, held */
#define E_ACQUIRED 3                    /* agent-effect: acquired */
#define E_DOWNGRADED 4                  /* agent-effect: downgraded */
#define E_RELEASE 5                     /* agent-effect: release */
#define E_REPORT_EXCLUSIVE 6            /* agent-effect: report exclusive */
#define E_REPORT_READONLY 7             /* agent-effect: report readonly */
#define E_REPORT_PENDING 8              /* agent-effect: report pending */
#define E_REPORT_KEPT 9                 /* agent-effect: report kept */
#define E_REPORT_NONE 10                /* agent-effect: report none */
#define E_PAGE 11                       /* agent-effect: page */
#define E_INVALIDATED 12                /* agent-effect: invalidated */
#define E_STAGE 13                      /* agent-effect: [stage] */
#define E_PROTECT 14                    /* agent-effect: [protect] */
#define E_REVOKE 15                     /* agent-effect: [revoke] */
#define E_SNAPSHOT 16                   /* agent-effect: [snapshot] */
#define E_FORGET 17                     /* agent-effect: [forget] */
#define E_PERMIT_READONLY 18            /* agent-effect: [permit readonly] */
#define E_PERMIT_EXCLUSIVE 19           /* agent-effect: [permit exclusive] */
#define E_FAIL 20                       /* agent-effect: [fail] */
#define E_EVICTED 21                    /* agent-effect: [evicted] */
#define E_CONFIRMED 22                  /* agent-effect: [confirmed] */
#define E_IGNORED 23                    /* agent-effect: [ignored] */

/* What a home can be told. The first are messages, in the order of the agent effects that send them. */
#define ACQUIRE_READONLY 0              /* home-input: acquire readonly */
#define ACQUIRE_EXCLUSIVE 1             /* home-input: acquire exclusive */
#define ACQUIRE_HELD 2                  /* home-input: acquire exclusive, held */
#define ACQUIRED 3                      /* home-input: acquired */
#define DOWNGRADED 4                    /* home-input: downgraded */
#define RELEASE 5                       /* home-input: release */
#define REPORT_EXCLUSIVE 6              /* home-input: report exclusive */
#define REPORT_READONLY 7               /* home-input: report readonly */
#define REPORT_PENDING 8                /* home-input: report pending */
#define REPORT_KEPT 9                   /* home-input: report kept */
#define REPORT_NONE 10                  /* home-input: report none */
#define MEMBER_LOST 11                  /* home-input: member-lost */
#define TRIM 12                         /* home-input: trim */
#define TICK 13                         /* home-input: tick */

/* Who it was, as the home's record has it when the input comes. */
#define BY_OTHER 0                      /* home-role: another */
#define BY_HOLDER 1                     /* home-role: a holder */
#define BY_REQUESTER 2                  /* home-role: the requester */

/* What comes of it. The grants are in the order of the agent inputs. */
#define H_GRANT 0
/* GRANT_READONLY_CONTENT                  home-effect: grant readonly content */
/* GRANT_READONLY_PEER                     home-effect: grant readonly peer */
/* GRANT_EXCLUSIVE_CONTENT                 home-effect: grant exclusive content */
/* GRANT_EXCLUSIVE_OWN                     home-effect: grant exclusive own */
/* GRANT_EXCLUSIVE_PEER                    home-effect: grant exclusive peer */
/* GRANT_EXCLUSIVE_CONTENT + WITH_ACKERS   home-effect: grant exclusive content, ackers */
/* GRANT_EXCLUSIVE_OWN + WITH_ACKERS       home-effect: grant exclusive own, ackers */
/* GRANT_EXCLUSIVE_PEER + WITH_ACKERS      home-effect: grant exclusive peer, ackers */
/* SUPPLY                                  home-effect: supply */
/* DOWNGRADE                               home-effect: downgrade */
/* TRANSFER                                home-effect: transfer */
/* TRANSFER_KEEP                           home-effect: transfer, keep */
/* INVALIDATE                              home-effect: invalidate */
/* INVALIDATE_KEEP                         home-effect: invalidate, keep */
/* SETTLED                                 home-effect: settled */
/* QUERY                                   home-effect: query */
/* RELEASED                                home-effect: released */
/* REFUSED                                 home-effect: refused */
#define H_LOST 18                       /* home-effect: [lost] */
#define H_IGNORED 19                    /* home-effect: [ignored] */
