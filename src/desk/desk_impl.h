/* What the files of desk share. */
#ifndef ENTENTE_DESK_IMPL_H
#define ENTENTE_DESK_IMPL_H

#include "base/buf.h"
#include "base/text.h"
#include "desk/desk.h"
#include "desk/officer.h"

#include <pthread.h>

/* How far one party's log has been read. */
struct feed {
    uint64_t index;            /* of the next act */
    uint64_t place;            /* of the next cosignatures */
    struct hash chain;         /* over the acts that were read */
    struct officers *officers; /* as these acts leave them */
};

struct version {
    struct hash digest;
    int64_t from; /* ms */
    const struct cases_terms *terms;
};

struct desk {
    struct record *record;
    const struct os *os;
    size_t cap;
    pthread_mutex_t lock; /* guards the tickets; who is served has all below */
    pthread_cond_t turn;
    uint64_t tickets, serving;
    uint64_t made; /* how often the fold was begun anew */
    /* Made anew when a version turns out to have begun at another time than we thought. */
    struct arena *arena; /* of the terms */
    struct cases *cases;
    struct version versions[LIMIT_CASE_VERSIONS];
    size_t versions_n;
    struct feed feeds[LIMIT_PARTIES];
    size_t parties_n;
    uint64_t acts;
    bool fresh;       /* all was read at `commits` */
    uint64_t commits; /* of the record */
    _Atomic int64_t newest; /* ms: the newest time that anybody has signed */
};

/* feed.c: with the lock held. */
bool desk_refresh(struct desk *d, struct err *e);
void desk_forget(struct desk *d);

#endif
