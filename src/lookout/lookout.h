/* lookout: which of the shared indicators are in force here, compiled for watch; and whose each is.
 *
 * It stands between the record, which knows what was shared under which agreement, and watch, which
 * knows bytes. Objects are read once: what was gathered is kept in a file, and the next time only
 * new acts are read. What is in force is decided anew with each compilation, from the rights that
 * the agreements give at that moment.
 *
 *     struct lookout *l = lookout_new(os, e);
 *     lookout_load(l, "watch/gathered", e);            // what was read before; absent: nothing
 *     lookout_rights(l, record, now, e);               // with the right to write in it held
 *     lookout_gather(l, record, NULL, e);              // acts that are new since
 *     lookout_save(l, "watch/gathered", e);
 *     lookout_compile(l, &policy, &out, &report, e);   // an index, and a catalogue for its refs
 *     lookout_free(l);
 *
 * Neighbours: lookout/pool.h (scan files on several threads), lookout/sightings.h (what goes back),
 * lookout/daemon.h (follow logs for ever), lookout/feed.h (MISP feeds and STIX bundles).
 *
 * Left out, each counted under its reason: what its sharer has withdrawn, what has expired, what an
 * agreement that is not in force covers or whose clause does not permit detection (what is not
 * written is not agreed), what is marked higher than the policy takes, what says of itself that it
 * is benign, what an allow list names, and what scores too low. The score is that of MISP's
 * polynomial decay model with decay speed 1/3, so that it falls late:
 * confidence * (1 - (age / lifetime)^3), with a lifetime by kind; digests do not age. */
#ifndef ENTENTE_LOOKOUT_H
#define ENTENTE_LOOKOUT_H

#include "record/record.h"
#include "stix/import.h"
#include "stix/pattern.h"
#include "watch/lists.h"
#include "watch/watch.h"

#include <stdatomic.h>

struct lookout;

/* NULL: ERR_NOMEM. */
struct lookout *lookout_new(const struct os *os, struct err *e);
void lookout_free(struct lookout *l); /* NULL is fine */

/* ---- gathering --------------------------------------------------------------------------------
 */

/* What an earlier process has saved; an absent file is fine, and so is a damaged one: it is
 * derived, and begun anew. False: ERR_NOMEM, ERR_IO. */
bool lookout_load(struct lookout *l, const char *path, struct err *e);
/* Append what was gathered since loading. */
bool lookout_save(struct lookout *l, const char *path, struct err *e);
/* What the agreement permits now. The caller holds the right to write in it. A log without rights
 * gives no indicators: so an agreement that is no longer there does not count. */
bool lookout_rights(struct lookout *l, const struct record *r, int64_t now, struct err *e);
/* Read the acts that are new. `cancelled` may be NULL. */
bool lookout_gather(struct lookout *l, struct record *r, const atomic_bool *cancelled,
                    struct err *e);
/* The acts that are read already: equal numbers, nothing new. */
uint64_t lookout_acts(const struct lookout *l);
/* Indicators of a file (STIX, MISP, CSV, a list), which are in force because somebody named it.
 * `read` as for stix_import_open. Warnings are the import's; may be NULL. */
bool lookout_add_file(struct lookout *l, const char *name, stix_import_read *read, void *self,
                      struct stix_warnings *warnings, struct err *e);

/* ---- what is in force ---------------------------------------------------------------------------
 */

enum lookout_reason {
    LOOKOUT_REVOKED,   /* its sharer has withdrawn it */
    LOOKOUT_EXPIRED,   /* valid_until */
    LOOKOUT_AGREEMENT, /* its agreement is not in force, or not here any more */
    LOOKOUT_DETECTION, /* no clause permits to match it against one's own logs */
    LOOKOUT_BLOCKING,  /* the clause's pap permits to look, but not to block */
    LOOKOUT_TLP,       /* marked higher than is taken */
    LOOKOUT_BENIGN,    /* indicator_types says so */
    LOOKOUT_SCORE,     /* confidence, or what age has left of it */
    LOOKOUT_ALLOWED,   /* on an allow list */
    LOOKOUT_COMPOSITE, /* a pattern of several parts: only --patterns evaluates it */
    LOOKOUT_OPAQUE,    /* a pattern of another language, or one that does not parse */
    LOOKOUT_VALUE,     /* no address, name or digest that logs could hold */
    LOOKOUT_FILTERED,  /* not asked for (exports) */
    LOOKOUT_REASONS,
};
/* For machines: "revoked"; and a sentence: "withdrawn by their sharer". */
const char *lookout_reason_name(enum lookout_reason reason);
const char *lookout_reason_text(enum lookout_reason reason);

struct lookout_policy {
    int64_t now;                       /* seconds */
    unsigned min_score;                /* 0: neither confidence nor age leaves anything out */
    int max_tlp;                       /* a tlp_rank */
    bool blocking;                     /* for what stops traffic: the clause's pap counts */
    const struct watch_lists *warned;  /* shown apart; may be NULL */
    const struct watch_lists *allowed; /* left out; may be NULL */
    /* For exports; zero: all. */
    const char *under; /* an agreement's id */
    const char *from;  /* a slug */
    uint32_t kinds;    /* a bit for each enum watch_kind */
    bool foreign_only; /* not our own */
};
#define LOOKOUT_CONFIDENCE 50 /* of what says none */
/* 0: it does not age. */
unsigned lookout_lifetime_days(enum watch_kind kind);
/* 0 to 100. */
unsigned lookout_score(enum watch_kind kind, int confidence, int64_t age_seconds);

struct lookout_report {
    uint64_t objects; /* indicators as they were shared, newest version each */
    uint64_t taken;   /* of these, in force */
    uint64_t left_out[LOOKOUT_REASONS];
    uint64_t values; /* a pattern may name several */
    uint64_t warned;
    int tlp;      /* the highest of those taken; -1: none is marked */
    int64_t next; /* when the next one expires; 0: none does */
    struct watch_built built;
};

/* Where a compiled index goes, and the catalogue that says what its refs are: a file beside it,
 * named after the index's digest, so that the two always fit. */
bool lookout_compile(struct lookout *l, const struct lookout_policy *p, const char *index_path,
                     struct lookout_report *report, struct err *e);
/* The same in memory. */
bool lookout_compile_here(struct lookout *l, const struct lookout_policy *p, struct arena *a,
                          struct bytes *index, struct bytes *catalogue,
                          struct lookout_report *report, struct err *e);

/* Every indicator in force, in the order of gathering; for exports. Views last during the call. */
struct lookout_indicator {
    struct bytes agreement, slug; /* agreement empty: a file, whose name `slug` is */
    uint64_t act;
    const uint8_t *uuid; /* 16 bytes: of its STIX id */
    int tlp, confidence; /* -1: not said */
    int64_t modified_us, from, until;
    struct bytes pattern; /* of one of several parts; else empty */
    size_t values;
    struct lookout_value {
        enum watch_kind kind;
        struct bytes value, warned;
    } * value;
};
/* `composite`: also those whose pattern has several parts. */
bool lookout_each(struct lookout *l, const struct lookout_policy *p, bool composite,
                  bool (*each)(void *self, const struct lookout_indicator *in, struct err *e),
                  void *self, struct lookout_report *report, struct err *e);

/* ---- what others saw of what was shared ---------------------------------------------------------
 */

struct lookout_sighting {
    struct bytes agreement, slug; /* who saw it */
    uint64_t act, count;
    const uint8_t *uuid, *of; /* of the sighting, and of the indicator */
    uint32_t first, last;     /* seconds; 0: not said */
    bool own;                 /* we said it */
};
/* The newest version of each that is not withdrawn. */
bool lookout_sightings(struct lookout *l,
                       bool (*each)(void *self, const struct lookout_sighting *s), void *self,
                       struct err *e);

/* ---- the catalogue: what an index's ref means -------------------------------------------------
 */

struct catalogue_fact {
    struct bytes agreement, slug; /* as above */
    uint64_t act;
    uint8_t uuid[16];
    int tlp;
    bool own;
};
struct watch_catalogue;
/* The one beside this index. NULL: ERR_MISSING, ERR_INPUT (damaged, or another's), ERR_IO. */
struct watch_catalogue *catalogue_open(const struct os *os, const char *index_path,
                                       const struct watch_index *ix, struct err *e);
/* Over bytes that outlive it. */
struct watch_catalogue *catalogue_of(struct bytes file, const struct watch_index *ix,
                                     struct err *e);
void catalogue_close(struct watch_catalogue *c); /* NULL is fine */
/* False: no such ref. */
bool catalogue_find(const struct watch_catalogue *c, uint32_t ref, struct catalogue_fact *out);
/* By the line's own time where it has one, so that a log of last year is judged by what was in
 * force then; else by now. */
bool lookout_hit_expired(const struct watch_hit *h, int64_t now);
/* "north/12 under dc1b7fcd", or a file's name; its length. */
#define CATALOGUE_ORIGIN_MAX 160
size_t catalogue_origin(const struct watch_catalogue *c, uint32_t ref,
                        char out[CATALOGUE_ORIGIN_MAX]);

#endif
