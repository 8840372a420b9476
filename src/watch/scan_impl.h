/* scan_impl: a scanner's parts. scan.c cuts the stream into pieces, lines.c groups what the
 * finder found by line, json.c and columns.c say in which field it stands. */
#ifndef ENTENTE_WATCH_SCAN_IMPL_H
#define ENTENTE_WATCH_SCAN_IMPL_H

#include "watch/finder.h"

/* Columns by name: Zeek's #fields or a CSV header, in a copy of our own. */
struct columns {
    char *text; /* names, each with a zero behind it */
    size_t room;
    uint32_t at[LIMIT_WATCH_COLUMNS]; /* in text */
    size_t n, time, host, uri;        /* columns `ts`, `host`, `uri`, or SIZE_MAX */
    char separator;
    char log[64];
    size_t log_n;
};

/* Where CSV stands: records may hold newlines inside quotes. */
struct csv {
    bool quoted, started;
    size_t column;
    size_t cursor; /* in the piece: all before is counted */
    char *header;  /* the first record while it is read */
    size_t header_n;
};

/* What a JSON line says of itself. */
struct json_facts {
    struct bytes log;
    int64_t event_us;
};

#define JSON_PATHS 4096 /* bytes of key paths kept for one line's hits */
#define JSON_SPOTS 256  /* strings with hits kept for one line */

struct json_spot {
    uint32_t from, to; /* tokens */
    uint16_t path, path_n;
};

struct watch_scanner {
    struct watch_index *ix;
    struct watch_options options;
    const struct kernel *kernel;
    struct memo *memo;
    struct finder finder, inner; /* inner: a line that is taken apart */
    enum watch_format format;    /* what the stream turned out to be */
    struct watch_counts counts;

    /* The stream: what has come but is not searched, with SLACK before and behind. */
    uint8_t *room;
    size_t n, cap;
    uint64_t offset;      /* of room's first byte */
    uint64_t lines;       /* before it */
    uint64_t line_offset; /* of the line it is in */
    bool begun, mid_line, open_left, url_open;
    size_t overlap; /* bytes at room's begin that were searched already */

    /* The piece in hand. */
    const uint8_t *p;
    size_t piece_n;
    uint64_t piece_offset, piece_lines;
    size_t cursor; /* newlines before here are counted in cursor_lines */
    uint64_t cursor_lines;
    size_t taken;      /* lines before here are done */
    uint64_t hit_line; /* the last line with a hit, for the count */
    bool stopped;
    bool host_seen;         /* the line in hand names the host of some URL on the list */
    uint64_t composed_line; /* the last line that was put together */
    bool cutting;           /* the piece ends inside a line */
    struct events *events;  /* event.c; NULL: none are wanted */
    uint64_t event_line;    /* the last line that gave one */

    struct columns columns;
    struct csv csv;
    uint8_t *decoded; /* a line's strings, with SLACK before and behind */
    size_t decoded_cap;
    uint8_t url[WATCH_VALUE_MAX + 512]; /* put together */
    uint8_t value[WATCH_VALUE_MAX];     /* the text of the indicator in hand */
    char paths[JSON_PATHS];
    struct json_spot spots[JSON_SPOTS];
};

/* ---- lines.c ---- */
/* Search one piece: whole lines, or a part of a huge one. False: the sink stopped it. */
bool scan_piece(struct watch_scanner *s, const uint8_t *p, size_t n);

/* What is known of the line a token stands in. */
struct line {
    struct bytes text;
    uint64_t number, offset;
    struct bytes log, field;
    int64_t event_us;
};
/* Look a token up and give its hits to the sink. `seen` is its text, at `offset` of the stream. */
bool give_hits(struct watch_scanner *s, const struct line *line, enum token_kind kind,
               struct bytes seen, bool cut, uint64_t offset);

/* ---- compose.c ---- */
/* A line's host and path as URLs; give their hits. */
bool compose_urls(struct watch_scanner *s, const struct line *line);
/* The host of a URL; false: it has none. */
bool url_host(struct bytes url, struct bytes *host);

/* ---- json.c ---- */
/* Called for each string value: its bytes between the quotes, as they stand. */
struct json_walk {
    struct bytes line;
    struct json_facts facts;
    /* Only strings that end behind this place are given; moved by the callee. */
    size_t wanted;
    bool (*string)(struct json_walk *w, size_t from, size_t to);
    bool (*other)(struct json_walk *w, size_t from, size_t to); /* numbers, true, ...; or NULL */
    void *self;
    /* The keys on the way down. */
    unsigned depth;
    struct {
        uint32_t key, key_n;
        bool object;
    } level[LIMIT_JSON_DEPTH + 1];
};
/* True if the line is one JSON value (RFC 8259) and no call returned false. */
bool json_walk(struct json_walk *w);
/* The keys on the way to the string in hand, joined with '.'. */
size_t json_path(const struct json_walk *w, char *out, size_t cap);
/* A string's bytes decoded; at most as many as there were. Unless `exact` control characters become
 * blanks: each parts tokens as a blank does, and lines stay lines. */
size_t json_decode(struct bytes raw, uint8_t *out, bool exact);
/* Hits of a JSON line whose tokens are all known and hold no escapes. */
bool json_line(struct watch_scanner *s, struct line *line, const struct token *t, size_t n);
/* Hits of a JSON line by decoding every string in it. */
bool json_take_apart(struct watch_scanner *s, struct line *line);

/* ---- columns.c ---- */
void columns_reset(struct columns *c);
void zeek_header(struct columns *c, struct bytes line);
/* Fill log, field and event_us for the token at `at` of the line. */
void zeek_field(const struct columns *c, struct line *line, size_t at, const struct kernel *k);
void csv_begin(struct watch_scanner *s);
/* Go on to `at` in the piece. */
void csv_advance(struct watch_scanner *s, size_t at);
void csv_field(const struct watch_scanner *s, struct line *line);
/* The n-th column of a line. */
struct bytes column_value(struct bytes line, char separator, size_t n);
/* The column's name; empty: there is none. */
struct bytes column_name(const struct columns *c, size_t n);
/* The time that a line of text begins with, or that stands in brackets as web servers write it;
 * 0: none that has a year. */
int64_t text_time(struct bytes line);
/* Seconds with a fraction, or RFC 3339 in its relatives' spellings; 0: neither. */
int64_t event_time(struct bytes text);

#endif
