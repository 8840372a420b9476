/* watch: find indicators in logs and traffic.
 *
 * Indicators go into a builder, the builder writes one compiled file, any number of processes map
 * it, a scanner takes a stream of bytes in pieces of any size and gives hits. It knows bytes: the
 * caller says what an indicator's `origin` and `ref` mean.
 *
 *     struct watch_builder *b = watch_builder_new(os, e);
 *     watch_builder_add(b, &(struct watch_indicator){.kind = WATCH_DOMAIN, .value = v}, e);
 *     watch_builder_save(b, "feeds.watch", NULL, e);
 *
 *     struct watch_index *ix = watch_index_open(os, "feeds.watch", e);
 *     struct watch_scanner *s = watch_scanner_new(ix, &(struct watch_options){.hit = show}, e);
 *     while (... ) watch_scan(s, piece, e);
 *     watch_scan_end(s, e);
 *
 * What is found (doc/formats/watch-index.md has the rules one by one): a word is a run of letters,
 * digits, `.`, `_` and `-`. A word that is an IPv4 address hits that address and each prefix around
 * it. Any other word with a dot hits a domain and each of its parents. A word of 32, 40, 64 or 128
 * hex digits is a digest. IPv6 addresses in any spelling, whole URLs and e-mail addresses
 * likewise. Nothing is found inside a longer word. In JSON every decoded string value is a text of
 * its own; keys and numbers are not searched; a line that is not JSON is text.
 *
 * Neighbours of this header: watch/input.h (files, following, compression, captures),
 * watch/lists.h (allow and warning lists), watch/output.h (what people and machines read),
 * watch/tally.h (counts per indicator), watch/export.h (other programs' formats), watch/event.h
 * (lines as objects and properties); hunt/hunt.h looks for STIX patterns in those.
 */
#ifndef ENTENTE_WATCH_H
#define ENTENTE_WATCH_H

#include "base/arena.h"
#include "base/os.h"

enum watch_kind {
    WATCH_IPV4,
    WATCH_CIDR4,
    WATCH_IPV6,
    WATCH_CIDR6,
    WATCH_DOMAIN,
    WATCH_URL,
    WATCH_EMAIL,
    WATCH_MD5,
    WATCH_SHA1,
    WATCH_SHA256,
    WATCH_SHA512,
};
#define WATCH_KINDS 11

/* "ipv4", "cidr4", ... and back. */
const char *watch_kind_name(enum watch_kind kind);
bool watch_kind_parse(struct bytes name, enum watch_kind *out);
/* What a bare value looks like; a host name without a dot is none of them. */
bool watch_kind_guess(struct bytes value, enum watch_kind *out);

/* ---- indicators ------------------------------------------------------------------------ */

struct watch_indicator {
    enum watch_kind kind;
    struct bytes value;  /* text; in hits and iterators in its canonical spelling */
    struct bytes origin; /* where it is from, e.g. an agreement and a feed; few distinct ones */
    uint32_t ref;        /* the caller's number, given back with each hit */
    int64_t from, until; /* in force from (0: always), to before until (0: for ever); seconds */
    struct bytes
        warned; /* the warning list that contradicts it, or empty: then a hit is shown apart */
};

/* Undo the usual defanging (hxxp, [.], (.), [dot], [:]//, [@], [at]) of a value, or of a report
 * before it is searched. Machines' logs hold nothing of the kind. */
bool watch_refang(struct bytes text, struct arena *a, struct bytes *out, struct err *e);

/* ---- the compiled index ----------------------------------------------------------------- */

struct watch_builder;
struct watch_index;

struct watch_built {
    uint64_t indicators, duplicates; /* in the file; given twice (same value, origin and ref) */
    uint64_t by_kind[WATCH_KINDS];
    uint64_t warned;
    uint64_t size_bytes;
    uint8_t digest[32]; /* SHA-256 of the file's body: names this build */
};

/* NULL: ERR_NOMEM. The file's hash key and time come from `os`. */
struct watch_builder *watch_builder_new(const struct os *os, struct err *e);
void watch_builder_free(struct watch_builder *b); /* NULL is fine */
/* One more. The value is put into its canonical form (case, trailing dot, IPv6 spelling, host
 * bits below a prefix cleared, IDNA). ERR_INPUT: no such value; the builder is as before.
 * ERR_LIMIT: too many. Values are copied. */
bool watch_builder_add(struct watch_builder *b, const struct watch_indicator *in, struct err *e);
/* Write the index so that readers see the old file or the new one, whole. `built` may be NULL. */
bool watch_builder_save(struct watch_builder *b, const char *path, struct watch_built *built,
                        struct err *e);
/* The same into memory. */
bool watch_builder_encode(struct watch_builder *b, struct arena *a, struct bytes *out,
                          struct watch_built *built, struct err *e);

/* Map a file; it is checked wholly once. NULL: ERR_MISSING, ERR_INPUT (foreign, another version,
 * damaged: the text says which), ERR_IO. */
struct watch_index *watch_index_open(const struct os *os, const char *path, struct err *e);
/* Over bytes that outlive it. */
struct watch_index *watch_index_of(struct bytes file, struct err *e);
/* Scanners that use it hold it: it goes with the last of them. NULL is fine. */
void watch_index_close(struct watch_index *ix);
/* True if `path` is now another file than the one open. */
bool watch_index_stale(const struct watch_index *ix, const char *path);
void watch_index_built(const struct watch_index *ix, struct watch_built *out);
int64_t watch_index_time(const struct watch_index *ix); /* when it was built, seconds */

/* Every indicator once, in the order of the file (no order of values). *at begins at 0.
 * `text` holds the value's text. False at the end. */
#define WATCH_VALUE_MAX 8192
bool watch_index_next(const struct watch_index *ix, uint64_t *at, struct watch_indicator *out,
                      uint8_t text[WATCH_VALUE_MAX]);
/* All that one bare value would hit (as a whole: with parents and prefixes), for `explain`. */
typedef bool watch_each(void *self, const struct watch_indicator *found, uint64_t id);
bool watch_index_look_up(const struct watch_index *ix, struct bytes value, watch_each *each,
                         void *self, struct err *e);

/* ---- scanning ---------------------------------------------------------------------------- */

enum watch_format {
    WATCH_AUTO, /* from the first bytes: Zeek's `#separator`, `{`, otherwise text */
    WATCH_TEXT,
    WATCH_ZEEK, /* Zeek's tab separated logs, headers anywhere */
    WATCH_JSON, /* one JSON value per line: Zeek, Suricata eve, Windows events */
    WATCH_CSV,  /* RFC 4180, the first record names the columns */
};

enum watch_how {
    WATCH_EXACT,
    WATCH_PARENT, /* a domain above the one seen */
    WATCH_PREFIX, /* a network around the address seen */
};

struct watch_hit {
    const struct watch_indicator *indicator;
    uint64_t id; /* of the indicator within this index: for counting */
    enum watch_how how;
    struct bytes seen;    /* the token as it stands in the log (decoded, in JSON) */
    struct bytes line;    /* without its LF; cut to what is at hand if it is huge */
    struct bytes log;     /* Zeek's path or `_path`, eve's event_type; or empty */
    struct bytes field;   /* the column, or the JSON keys joined with '.'; or empty */
    uint64_t line_number; /* from 1 */
    uint64_t offset;      /* of the token in the stream; of its string, if that was escaped */
    uint64_t line_offset;
    int64_t event_us; /* the line's own time (Zeek ts, eve timestamp, @timestamp), or 0 */
};

struct watch_event;

struct watch_options {
    enum watch_format format;
    const char *kernel; /* NULL: the fastest; "portable", "avx2", "avx512" */
    /* Views live during the call. False ends the scan with ERR_DENIED. */
    bool (*hit)(void *self, const struct watch_hit *hit);
    /* Each line of a Zeek log that begins with '#': for those who cut a log into parts. May be
     * NULL. */
    void (*header)(void *self, struct bytes line, uint64_t offset);
    void *self;
    /* Lines as objects (watch/event.h): each line that holds a hit (of CSV each record), or with
     * every_line each line; then nothing is searched for. The same `self`; as of `hit`. */
    bool (*event)(void *self, const struct watch_event *event);
    bool every_line;
    /* Tokens as they stand and nothing else. Otherwise, where a log has a request's host and path
     * in two fields (Zeek's http, eve), they are put together and looked up as a URL too: with
     * http, https and without a scheme. */
    bool tokens_only;
};

struct watch_counts {
    uint64_t bytes, lines, hits, hit_lines;
    uint64_t not_json;  /* lines read as text although the format is JSON */
    uint64_t too_long;  /* JSON lines longer than LIMIT_WATCH_LINE, read as text */
    uint64_t no_event;  /* lines too long to be an event */
    uint64_t facts_cut; /* properties left out of events that had too many */
};

struct watch_scanner;
/* NULL: ERR_NOMEM, or ERR_INPUT for a kernel this machine cannot run. One per thread. */
struct watch_scanner *watch_scanner_new(struct watch_index *ix, const struct watch_options *o,
                                        struct err *e);
void watch_scanner_free(struct watch_scanner *s);
/* The next bytes of the stream, cut anywhere. Memory use does not depend on what they are. */
bool watch_scan(struct watch_scanner *s, struct bytes part, struct err *e);
/* The stream ends here; the next watch_scan begins another one. */
bool watch_scan_end(struct watch_scanner *s, struct err *e);
/* From the next line on use another index. */
bool watch_scanner_switch(struct watch_scanner *s, struct watch_index *ix, struct err *e);
/* How far every line has been searched: bytes up to and including the last LF that is done. A
 * process that restarts there sees no line twice and misses none. */
uint64_t watch_scan_done(const struct watch_scanner *s);
/* The number of lines before that place. */
uint64_t watch_scan_lines(const struct watch_scanner *s);
/* Begin the next stream in the middle: at this offset, after so many lines. `head` is how the
 * stream begins, at least its header lines: format and columns are learnt from it. */
void watch_scan_at(struct watch_scanner *s, uint64_t offset, uint64_t lines, struct bytes head);
void watch_scanner_counts(const struct watch_scanner *s, struct watch_counts *out);
/* The kernel in use. */
const char *watch_scanner_kernel(const struct watch_scanner *s);

#endif
