/* record_support: parties and agreements for tests. */
#ifndef ENTENTE_RECORD_SUPPORT_H
#define ENTENTE_RECORD_SUPPORT_H

#include "record/record.h"
#include "support/support.h"

struct test_party {
    struct keyring *keys;
    struct card card;
};

/* A party of this slug with fresh keys and one contact. */
struct test_party test_party(struct arena *a, const char *slug);
/* An agreement of the parties from a template, as canonical bytes and parsed. */
struct agreement test_agreement(struct arena *a, const struct test_party *parties, size_t n);
/* The text with the first `from` replaced by `to`; fails the test if it is not there. */
struct bytes test_edit(struct arena *a, struct bytes text, const char *from, const char *to);

#endif
