/* watch/output: hits as text for people, JSON lines, CSV, and alerts in the form of Suricata's eve.
 *
 *     struct watch_writer *w = watch_writer_new(WATCH_AS_JSON, write_bytes, file, e);
 *     struct watch_options o = {.hit = watch_writer_hit, .self = w};
 *     ...
 *     watch_writer_end(w, e);
 *
 * All bytes from logs and lists are escaped: for a terminal in text, as JSON strings elsewhere
 * (bytes that are not UTF-8 become U+FFFD). Lines end in LF. */
#ifndef ENTENTE_WATCH_OUTPUT_H
#define ENTENTE_WATCH_OUTPUT_H

#include "watch/watch.h"

enum watch_as {
    WATCH_AS_TEXT,     /* file:line:column: kind value (origin) in field: the line, cut */
    WATCH_AS_COLOURED, /* the same with the token in colour */
    WATCH_AS_JSON,     /* one object per hit */
    WATCH_AS_CSV,      /* RFC 4180 with a header; what a spreadsheet would run is quoted with ' */
    WATCH_AS_EVE,      /* event_type "alert", as Suricata writes it */
};

struct watch_writer;
/* `out` takes whole lines; false from it ends the scan. NULL: ERR_NOMEM. */
struct watch_writer *watch_writer_new(enum watch_as as,
                                      bool (*out)(void *self, struct bytes text, struct err *e),
                                      void *self, struct err *e);
/* The source's name for the hits that follow: a file, "-". Copied, cut at 1,024 bytes. */
void watch_writer_source(struct watch_writer *w, struct bytes name);
/* The sink for watch_options; self is the writer. */
bool watch_writer_hit(void *self, const struct watch_hit *hit);
/* Write what is left. False: some write failed, with its reason. */
bool watch_writer_end(struct watch_writer *w, struct err *e);
void watch_writer_free(struct watch_writer *w); /* NULL is fine */

#endif
