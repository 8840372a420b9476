/* reference: the rules of matching, slowly and plainly: every token is compared with every
 * indicator as text. It shares no code with src/watch. */
#ifndef ENTENTE_TEST_WATCH_REFERENCE_H
#define ENTENTE_TEST_WATCH_REFERENCE_H

#include "base/bytes.h"

struct ref_indicator {
    const char *kind, *value;
};

/* Called once per hit: which indicator, how ("exact", "parent", "prefix"), where the token's text
 * (without outer dots) begins. */
typedef void ref_hit(void *self, size_t indicator, const char *how, size_t at);
void reference(struct bytes text, const struct ref_indicator *in, size_t n, ref_hit *hit,
               void *self);

#endif
