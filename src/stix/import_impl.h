/* import_impl: what the files of the importer share. */
#ifndef ENTENTE_IMPORT_IMPL_H
#define ENTENTE_IMPORT_IMPL_H

#include "base/arena.h"
#include "stix/import.h"
#include "stix/json_impl.h"
#include "stix/stix_impl.h"

/* ---- stream: a window over the input ----------------------------------------------------------
 */

struct stream {
    stix_import_read *read; /* NULL: all is in the window already */
    void *self;
    uint8_t *own;     /* the window's memory, if ours */
    const uint8_t *p; /* the window */
    size_t from, to;  /* what of it is not yet taken */
    size_t keep;      /* bytes from here on must stay, if `holding` */
    size_t room;
    bool holding, ended;
    size_t line, column; /* of p[from], from 1 */
    uint64_t bytes;      /* read so far */
};

bool stream_open(struct stream *s, stix_import_read *read, void *self, struct err *e);
void stream_of(struct stream *s, struct bytes all);
void stream_close(struct stream *s);
/* See that at least n bytes are there, or all that there are. False: *e. Views into the window
 * die with it. */
bool stream_need(struct stream *s, size_t n, struct err *e);
struct bytes stream_view(const struct stream *s);
/* Take n bytes, counting lines. */
void stream_take(struct stream *s, size_t n);
/* From here on nothing goes, until stream_rewind or stream_release. */
void stream_hold(struct stream *s);
void stream_rewind(struct stream *s, size_t line, size_t column);
void stream_release(struct stream *s);
/* The next line without its end. False at the end of the input, or *e. One of more than
 * LIMIT_IMPORT_LINE bytes is cut there, and *cut is set. */
bool stream_line(struct stream *s, struct bytes *line, bool *cut, struct err *e);

/* ---- JSON, value by value
 * ------------------------------------------------------------------------ */

/* The next byte that is no blank; 0 at the end. False: *e. */
bool walk_peek(struct stream *s, uint8_t *c, struct err *e);
/* Take this byte, behind blanks; else an error that names it. */
bool walk_expect(struct stream *s, char c, struct err *e);
/* Behind an element: take ',' (*more) or `close` (not). */
bool walk_next(struct stream *s, char close, bool *more, struct err *e);
/* The next value's bytes, and where it begins; taken. */
bool walk_value(struct stream *s, struct bytes *raw, struct json_origin *at, struct err *e);
/* "key": and on. */
bool walk_key(struct stream *s, struct arena *a, struct bytes *key, struct err *e);
/* Parse and forget the next value. */
bool walk_skip(struct stream *s, struct arena *a, struct err *e);
bool walk_fail(const struct stream *s, const char *what, struct err *e);

/* ---- ids seen
 * ----------------------------------------------------------------------------------------- */

struct id_set {
    struct uuid *slots; /* all zero: free */
    size_t n, room;
};
void id_set_free(struct id_set *set);
/* *fresh: it was not there. */
bool id_set_add(struct id_set *set, const struct uuid *id, bool *fresh, struct err *e);

/* ---- types by their names in the wild
 * -------------------------------------------------------------------- */

/* What a MISP or CSV type carries: up to two values, split at '|', or NOT_CARRIED. */
#define NOT_CARRIED INDICATOR_TYPES
struct wild_type {
    const char *name; /* lower case */
    enum indicator_type first, second;
};
const struct wild_type *wild_type_find(struct bytes name);

/* ---- the import
 * --------------------------------------------------------------------------------------------- */

#define IMPORT_TYPES_MOST 64
#define IMPORT_COLUMNS_MOST 64

/* An indicator on its way: what a source says of a value. */
struct found {
    struct bytes value, description;
    enum indicator_type want;
    int64_t at_us; /* STIX_NO_TIME: now */
    enum stix_tlp tlp;
    size_t line;
    struct found *next;
};

struct csv_columns {
    char separator;
    bool header_done; /* or there is none */
    size_t count;
    size_t value, type, ids, comment, date; /* SIZE_MAX: there is none */
    struct {
        size_t column;
        enum indicator_type want;
    } typed[8]; /* columns whose name is a type, if there is none for values */
    size_t typed_count;
};

struct stix_import {
    struct stix_import_options how;
    char *file;
    char party[STIX_ID_MAX];
    struct uuid space;
    struct stream in;
    struct arena *arena; /* of one item */
    struct arena *event; /* of one MISP event */
    struct stix_warnings warnings;
    struct stix_import_counts counts;
    struct id_set seen;
    enum stix_format format;
    bool (*next)(struct stix_import *im, struct stix_item *out, bool *end, struct err *e);
    bool ended, failed;

    bool listed;  /* JSON: objects or events stand in a list */
    bool wrapped; /* which is a member of an object */
    bool lone;    /* the whole is one STIX object */
    uint64_t index;
    /* MISP, CSV, list: found, not yet given out */
    struct found *pending, **pending_last;
    struct csv_columns csv;
    struct bytes *cells;

    char time[STIX_TIME_MAX]; /* of time_us */
    int64_t time_us;
    struct {
        char name[48];
        uint64_t count;
    } types[IMPORT_TYPES_MOST];
    struct stix_import_type rows[IMPORT_TYPES_MOST];
    size_t type_count;

    struct arena_mark empty; /* of arena: its first chunk stays */
    struct indicator_room room;
    uint8_t pattern[INDICATOR_PATTERN_MAX];
};

bool import_stix_next(struct stix_import *im, struct stix_item *out, bool *end, struct err *e);
bool import_misp_next(struct stix_import *im, struct stix_item *out, bool *end, struct err *e);
bool import_csv_next(struct stix_import *im, struct stix_item *out, bool *end, struct err *e);
bool import_list_next(struct stix_import *im, struct stix_item *out, bool *end, struct err *e);

/* Look at the head of the input, and set format, next and their state. */
bool import_detect(struct stix_import *im, struct err *e);
/* CSV: are these the names of columns, or (of a first row) what columns may hold? */
bool csv_header(struct csv_columns *c, const struct bytes *cells, size_t n);
bool csv_first_row(struct csv_columns *c, const struct bytes *cells, size_t n);
/* Split a row that lies in one piece; quotes are taken away in place of a copy in the arena. */
bool csv_split(struct bytes row, char separator, struct arena *a, struct bytes *cells, size_t room,
               size_t *n, struct err *e);
/* A date in one of the spellings of feeds; STIX_NO_TIME: none. */
int64_t wild_time(struct bytes text);

/* Make an indicator of it. *made: it is there; else it was counted as why not. */
bool import_make(struct stix_import *im, const struct found *f, struct stix_item *out, bool *made,
                 struct err *e);
void import_space(const struct uuid *party, struct uuid *space);
void import_not_carried(struct stix_import *im, struct bytes type, size_t line);
/* Put the values of a row or attribute behind those pending. type NULL: it is what f wants. */
bool import_pend(struct stix_import *im, struct arena *a, const struct wild_type *type,
                 const struct found *f, struct err *e);

#endif
