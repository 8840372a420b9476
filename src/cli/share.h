/* What share.c (the stream) and share_report.c (its summary) have in common. */
#ifndef ENTENTE_CLI_SHARE_H
#define ENTENTE_CLI_SHARE_H

#include "cli/cli.h"
#include "stix/import.h"

#define TALLY_ROWS 64

/* Counts by a text; what is beyond the table goes into its last row. */
struct tally {
    struct tally_row {
        const char *text, *first; /* first example; may be NULL */
        uint64_t count;
    } row[TALLY_ROWS];
    size_t n;
    uint64_t total;
};
bool tally_add(struct tally *t, struct cli *c, struct bytes text, struct bytes first,
               struct err *e);

/* One object whose markings have not been seen yet: they may stand further down in the file. */
struct deferred {
    struct deferred *next;
    struct bytes bytes;
    size_t line;
};

/* One file on its way into one act. */
struct sharing {
    struct cli *c;
    const char *path;
    struct record *record;
    const struct agreement *g;
    enum stix_tlp tlp; /* of --tlp */
    struct os_file *file;
    uint64_t at, size; /* read so far; of the file, 0 if unknown */
    struct stix_import *import;
    struct stix_markings *markings;
    struct record_share *share; /* NULL in a dry run */
    struct arena *scratch;      /* of one object */
    struct arena *later;        /* of the deferred */
    struct deferred *deferred, **deferred_last;
    struct tally types, blocked;
    uint64_t unmarked;
    uint64_t known; /* the standard's own TLP definitions: everybody has them */
    struct progress progress;
    struct record_placed placed;
    bool said; /* placed is set */
};

void share_report(struct sharing *s);
bool share_report_json(struct sharing *s, struct err *e);

#endif
