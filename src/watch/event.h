/* watch/event: a line of a log as objects and their properties.
 *
 *     static bool look(void *self, const struct watch_event *ev) { ... }
 *     struct watch_options o = {.event = look, .every_line = true};
 *
 * A scanner with `event` set gives one event for each line that holds a hit, or for each line
 * (then nothing is searched for). Names of objects and properties are those of STIX 2.1; watch
 * takes them from a table (watch_event_map) and knows nothing else of it. Logs with a map: Zeek
 * (tab separated and JSON), Suricata's eve, Windows events and Sysmon as JSON, Elastic's common
 * schema and usual column names in other JSON and CSV, our own captures. Of any other line the
 * words that are addresses, names, URLs, e-mail addresses and digests become objects.
 *
 * Names of domains, digests and registry keys are given in lower case, keys with their hive in
 * full, addresses in their one spelling. The URL of a request whose log has host and path apart
 * is put together.
 *
 * Views live during the call. A line of more than LIMIT_WATCH_LINE bytes, or that is searched in
 * parts because it is huge, gives no event; facts beyond LIMIT_WATCH_FACTS are left out. Both are
 * counted. */
#ifndef ENTENTE_WATCH_EVENT_H
#define ENTENTE_WATCH_EVENT_H

#include "watch/watch.h"

enum watch_fact_kind {
    WATCH_FACT_TEXT,
    WATCH_FACT_NAME,    /* in lower case: case has no meaning */
    WATCH_FACT_ADDRESS, /* IPv4 or IPv6 */
    WATCH_FACT_INTEGER,
    WATCH_FACT_NUMBER,
    WATCH_FACT_TIME, /* microseconds in `integer` */
    WATCH_FACT_REF,  /* object number `integer` */
};

struct watch_fact {
    enum watch_fact_kind kind;
    uint16_t object; /* which of the event's */
    /* Keys joined with '/', "[]" behind one whose values are a list: "protocols[]",
     * "hashes/SHA-256", "extensions/http-request-ext/request_method". */
    const char *path;
    struct bytes text;
    int64_t integer;
    double number;
};

struct watch_event {
    const char *const *types; /* "network-traffic", one for each object */
    size_t objects;
    const struct watch_fact *facts;
    size_t n;
    struct bytes line, log; /* as in watch_hit */
    uint64_t line_number, line_offset;
    int64_t event_us; /* 0: none */
    int64_t end_us;   /* as event_us, or when a connection ended */
};

/* The table, row by row. *at begins at 0. */
struct watch_event_field {
    const char *log;         /* "zeek", "eve", "windows", "any" */
    const char *of;          /* which of those: "dns", "13"; "" for all */
    const char *field;       /* a column or JSON member */
    const char *type, *path; /* of the property that is set, as in a pattern: "src_ref.value" */
};
bool watch_event_map(size_t *at, struct watch_event_field *out);
/* Can a line of any log give an object of this type, and a property at this path (NULL: any)? The
 * path's keys joined with '/', without indices. */
bool watch_event_gives(struct bytes type, struct bytes path);

#endif
