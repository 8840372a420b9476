/* record/evidence: whatever convicts is two different acts of one author, place and number. */
#include "record/evidence.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)32 << 20);
    struct act_evidence v;
    struct err e = {0};

    if (!a || !crypto_init())
        abort();
    if (act_evidence_verify(bytes_of(data, n), NULL, a, &v, &e)) {
        assert(v.a.seq == v.b.seq && bytes_equal(v.a.from, v.b.from));
        assert(bytes_equal(v.a.agreement, v.b.agreement));
        assert(!bytes_equal(v.a.text, v.b.text));
        assert(act_verify(&v.a, &v.accused.public, KEY_ACTS, NULL) ||
               act_verify(&v.a, &v.accused.public, KEY_RECOVERY, NULL));
    } else {
        assert(e.code && e.text[0]);
    }
    arena_free(a);
    return 0;
}
