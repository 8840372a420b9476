/* event_impl: what fills an event. */
#ifndef ENTENTE_WATCH_EVENT_IMPL_H
#define ENTENTE_WATCH_EVENT_IMPL_H

#include "watch/event.h"
#include "watch/scan_impl.h"

/* Objects that several fields of one line make together. */
enum slot {
    SLOT_NONE,
    SLOT_FLOW,
    SLOT_FILE,
    SLOT_PROCESS,
    SLOT_PARENT,       /* the process's parent */
    SLOT_IMAGE,        /* the process's file */
    SLOT_PARENT_IMAGE, /* the parent's */
    SLOT_KEY,
    SLOT_USER,
    SLOT_MAIL,
    SLOT_CERT,
    SLOT_SOFTWARE,
};
#define SLOTS 12

/* What a field's value is made into. With a slot, `path` is a property of the slot's object. */
enum as {
    AS_TEXT,
    AS_LOWER,
    AS_NAME, /* case has no meaning */
    AS_INTEGER,
    AS_TIME,
    AS_DURATION, /* seconds behind the event's time; also sets the event's end */
    AS_ADDRESS,  /* an object of its own, which the path refers to (if there is one) */
    AS_HOST,     /* an address or a name, perhaps with a port */
    AS_ANSWER,   /* a host, which the first domain of the line resolves to */
    AS_URL,
    AS_PATH, /* the path of a request: with the line's host it is a URL */
    AS_EMAIL,
    AS_MAC,
    AS_DIGEST,  /* into hashes/, by its length */
    AS_DIGESTS, /* "SHA1=..,MD5=.." */
    AS_FILE,    /* a path: name and parent_directory_ref */
    AS_IMAGE,   /* the same of a process, whose name it gives */
    AS_KEY,
    AS_KEY_VALUE, /* a registry path that ends in a value's name */
};

enum family { FAMILY_ANY, FAMILY_ZEEK, FAMILY_EVE, FAMILY_WINDOWS };

struct map_row {
    uint8_t family;  /* enum family */
    const char *log; /* NULL: all of the family */
    const char *field;
    uint8_t slot, as; /* enum slot, enum as */
    const char *path;
};
extern const struct map_row event_rows[];
extern const size_t event_row_count;
extern const char *const slot_types[SLOTS];

/* ---- event.c: the event in the making ----------------------------------------------------------
 */

#define EVENT_OBJECTS 96

struct events {
    struct watch_fact facts[LIMIT_WATCH_FACTS];
    const char *types[EVENT_OBJECTS];
    size_t n, objects;
    uint16_t slot[SLOTS]; /* object number + 1 */
    int domain;           /* the first domain's object, or -1 */
    struct bytes host, target;
    uint16_t port;
    int64_t event_us, end_us;
    uint16_t *rows; /* hash table of event_rows by family and field: number + 1 */
    uint8_t *room;  /* decoded and folded text of one line */
    size_t used, cap;
    uint8_t *record; /* of CSV: the record that is not whole yet */
    size_t record_n;
    bool record_quoted, record_lost;
    uint64_t record_line, record_offset;
    uint64_t cut, too_long;
};

struct events *events_new(struct err *e);
void events_free(struct events *ev);
/* One whole line: make its event and give it. False: the sink stopped the scan. */
bool events_line(struct watch_scanner *s, const struct line *line);
/* All lines of a piece. */
bool events_piece(struct watch_scanner *s, const uint8_t *p, size_t n);

/* n bytes that live as long as the line; NULL: there is no room. */
uint8_t *event_room(struct events *ev, size_t n);

/* ---- event_fact.c -------------------------------------------------------------------------------
 */
struct watch_fact *event_fact(struct events *ev, size_t object, const char *path,
                              enum watch_fact_kind kind);
size_t event_object(struct events *ev, const char *type); /* SIZE_MAX: full */
size_t event_slot(struct events *ev, enum slot slot);
/* One value as the row says. */
void event_put(struct events *ev, const struct map_row *row, struct bytes value);
/* Free text: its words that are values of some kind. */
void event_words(struct events *ev, struct bytes text);

#endif
