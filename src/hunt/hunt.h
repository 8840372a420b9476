/* hunt: STIX patterns over the lines of logs.
 *
 *     struct hunt *h = hunt_new(os, &(struct hunt_options){.found = show}, e);
 *     hunt_add(h, &(struct hunt_pattern){.text = p, .ref = 7}, e);   // false: it says why; go on
 *     struct watch_scanner *s = hunt_scanner(h, e);                  // after the last hunt_add
 *     hunt_source(h, BYTES("conn.log"));
 *     watch_scan(s, piece, e) ...  watch_scan_end(s, e);             // or watch/input.h over s
 *     hunt_free(h);                                                  // the scanner goes with it
 *
 * watch knows bytes and stix knows patterns; this joins them (decision 0210). Each line becomes an
 * event: objects of STIX with the properties that the line's columns, JSON members or words are
 * (watch/event.h; `hunt_fields` and doc/formats/watch-patterns.md list them). A pattern's
 * comparisons hold on one event, its observations on several, in the order of the events' own
 * times. A pattern that one value decides should be an indicator of the index instead
 * (pattern_indicators); it works here too.
 *
 * Whatever is not supported is refused by hunt_add with a reason, or noted: a path that no log
 * gives, a regular expression that is too costly. `hunt_note_next` names each with its pattern.
 *
 * State is bounded: of each pattern LIMIT_HUNT_WINDOW events at most are remembered, of all
 * together `memory_bytes`. What is forgotten before its time is counted. When a match has been
 * given, the events it is made of are forgotten and the pattern begins anew. */
#ifndef ENTENTE_HUNT_H
#define ENTENTE_HUNT_H

#include "watch/watch.h"

struct hunt;

struct hunt_pattern {
    struct bytes text;   /* "[ipv4-addr:value = '198.51.100.3'] FOLLOWEDBY ..."; copied */
    uint32_t ref;        /* the caller's number, given back with each match */
    int64_t from, until; /* valid_from, valid_until (0: for ever): events outside do not count;
                            seconds */
};

/* One event of a match. */
struct hunt_line {
    struct bytes source;  /* as hunt_source said */
    struct bytes line;    /* its bytes, cut at LIMIT_HUNT_LINE */
    struct bytes log;     /* Zeek's path, eve's event_type, Windows' channel; or empty */
    uint64_t line_number; /* from 1 */
    uint64_t line_offset;
    int64_t event_us; /* 0: the line has no time, nor had one before it */
};

struct hunt_found {
    uint32_t ref;
    struct bytes pattern; /* its text */
    /* The events that make it true, in the order of their times; of REPEATS the first
     * HUNT_LINES_MOST and how many there are in all. */
    const struct hunt_line *lines;
    size_t n, events;
};
#define HUNT_LINES_MOST 16

struct hunt_options {
    enum watch_format format; /* as in watch_options */
    const char *kernel;
    size_t memory_bytes; /* for remembered events; 0: LIMIT_HUNT_MEMORY */
    bool every_line;     /* make an event of each line, even where an index could choose lines */
    /* Views live during the call. False ends the scan with ERR_DENIED. */
    bool (*found)(void *self, const struct hunt_found *found);
    void *self;
};

/* NULL: ERR_NOMEM. */
struct hunt *hunt_new(const struct os *os, const struct hunt_options *o, struct err *e);
void hunt_free(struct hunt *h); /* NULL is fine */

/* One more pattern. False: it will not be looked for; ERR_INPUT (not a pattern, with the column,
 * or a part of it can never be decided here), ERR_LIMIT (a REPEATS beyond what is remembered, a
 * regular expression too large), ERR_NOMEM. Such patterns are counted and noted too. */
bool hunt_add(struct hunt *h, const struct hunt_pattern *p, struct err *e);

/* The scanner to give bytes to; it belongs to the hunt. NULL: ERR_NOMEM, ERR_INPUT (kernel). */
struct watch_scanner *hunt_scanner(struct hunt *h, struct err *e);
/* The name of what is scanned from here on. Copied, cut at 1,024 bytes. */
void hunt_source(struct hunt *h, struct bytes name);

struct hunt_counts {
    uint64_t patterns, refused; /* being looked for; hunt_add said no */
    uint64_t notes;
    bool every_line;        /* some pattern needs each line looked at, not only indexed ones */
    uint64_t lines, events; /* looked at; of which something was known */
    uint64_t found;
    uint64_t remembered, forgotten; /* now; events dropped for lack of room, before their time */
    uint64_t undecided; /* times that a question was too costly and left open: may be misses */
};
void hunt_counts(const struct hunt *h, struct hunt_counts *out);

/* What is not, or not wholly, supported, one by one. *at begins at 0. False at the end. */
struct hunt_note {
    uint32_t ref;
    struct bytes pattern;
    bool refused;     /* else it is looked for, but this part of it never holds */
    const char *what; /* a sentence: "no log gives x-thing:name" */
};
bool hunt_note_next(const struct hunt *h, size_t *at, struct hunt_note *out);

/* The map of log fields to STIX paths, row by row, for people. *at begins at 0. */
struct hunt_field {
    const char *log;   /* "zeek", "eve", "windows", "any" */
    const char *of;    /* which of those logs: "dns", "13"; "" for all */
    const char *field; /* its column or JSON member */
    const char *type;  /* "network-traffic" */
    const char *path;  /* "dst_ref.value" */
};
bool hunt_field_next(size_t *at, struct hunt_field *out);

#endif
