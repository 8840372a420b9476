/* node/heads: what peers say about where they stand. What parses prints to the same bytes. */
#include "node/node_impl.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64 << 20);
    struct bytes in = bytes_of(data, n), out;
    struct heads *h = a ? arena_get(a, sizeof *h, NULL) : NULL;
    struct taken_line t;

    if (!h)
        abort();
    if (heads_parse(in, a, h, NULL)) {
        assert(h->n <= LIMIT_PARTIES);
        assert(heads_print(h, a, &out, NULL) && bytes_equal(in, out));
    }
    if (taken_parse(in, &t, NULL))
        assert(taken_print(&t, a, &out, NULL) && bytes_equal(in, out));
    arena_free(a);
    return 0;
}
