/* Queries and paths: what is decoded can be encoded and comes back; segments join to the path. */
#include "http/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void comes_back(struct bytes text, struct arena *a)
{
    struct bytes coded, back;
    struct err e = {0};

    if (!http_percent_encode(text, a, &coded, &e) || !http_percent_decode(coded, a, &back, &e) ||
        !bytes_equal(text, back))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = {data, n}, segment, rest = in;
    struct arena *a = arena_new((size_t)64 << 20);
    struct http_param *params;
    struct err e = {0};
    size_t count, length = 0;

    if (!a || n > (1 << 16)) {
        arena_free(a);
        return 0;
    }
    if (http_query_parse(in, a, &params, &count, &e))
        for (size_t i = 0; i < count; i++) {
            comes_back(params[i].name, a);
            comes_back(params[i].value, a);
        }
    while (http_path_next(&rest, &segment))
        length += 1 + segment.n;
    if (length + rest.n != n)
        abort();
    arena_free(a);
    return 0;
}
