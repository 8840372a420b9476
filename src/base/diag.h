/* diag: one line per event to stderr (or wherever the context says): level, a fixed sentence,
 * then key=value, outside bytes escaped.
 *
 *     diag(d, DIAG_WARN, "peer is behind", "peer=%s lag=%llu", name, lag);
 *
 * error wants a person, warn may, info tells a day in a hundred lines, debug is ours.
 * No secrets, no other party's indicators.
 */
#ifndef ENTENTE_DIAG_H
#define ENTENTE_DIAG_H

#include "base/os.h"

enum diag_level { DIAG_ERROR, DIAG_WARN, DIAG_INFO, DIAG_DEBUG };

struct diag {
    const struct os *os;   /* for the time; NULL: none is printed */
    enum diag_level least; /* what is less important is dropped */
    /* One whole line with its LF; NULL: stderr. Called from any thread. */
    void (*line)(void *self, const char *text, size_t n);
    void *self;
};

/* `d` may be NULL: nothing is said. */
void diag(const struct diag *d, enum diag_level level, const char *sentence, const char *format,
          ...) __attribute__((format(printf, 4, 5)));
/* The same with an error's text as `why=`. */
void diag_err(const struct diag *d, enum diag_level level, const char *sentence,
              const struct err *e);

#endif
