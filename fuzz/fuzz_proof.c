/* tlog/proof: a `.tlog-proof` prints as it was read, and proves nothing under an empty policy. */
#include "tlog/tlog.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64 << 20);
    struct bytes in = bytes_of(data, n), again;
    struct policy_verdict v;
    struct proof_file f;
    struct policy *p;

    if (!a || !crypto_init())
        abort();
    if (proof_file_parse(in, a, &f, NULL)) {
        assert(proof_file_print(&f, a, &again, NULL));
        assert(bytes_equal(in, again));
        assert(policy_parse(BYTES("quorum none\n"), a, &p, NULL));
        assert(!proof_file_verify(&f, in, p, a, &v, NULL));
    }
    arena_free(a);
    return 0;
}
