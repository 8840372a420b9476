/* node/exchange_text: cosignatures and states that peers give. What parses prints to the same
 * bytes. */
#include "node/node_impl.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64 << 20);
    struct bytes in = bytes_of(data, n), out;
    struct dates_page dates;
    struct state_page state;

    if (!a)
        abort();
    if (dates_parse(in, a, &dates, NULL)) {
        assert(dates.n <= LIMIT_DATES_NOTES);
        assert(dates_print(&dates, a, &out, NULL) && bytes_equal(in, out));
    }
    if (state_page_parse(in, a, &state, NULL)) {
        assert(state.n <= LIMIT_STATE_PAIRS);
        assert(state_page_print(&state, a, &out, NULL) && bytes_equal(in, out));
    }
    arena_free(a);
    return 0;
}
