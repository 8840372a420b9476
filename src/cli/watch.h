/* What the commands of the watch family have in common. */
#ifndef ENTENTE_CLI_WATCH_H
#define ENTENTE_CLI_WATCH_H

#include "cli/cli.h"
#include "lookout/lookout.h"
#include "lookout/pool.h"
#include "watch/output.h"
#include "watch/tally.h"

struct watching;

#define WATCH_LIST_MOST ((size_t)256 << 20) /* a warning list or allow list */

/* An index with what its refs mean. */
struct in_force {
    struct watch_index *index;
    struct watch_catalogue *catalogue; /* NULL: an index that was carried here alone */
    struct arena *arena;               /* of one that is only in memory */
    const char *path;                  /* NULL: only in memory */
};
void in_force_close(struct in_force *f);

/* ---- watch_compile.c ---- */

/* NODE/watch/NAME, in the command's arena. */
const char *watch_path(struct cli *c, const char *dir, const char *name, struct err *e);
/* Allow lists and warning lists of the command line and, if there is a node, of its settings;
 * NULL: none. */
bool watch_read_lists(struct cli *c, struct watch_lists **allowed, struct watch_lists **warned,
                      struct err *e);
/* The policy of the command line and the node's settings. */
bool watch_policy(struct cli *c, struct lookout_policy *p, struct err *e);
/* All that is shared, gathered (from the file that keeps it, then what is new). c->node is open. */
bool watch_gather(struct cli *c, struct lookout **out, struct err *e);
/* Compile what is in force at the node that is open, to its own index or to `path`. */
bool watch_compile_node(struct cli *c, const char *path, struct lookout_report *report,
                        struct err *e);
void watch_report_print(struct cli *c, const struct lookout_report *r);
/* "12 were left out: expired" and so on, of all that was; indented. */
void watch_left_out_print(struct cli *c, const struct lookout_report *r, FILE *to);

/* ---- watch.c ---- */

/* "auto", "text", "zeek", "json", "csv". */
bool watch_input_form(struct bytes name, enum watch_format *out);

/* ---- watch_follow.c ---- */

bool watch_follow_logs(struct cli *c, struct watching *w, struct err *e);
bool watch_daemon(struct cli *c, struct err *e);

/* ---- watch_patterns.c ---- */

/* Patterns of several parts: those of --list, or (index not NULL) those beside an index. */
bool watch_patterns(struct cli *c, const char *index, const char *const *paths, size_t n,
                    enum watch_format format, bool json, uint64_t *found, uint64_t *failed,
                    struct err *e);

/* ---- watch_source.c: what to look for ---- */

/* All files of --list. */
bool watch_add_lists(struct cli *c, struct lookout *l, struct err *e);

/* By --index, --list, or what is in force at the node. */
bool watch_in_force(struct cli *c, const struct watch_lists *allowed,
                    const struct watch_lists *warned, struct in_force *out, struct err *e);

/* ---- watch_show.c: what is done with hits ---- */

struct shown_source {
    struct shown_source *next;
    const char *path;
    uint64_t lines, hits;
};

struct watching {
    struct cli *c;
    struct in_force *force;
    struct watch_lists *allowed, *warned;
    bool check_lists; /* the index was compiled without them */
    enum watch_as as;
    bool doubtful; /* show hits that a warning list contradicts among the others */
    bool quiet;    /* no lines, only the summary */
    struct watch_writer *writer;
    struct watch_tally *tally, *apart;
    struct shown_source *sources, *source;
    uint64_t last_line; /* of the source, counted already */
    uint64_t matches; /* of patterns */
    uint64_t hits, hit_lines, apart_hits, expired, allowed_hits;
    const char *path; /* whose hits come */
    struct err e;
};
bool watching_begin(struct watching *w, struct err *e);
bool watching_hit(void *self, const char *path, const struct watch_hit *hit);
/* Write what is left. */
bool watching_flush(struct watching *w, struct err *e);
/* By indicator and by source, to `to`. */
bool watching_summary(struct watching *w, FILE *to, const struct pool_counts *counts,
                      struct err *e);
void watching_end(struct watching *w);

#endif
