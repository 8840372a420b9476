/* pair: two machines in one process, each fed with the other's bytes, with a liar between. */
#ifndef ENTENTE_TESTS_PSI_PAIR_H
#define ENTENTE_TESTS_PSI_PAIR_H

#include "base/limits.h"
#include "psi/session_impl.h"
#include "support/support.h"

struct lie { /* what happens to one frame on its way */
    enum psi_role speaker;
    uint8_t type;
    unsigned skip;                                            /* so many of that type pass first */
    void (*change)(struct lie *l, uint8_t *frame, size_t *n); /* n may shrink, or double */
    size_t at;
    uint8_t by;
    bool told;
    uint8_t *kept; /* a frame that follows the next one of that side */
    size_t kept_n;
};

struct pair {
    struct psi *side[2]; /* receiver, sender */
    struct err e[2];
    enum psi_next end[2];
    uint64_t sent[2];
    struct lie *lie;
    uint32_t schedule; /* FNV over (speaker, type, length) of all frames */
    size_t largest;    /* bytes fed at once; 0: all there is */
    void (*watch)(void *self, unsigned from, const uint8_t *frame, size_t n); /* before any lie */
    void *watch_self;
    uint8_t *way[2]; /* a frame on its way from each side */
    size_t way_at[2], way_n[2];
};

struct psi_set *set_of(const uint64_t *items, size_t n);
struct psi_options options_of(enum psi_role role, enum psi_mode mode);
struct pair open_pair(const struct psi_options o[2], struct psi_set *r, struct psi_set *s);
/* Until both have ended, or neither can go on. */
void run_pair(struct pair *p);
void close_pair(struct pair *p);

#endif
