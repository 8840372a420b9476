/* stix/pattern: what parses prints to a text that parses to the same print. */
#include "stix/pattern.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)64 << 20);
    const struct pattern *p = pattern_parse(bytes_of(data, n), a, NULL);
    struct bytes once, twice;
    struct indicator *all;
    size_t count;

    if (p) {
        assert(pattern_print(p, a, &once, NULL));
        assert(pattern_indicators(p, a, &all, &count, NULL));
        p = pattern_parse(once, a, NULL);
        assert(p && pattern_print(p, a, &twice, NULL) && bytes_equal(once, twice));
    }
    arena_free(a);
    return 0;
}
