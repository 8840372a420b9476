/* store: a list as a node keeps it for one session, from the offer or acceptance to the end: the
 * lines as people spell them, the digests in order, and the seed of the commitment's salts. Only
 * its owner may read the folder. It is what an audit is answered from, so it stays until people
 * remove it.
 */
#ifndef ENTENTE_MATCH_STORE_H
#define ENTENTE_MATCH_STORE_H

#include "match/match.h"

/* Read a source into a fresh folder. ERR_DENIED: there is one already. */
bool match_store_make(const struct os *os, const char *dir, const struct match_type *t,
                      bool guessable, const struct match_source *source,
                      struct match_counts *counts, uint64_t *size, uint64_t *duplicates,
                      struct hash *root, struct err *e);

struct match_store {
    const struct os *os;
    struct match_leaves leaves; /* the digests are mapped, and in order */
    struct bytes digests, numbers;
    char dir[4096];
};
/* ERR_MISSING: this node does not hold that list. */
bool match_store_open(const struct os *os, const char *dir, struct match_store *out, struct err *e);
void match_store_close(struct match_store *s); /* all zero is fine */

/* The lines of the items whose places in the order have their bits set, sorted, each as the source
 * spells it first. */
bool match_store_lines(const struct match_store *s, const uint64_t *bits, struct arena *a,
                       struct bytes **lines, uint64_t *n, struct err *e);
/* The line of one item. */
bool match_store_line(const struct match_store *s, uint64_t index, struct arena *a,
                      struct bytes *line, struct err *e);

#endif
