/* match: the hello of another command line. What parses prints to the same bytes. */
#include "match/match.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct match_hello h;
    struct err e = {0};
    struct arena *a;
    struct bytes text;

    if (!match_hello_parse(bytes_of(data, n), &h, &e))
        return 0;
    a = arena_new(4096);
    if (!a)
        abort();
    assert(match_hello_print(&h, a, &text, &e) && bytes_equal(text, bytes_of(data, n)));
    assert(match_hello_agree(&h, &h, &e));
    arena_free(a);
    return 0;
}
