/* daemon: the logs of a node's settings, followed for ever.
 *
 * It is a process of its own, which holds no keys: a parser that a hostile log brings down takes
 * nothing else with it, and whoever started it starts it again. It reads NODE/watch/index.watch,
 * takes up a new one at the end of a line, and writes below NODE/watch/: places/, hits/ (one JSON
 * lines file for each log), spool/ (tallies of sightings), and `status` for those who ask.
 *
 * Each log has one thread at a time, which reads no faster than hits can be written; there are as
 * many threads as processors. */
#ifndef ENTENTE_LOOKOUT_DAEMON_H
#define ENTENTE_LOOKOUT_DAEMON_H

#include "base/diag.h"
#include "lookout/tail.h"

#define DAEMON_LOGS 4096 /* followed at a time */

struct daemon_source {
    enum watch_format format;
    const char *pattern; /* a path, in which * and ? stand for several */
};
struct daemon_options {
    const struct os *os;
    const struct diag *diag;
    const char *dir; /* NODE/watch */
    const struct daemon_source *sources;
    size_t sources_n;
    unsigned threads; /* 0: one per processor */
    const atomic_bool *stop;
    unsigned steps; /* end after so many looks at everything; 0: never (tests) */
};
/* Until *stop. ERR_DENIED: another one runs here; ERR_MISSING: there is no index yet. */
bool daemon_run(const struct daemon_options *o, struct err *e);

/* ---- status: what `status` says; also for metrics
 * ------------------------------------------------ */

struct daemon_log {
    struct bytes path, trouble;             /* trouble: why it was not read, or empty */
    uint64_t bytes, lines, hits, lag, rate; /* lag: bytes not read yet; rate: bytes a second */
    uint64_t renamed, cut, lost;
};
struct daemon_status {
    int64_t pid, since, written; /* seconds */
    int64_t index_time;
    uint64_t indicators;
    struct daemon_log *logs;
    size_t logs_n;
};
/* ERR_MISSING: none has run here. */
bool daemon_status_read(const struct os *os, const char *dir, struct arena *a,
                        struct daemon_status *out, struct err *e);
bool daemon_status_parse(struct bytes text, struct arena *a, struct daemon_status *out,
                         struct err *e);

#endif
