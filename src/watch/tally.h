/* watch/tally: how often each indicator was seen, and when: what goes back to those who shared it.
 *
 * A line that holds the same value twice counts once: a DNS answer repeats its question. Counts
 * are kept for at most LIMIT_WATCH_TALLY indicators; beyond that hits are only counted in all.
 * Nothing of the lines themselves is kept. */
#ifndef ENTENTE_WATCH_TALLY_H
#define ENTENTE_WATCH_TALLY_H

#include "watch/watch.h"

struct watch_seen {
    uint64_t id;          /* of the indicator in its index */
    uint64_t lines, hits; /* lines it was in; hits, repeats within a line counted */
    uint64_t exact, parent, prefix;
    int64_t first_us, last_us;        /* by the lines' own time; 0: none had one */
    bool warned;                      /* a warning list contradicts it */
    struct watch_indicator indicator; /* its texts live as long as the tally */
};

struct watch_tally;
struct watch_tally *watch_tally_new(struct err *e); /* NULL: ERR_NOMEM */
void watch_tally_free(struct watch_tally *t);       /* NULL is fine */
/* A sink like any other; self is the tally. False only without memory. */
bool watch_tally_hit(void *self, const struct watch_hit *hit);
/* Add what another worker saw. */
bool watch_tally_merge(struct watch_tally *into, const struct watch_tally *from, struct err *e);
/* Most lines first; then by kind and value, so that equal runs give equal lists. */
const struct watch_seen *watch_tally_sorted(struct watch_tally *t, size_t *n);
/* Hits that found no place. */
uint64_t watch_tally_left_out(const struct watch_tally *t);

#endif
