/* tlog/evidence: whatever convicts has two different claims about one log. */
#include "tlog/tlog.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64 << 20);
    struct evidence found;

    if (!a || !crypto_init())
        abort();
    if (evidence_verify(bytes_of(data, n), NULL, a, &found, NULL)) {
        assert(!checkpoint_equal(&found.a, &found.b));
        assert(strcmp(found.a.origin, found.b.origin) == 0);
        assert((found.a.size == found.b.size) == (found.kind == EVIDENCE_SAME_SIZE));
        assert(found.kind != EVIDENCE_BACKWARDS || found.time_a > found.time_b);
    }
    arena_free(a);
    return 0;
}
