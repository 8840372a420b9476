/* hunt_impl: hunt.c takes patterns, anchor.c says which values make it worth asking them,
 * observe.c turns an event into an observation and asks, window.c remembers. */
#ifndef ENTENTE_HUNT_IMPL_H
#define ENTENTE_HUNT_IMPL_H

#include "base/limits.h"
#include "hunt/hunt.h"
#include "stix/match.h"
#include "watch/event.h"

/* A line that several patterns may remember. */
struct memory {
    unsigned holders;
    uint64_t line_number, line_offset;
    int64_t event_us;
    uint32_t source_n, line_n, log_n;
    uint8_t text[]; /* source, line, log */
};

/* What a pattern remembers; `seen` and `memory` go together. */
struct window {
    struct match_seen *seen;
    struct memory **memory;
    size_t n, cap;
};

/* One comparison's constant that a leaf cannot hold without (or one of several). */
struct anchor {
    struct bytes value;
    bool indexed;         /* a scan for `key` finds each line with it */
    enum watch_kind kind; /* of `key` */
    struct bytes key;
};

struct pattern_in_hunt {
    struct hunt_pattern p;
    struct match *match;
    struct window window;
    /* While one event is looked at. */
    uint64_t asked; /* the event's number */
    uint64_t leaves;
};

/* A leaf to be asked if the event has a value with this hash, or (unanchored) this type. */
struct question {
    uint64_t hash;
    uint32_t pattern, leaf;
    struct bytes type; /* of unanchored ones: an object type without which it cannot hold */
};

struct question_list {
    struct question *at;
    size_t n, cap;
};

struct hunt {
    const struct os *os;
    struct hunt_options options;
    struct arena *arena; /* patterns, notes, the index */
    struct arena *event; /* one event's observation */
    struct arena_mark event_start;
    struct match_room *room;
    struct pattern_in_hunt *patterns;
    size_t n, cap;
    struct hunt_note *notes;
    size_t notes_n, notes_cap;
    struct question_list anchored, others;
    uint32_t *table; /* of `anchored` by hash: number + 1 */
    size_t table_size;
    struct watch_builder *keys;
    struct watch_index *index;
    struct watch_scanner *scanner;
    size_t window_most;
    uint32_t *touched; /* patterns asked for the event in hand */
    size_t touched_n;
    struct match_seen *some; /* a window's part */
    uint32_t *some_at;
    uint8_t source[1024];
    size_t source_n;
    uint64_t event_number; /* of the one in hand */
    int64_t last_us;
    struct hunt_counts counts;
};

/* anchor.c */
/* Ask this pattern's leaves when it is worth it; its keys go to the index. */
bool anchor_pattern(struct hunt *h, uint32_t number, struct err *e);
/* After the last one. */
bool anchor_table(struct hunt *h, struct err *e);
uint64_t anchor_hash(struct bytes value);
/* hunt.c */
bool hunt_note_add(struct hunt *h, const struct hunt_pattern *p, bool refused, const char *what,
                   struct err *e);
/* observe.c */
bool hunt_event(void *self, const struct watch_event *ev);
/* window.c */
/* The event in hand, for these leaves; then, is the pattern true? False: the sink stopped it. */
bool window_event(struct hunt *h, struct pattern_in_hunt *p, const struct watch_event *ev,
                  struct memory **memory);
void window_wipe(struct window *w);
void memory_drop(struct memory *m);

#endif
