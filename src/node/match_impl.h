/* What the files of comparisons share. A job is one attempt at a session; a lane is one run of the
 * protocol in it: a leg (who learns) of a shard.
 *
 * job.lock guards everything in a job that more than one thread looks at. Whoever holds it calls
 * neither the record nor a peer. */
#ifndef ENTENTE_NODE_MATCH_IMPL_H
#define ENTENTE_NODE_MATCH_IMPL_H

#include "match/worker.h"
#include "node/match.h"
#include "node/node_impl.h"

#define MATCH_PIECE LIMIT_MATCH_PIECE_BYTES
#define MATCH_RING ((size_t)4 << 20) /* waiting in one direction of one lane */
#define MATCH_JOBS 8                 /* at a time, of all agreements */
#define MATCH_PATIENCE_S 20          /* of long polls, and with calls that fail */
#define MATCH_SILENCE_S 45           /* after which a peer is taken to have gone */

struct ring {
    uint8_t *b;
    size_t at, n;   /* MATCH_RING bytes, n of them from at on */
    uint64_t total; /* all that ever came in */
    bool end;       /* nothing more will */
};
bool ring_open(struct ring *r);
void ring_close(struct ring *r);
size_t ring_put(struct ring *r, struct bytes in); /* as much as there is room for */
/* The first piece that lies in one; its bytes stay until ring_drop. */
struct bytes ring_view(const struct ring *r);
void ring_drop(struct ring *r, size_t n);

struct job;
struct lane {
    struct job *job;
    unsigned leg, shard;
    struct ring in, out; /* from the peer to the worker, and back */
    bool started, over, ok, joined;
    bool stop; /* tell the worker */
    enum psi_reason reason;
    struct err e;
    unsigned stage;
    uint64_t done, of;
    struct worker_report report;
    uint32_t *match; /* numbers within the shard */
    size_t matches, room;
    int64_t seen; /* ticks: when the peer last asked something */
    int wake;     /* eventfd of the pump */
    pthread_t pump;
    pid_t pid;
    struct psi *direct; /* a simulation's, instead of a process */
    bool all_pushed;    /* of a simulation: the peer has all, and knows it */
    bool peer_told;     /* ... that the peer has closed */
};

struct job {
    struct node *n;
    struct slot *slot;
    struct arena *arena;
    struct match_session session; /* in the arena */
    enum match_side side;
    struct match_limits limits;
    struct match_store store;
    const char *worker;
    uint8_t coin[32], theirs[32];
    struct hash commitment; /* of the client's coin, until it is opened */
    bool open;              /* both coins are known, the lanes run */
    struct hash context;
    uint8_t split[32]; /* salt of the shards */
    int64_t began;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned leg; /* that runs now; 2: none any more */
    struct lane lane[2][MATCH_SHARDS_MOST];
    bool finishing, ended, ok;
    struct err e;
    enum psi_reason reason;
    uint64_t *bits, common;
    struct node_match_result result;
    int64_t ended_at; /* ticks */
    unsigned users;   /* requests that look at it; guarded by matching.lock */
};

/* All jobs that the peers of a node began. */
struct matching {
    pthread_mutex_t lock;
    struct job *job[MATCH_JOBS];
};

/* ---- match_job.c ---- */

/* Read the session, and check everything that must be so before a run. NULL: ERR_DENIED ... */
struct job *attempt_new(struct node *n, struct slot *s, const char *session, struct err *e);
void attempt_free(struct job *j); /* its lanes have been joined */
/* Both coins are known: begin. Lock held. */
bool attempt_open(struct job *j, struct err *e);
/* A lane has ended, or something else has happened: what follows. Lock not held. */
void attempt_advance(struct job *j);
/* Stop all lanes. Lock held. */
void attempt_stop(struct job *j);
struct node_match_progress attempt_progress(struct job *j); /* lock held */
bool attempt_sync(const struct job *j); /* a simulation: no threads, no waiting */

/* ---- match_lane.c ---- */

bool lane_start(struct lane *l, struct err *e);
/* Lock held: something is there for the pump. In a simulation, do its work. */
void lane_poke(struct lane *l);
void lane_join(struct lane *l); /* lock not held */
/* Lock held. Wait for a change, at most so long. */
void attempt_wait(struct job *j, unsigned ms);

/* ---- match_call.c ---- */

bool match_call_all(struct job *j, const struct node_match_watch *w, struct err *e);

#endif
