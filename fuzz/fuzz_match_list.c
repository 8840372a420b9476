/* match: a list in any format, read twice in pieces of different sizes: the same items each time.
 */
#include "match/match.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct input {
    struct bytes in;
    size_t at, piece;
    uint64_t items;
    struct sha256 seen;
};

static bool some(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct input *i = self;
    struct bytes part = bytes_part(i->in, i->at, n < i->piece ? n : i->piece);

    (void)e;
    if (part.n)
        memcpy(out, part.p, part.n);
    i->at += *got = part.n;
    return true;
}

static bool each(void *self, struct bytes canonical, struct bytes original, struct err *e)
{
    struct input *i = self;

    (void)e;
    assert(canonical.n <= NORMALISE_MOST);
    sha256_add(&i->seen, canonical);
    sha256_add(&i->seen, original);
    i->items++;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hash seen[2];
    bool went[2];
    const struct match_type *t;

    if (n == 0)
        return 0;
    t = &match_types[data[0] % 10];
    for (int k = 0; k < 2; k++) {
        struct input in = {.in = bytes_of(data + 1, n - 1), .piece = k ? 7 : 1 << 20};
        struct match_source source = {some, &in};
        struct match_counts counts;
        struct err e = {0};
        sha256_start(&in.seen);
        went[k] = match_read(t, data[0] & 128, &source, each, &in, &counts, &e);
        assert(!went[k] || counts.kept == in.items);
        sha256_end(&in.seen, &seen[k]);
    }
    assert(went[0] == went[1] && (!went[0] || hash_equal(&seen[0], &seen[1])));
    return 0;
}
