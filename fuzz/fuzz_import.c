/* stix/import: any bytes, whole or in drips, give the same objects; each is canonical and checks.
 */
#include "crypto/crypto.h"
#include "stix/import.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct drip {
    struct bytes left;
};

static bool drip(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct drip *d = self;

    (void)e;
    *got = d->left.n < 3 ? d->left.n : n < 3 ? n : 3;
    if (*got)
        memcpy(out, d->left.p, *got);
    d->left = bytes_part(d->left, *got, SIZE_MAX);
    return true;
}

/* Run it to its end; every object goes into the hash. */
static void run(struct stix_import *im, bool check, struct hash *out)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct transcript t;
    struct stix_item item;
    struct err e = {0};

    transcript_init(&t, "fuzz");
    while (stix_import_next(im, &item, &e)) {
        struct arena_mark m = arena_mark(a);
        struct stix_object o;
        const struct json *v = check ? json_parse_canonical(item.bytes, a, &e) : NULL;
        assert(!check ||
               (v && stix_check(v, a, NULL, &o, &e) && bytes_equal(o.id, item.object.id)));
        transcript_add(&t, item.bytes);
        arena_reset(a, m);
    }
    transcript_add(&t, bytes_text(e.text));
    transcript_hash(&t, out);
    stix_import_close(im);
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct stix_markings *m = stix_markings_new();
    struct stix_import_options how = {.party_id =
                                          BYTES("identity--f690c992-8e7d-4b9a-9303-3312616c0220"),
                                      .now_us = INT64_C(1700000000000000),
                                      .markings = m};
    struct drip d = {bytes_of(data, n)};
    struct hash whole, drips;

    run(stix_import_open_bytes(&how, bytes_of(data, n), NULL), true, &whole);
    run(stix_import_open(&how, drip, &d, NULL), false, &drips);
    assert(hash_equal(&whole, &drips));
    stix_markings_free(m);
    return 0;
}
