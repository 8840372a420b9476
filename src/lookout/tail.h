/* tail: one log followed for ever, each line counted once.
 *
 *     struct tail *t = tail_open(&options, force, e);
 *     while (tail_step(t, &moved, e)) ...
 *     tail_close(t);
 *
 * What comes of a line stands in up to three files: hits, a tally for the spool of sightings, and
 * the place in the log. The place is saved last, with the size of the hits; a tally is made ready
 * after it. So after a crash at any point the hits are cut back to what the place knows of, and a
 * tally that the place does not know of is dropped: no line twice, none missed. */
#ifndef ENTENTE_LOOKOUT_TAIL_H
#define ENTENTE_LOOKOUT_TAIL_H

#include "lookout/sightings.h"
#include "watch/input.h"
#include "watch/output.h"

/* An index with its catalogue, shared by those who use it. */
struct in_use;
/* NULL: as watch_index_open and catalogue_open; a missing catalogue is fine. */
struct in_use *in_use_open(const struct os *os, const char *index_path, struct err *e);
/* Over an index and a catalogue that outlive it. */
struct in_use *in_use_of(struct watch_index *ix, struct watch_catalogue *c, struct err *e);
struct in_use *in_use_hold(struct in_use *u);
void in_use_drop(struct in_use *u); /* NULL is fine */
struct watch_index *in_use_index(const struct in_use *u);

struct tail_options {
    const struct os *os;
    const char *path;  /* the log; it may not be there yet */
    const char *state; /* where its place is kept; NULL: nowhere */
    const char *hits;  /* the file that hits are added to; NULL: they go to `out` */
    const char *spool; /* folder for tallies of sightings; NULL: none */
    enum watch_format format;
    enum watch_as as;
    bool (*out)(void *self, struct bytes text, struct err *e);
    void *self;
};

struct tail_counts {
    uint64_t bytes, lines, hits; /* since opening */
    uint64_t done;               /* bytes of the log that are done */
    uint64_t size;               /* that it has now; 0: it is not there */
    uint64_t renamed, cut, lost; /* as watch_follow_counts */
};

struct tail;
struct tail *tail_open(const struct tail_options *o, struct in_use *u, struct err *e);
/* Without saving what has not been saved. NULL is fine. */
void tail_close(struct tail *t);
/* Search what is there now and save the place. */
bool tail_step(struct tail *t, bool *moved, struct err *e);
/* From the next line on another index. */
bool tail_switch(struct tail *t, struct in_use *u, struct err *e);
void tail_counts(struct tail *t, struct tail_counts *out);

#endif
