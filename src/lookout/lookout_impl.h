/* lookout_impl: what the files of lookout share; nobody else includes it.
 *
 * What was gathered is one run of rows, in memory as in the file. A row is an indicator as one act
 * shared it, or a withdrawal; the newest of an id counts. Numbers are little endian. */
#ifndef ENTENTE_LOOKOUT_IMPL_H
#define ENTENTE_LOOKOUT_IMPL_H

#include "base/limits.h"
#include "lookout/lookout.h"

/* ---- numbers ---- */

static inline uint64_t get_le(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static inline void put_le(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* ---- rows.c ---- */

/* A sighting's pattern is its count (8 bytes) and the id of the indicator (16). */
enum row_kind { ROW_INDICATOR = 1, ROW_REVOKED, ROW_SIGHTING };
#define ROW_SIGHTED 24
enum { ROW_IS_REVOKED = 1, ROW_IS_BENIGN = 2, ROW_IS_COMPOSITE = 4, ROW_IS_OPAQUE = 8 };

/* kind, flags, tlp + 1, confidence + 1, log (2), act (4), id (16), version (8), from (4), until
 * (4), length of the pattern (2), number of values (2); the pattern; each value: kind, length (2),
 * text. */
#define ROW_FIXED 46
#define ROW_MOST (ROW_FIXED + LIMIT_PATTERN_BYTES + 1)

struct row {
    enum row_kind kind;
    uint8_t flags;
    int tlp, confidence;
    uint16_t log;
    uint32_t act;
    const uint8_t *uuid;
    int64_t version_us;
    uint32_t from, until; /* until 0: for ever */
    struct bytes pattern, values;
    uint16_t values_n;
};
/* The row at *at, which moves behind it. False: the end, or not a row. */
bool row_next(struct bytes rows, size_t *at, struct row *out);
bool row_value(struct bytes *rest, enum watch_kind *kind, struct bytes *value);

/* Bytes that grow. */
struct heap {
    uint8_t *p;
    size_t n, cap;
};
bool heap_room(struct heap *h, size_t more, struct err *e);
bool heap_put(struct heap *h, struct bytes what, struct err *e);

/* ---- what is gathered ---- */

#define LOGS_MOST (LIMIT_NODE_AGREEMENTS * LIMIT_PARTIES + 1024)

/* One party's log under one agreement, or a file. */
struct source {
    char agreement[ACT_AGREEMENT + 1]; /* empty: a file */
    char *name;                        /* a slug, or the file's */
    uint64_t position;                 /* acts that were read */
    bool own, rights;                  /* rights: lookout_rights has spoken of it */
    bool in_force, detection, blocking;
};

struct lookout {
    const struct os *os;
    struct source *sources;
    size_t n, cap;
    struct heap rows;
    size_t saved_rows;   /* bytes of rows that the file holds */
    uint64_t file_at;    /* where the next frame goes; 0: the file is to be begun */
    struct arena *arena; /* of one object */
    struct stix_markings *markings;
};

struct source *source_get(struct lookout *l, struct bytes agreement, struct bytes name,
                          struct err *e);
/* An object as a row; what is neither indicator nor sighting is passed over. */
bool row_of_object(struct lookout *l, uint16_t log, uint64_t act, int tlp, struct bytes object,
                   struct err *e);
bool row_of_item(struct lookout *l, uint16_t log, uint64_t line, const struct stix_item *item,
                 struct err *e);
bool row_of_revocation(struct lookout *l, uint16_t log, uint64_t act, struct bytes id,
                       struct err *e);

/* ---- catalogue.c ---- */

struct catalogue_maker {
    const struct lookout *l;
    struct heap facts;
    uint32_t n;
};
bool catalogue_add(struct catalogue_maker *m, const struct row *row, struct err *e);
/* The file for the index of this digest. */
bool catalogue_encode(const struct catalogue_maker *m, const uint8_t digest[32], struct heap *out,
                      struct err *e);
bool catalogue_path(const char *index_path, const uint8_t digest[32], struct arena *a, char **out,
                    struct err *e);

#endif
