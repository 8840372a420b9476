/* watch/lists: what speaks against an indicator: MISP's warning lists, and one's own allow list.
 *
 *     struct watch_lists *l = watch_lists_new(e);
 *     watch_lists_add_misp(l, file, e);               // each list.json
 *     watch_lists_add_plain(l, "our own", file, e);   // a value a line, '#' begins a comment
 *     if (watch_lists_check(l, kind, value, &name))
 *         indicator.warned = name;                    // compiled all the same, and shown apart
 *
 * Lists of types cidr, hostname (a name and all below it), string and substring are read; lists of
 * regular expressions are counted and left out, because they are programs from elsewhere. */
#ifndef ENTENTE_WATCH_LISTS_H
#define ENTENTE_WATCH_LISTS_H

#include "watch/watch.h"

struct watch_lists;

struct watch_lists_counts {
    uint64_t lists, entries;
    uint64_t left_out; /* lists of regular expressions or of a type we do not know */
};

struct watch_lists *watch_lists_new(struct err *e); /* NULL: ERR_NOMEM */
void watch_lists_free(struct watch_lists *l);       /* NULL is fine */
/* One file of https://github.com/MISP/misp-warninglists. ERR_INPUT: not such a file. */
bool watch_lists_add_misp(struct watch_lists *l, struct bytes json, struct err *e);
/* One value a line: an address, a prefix, a name (with all below it), anything else as it is. */
bool watch_lists_add_plain(struct watch_lists *l, const char *name, struct bytes text,
                           struct err *e);
/* True if a list contradicts the value; *name is the list's and lives as long as the lists. */
bool watch_lists_check(const struct watch_lists *l, enum watch_kind kind, struct bytes value,
                       struct bytes *name);
void watch_lists_counts(const struct watch_lists *l, struct watch_lists_counts *out);

#endif
