/* match: comparisons between nodes. The lists are in NODE/match/<session>/ (match/store.h); what
 * was said stands in the logs (match/acts.h); the protocol's bytes pass over the nodes' HTTPS, and
 * each run of it is a process of its own (match/worker.h), so that nothing in it can hold up the
 * node or take it down.
 */
#ifndef ENTENTE_NODE_MATCH_H
#define ENTENTE_NODE_MATCH_H

#include "match/acts.h"
#include "match/store.h"
#include "node/node.h"

/* Where a session's list and result are, and in a file "worker", if it is there, the command that
 * runs its workers (sh -c), perhaps on another machine. */
bool node_match_dir(struct node *n, const char *session, char out[4096], struct err *e);

/* May it run now: in force, accepted, permitted by the clause, the list here, and each commitment
 * cosigned by the other party? ERR_DENIED says what is missing. */
bool node_match_ready(struct node *n, const char *agreement, const char *session, struct err *e);

struct node_match_progress {
    enum psi_stage stage; /* the least of all runs */
    uint64_t done, of, bytes;
};
struct node_match_watch {
    /* Some times a second; false: stop it. May be NULL. */
    bool (*progress)(void *self, const struct node_match_progress *p);
    void *self;
};
struct node_match_result {
    bool learns;
    uint64_t common; /* if we learn it */
    bool items;      /* the file has them; else the clause shows the number alone */
    char file[4096]; /* of the items */
    struct match_outcome outcome;
    uint64_t bytes_in, bytes_out, memory;
    int64_t took_us;
};
/* Run an accepted session with the other party's node, from here. Its acts are in our log when it
 * returns. ERR_DENIED: the clause; ERR_IO: broken off, may be tried again. */
bool node_match_run(struct node *n, const char *agreement, const char *session,
                    const struct node_match_watch *w, struct node_match_result *out, struct err *e);

#endif
