/* tlog/witness: a request prints as it was read; no request gets more than a refusal from a
 * witness that trusts no key of the log; answers are total. */
#include "tlog/tlog.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64 << 20);
    struct bytes in = bytes_of(data, n), again;
    struct witness_log log = {.n = 0};
    struct witness_decision d;
    struct witness_request q;
    struct cosignature *found;
    size_t count;
    uint64_t size;

    if (!a || !crypto_init())
        abort();
    if (witness_request_parse(in, a, &q, NULL)) {
        assert(witness_request_print(q.old_size, &q.proof, q.note.whole, a, &again, NULL));
        assert(bytes_equal(in, again));
        witness_decide(NULL, &q, &d);
        assert(d.status == 404);
        witness_decide(&log, &q, &d);
        assert(d.status == 403 && d.keep == WITNESS_KEEP_NOTHING);
        assert(!witness_response_parse(in, &q.note, NULL, 0, a, &found, &count, NULL));
    }
    witness_conflict_parse(in, &size, NULL);
    arena_free(a);
    return 0;
}
