/* sightings: what was seen of others' indicators, on its way back to those who shared them.
 *
 * A scanner leaves tallies in NODE/watch/spool/: counts by indicator, nothing of the lines. They
 * are taken up into a queue, NODE/watch/sightings, where they add up until they are released: as
 * STIX sightings, one act for each party whose indicators were seen, addressed to that party alone.
 * What is released is decided by the agreement and by an officer (entente sightings).
 *
 *     struct sightings *s = sightings_open(os, "NODE/watch", e);     // with what is in the spool
 *     sightings_each(s, show, self);
 *     sightings_release(s, record, &filter, &how, &done, e);
 *     sightings_close(s);
 *
 * Nothing is counted twice, whatever dies in between: a tally is taken up and named in one write,
 * and removed after; a release is first written down with a fresh number, of which the ids of its
 * objects are made; if the record has the first of them, it was said. doc/formats/watch-node.md. */
#ifndef ENTENTE_LOOKOUT_SIGHTINGS_H
#define ENTENTE_LOOKOUT_SIGHTINGS_H

#include "lookout/lookout.h"
#include "watch/tally.h"

/* One indicator that was seen. */
struct sighting {
    char agreement[ACT_AGREEMENT + 1];
    char slug[64]; /* who shared it */
    uint64_t act;
    uint8_t uuid[16];          /* indicator--UUID */
    uint64_t count;            /* lines it was in */
    int64_t first_us, last_us; /* by the lines' own times; 0: none had one */
};

/* ---- the spool ----------------------------------------------------------------------------------
 */

#define SPOOL_NAME_MAX 64

/* Write what a tally holds of others' indicators, durably. `name` is letters, digits and '-': if
 * the file is there it is replaced. ready: it counts at once; else after spool_ready. *any: there
 * was something to write. */
bool spool_write(const struct os *os, const char *dir, const char *name, struct watch_tally *t,
                 const struct watch_catalogue *catalogue, bool ready, bool *any, struct err *e);
/* It counts now. Fine if it does already, or was never written. */
bool spool_ready(const struct os *os, const char *dir, const char *name, struct err *e);
/* All that a scanner of this name had not made ready, but for `keep` (may be NULL), goes. Names are
 * <stem>-<number>. */
bool spool_sweep(const struct os *os, const char *dir, const char *stem, const char *keep,
                 struct err *e);
/* The text of a tally, row by row. False: ERR_INPUT. */
bool spool_parse(struct bytes text, bool (*each)(void *self, const struct sighting *s), void *self,
                 struct err *e);

/* ---- the queue
 * ----------------------------------------------------------------------------------- */

struct sightings;
/* One at a time: waits ten seconds for another to end. NULL: ERR_DENIED (busy), ERR_INPUT
 * (damaged), ERR_IO, ERR_NOMEM. */
struct sightings *sightings_open(const struct os *os, const char *dir, struct err *e);
void sightings_close(struct sightings *s); /* NULL is fine */
/* Those that wait, by agreement, party, and number of lines. */
size_t sightings_count(const struct sightings *s);
const struct sighting *sightings_at(const struct sightings *s, size_t i);

/* What is meant of those that wait; NULL and zero: all. */
struct sightings_filter {
    const char *agreement, *slug;
    const uint8_t *uuid;
};
/* They will not be told to anybody. */
bool sightings_drop(struct sightings *s, const struct sightings_filter *f, uint64_t *dropped,
                    struct err *e);

struct sightings_how {
    struct uuid party; /* our identity (decision 0142) */
    int64_t now_us;
};
struct sightings_done {
    uint64_t sightings, acts;
    struct record_placed last;
};
/* May what was seen under this agreement be told at all, at which marking, and only after an
 * officer's yes? The caller holds the right to write. ERR_DENIED with the clause. */
bool sightings_permitted(const struct agreement *g, int *tlp, bool *officer, struct err *e);
/* Say those of one agreement, whose record the caller holds for writing. */
bool sightings_release(struct sightings *s, struct record *r, const struct sightings_filter *f,
                       const struct sightings_how *how, struct sightings_done *done, struct err *e);
/* Releases of this agreement that something has cut short are finished. Release does it first. */
bool sightings_resume(struct sightings *s, struct record *r, const struct sightings_how *how,
                      struct sightings_done *done, struct err *e);

#endif
