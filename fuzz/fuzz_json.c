/* stix/json: what parses prints to bytes that parse again and print to themselves. */
#include "stix/json.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct bytes once, twice, pretty;
    const struct json *v = json_parse(bytes_of(data, n), a, NULL);

    json_line_of(bytes_of(data, n), "/a/0/b");
    if (v) {
        assert(json_print(v, a, &once, NULL));
        v = json_parse_canonical(once, a, NULL);
        assert(v && json_print(v, a, &twice, NULL) && bytes_equal(once, twice));
        assert(json_print_pretty(v, a, &pretty, NULL) && json_canonical(pretty, a, &twice, NULL));
        assert(bytes_equal(once, twice));
    }
    arena_free(a);
    return 0;
}
