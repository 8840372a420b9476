/* stix/indicator: a value that is taken is in its one spelling, and its pattern says the same. */
#include "stix/indicator.h"
#include "stix/pattern.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct indicator_room room, again;
    struct indicator i, j, *all;
    uint8_t text[INDICATOR_PATTERN_MAX];
    struct arena *a;
    const struct pattern *p;
    unsigned odd;
    size_t count;

    if (indicator_read(bytes_of(data, n), INDICATOR_ANY, &room, &i, &odd))
        return 0;
    assert(!indicator_read(i.value, i.type, &again, &j, &odd));
    assert(i.type == j.type && bytes_equal(i.value, j.value));
    a = arena_new((size_t)1 << 20);
    p = pattern_parse(bytes_of(text, indicator_pattern(&i, text)), a, NULL);
    assert(p && pattern_indicators(p, a, &all, &count, NULL) && count == 1);
    assert(all[0].type == i.type && bytes_equal(all[0].value, i.value));
    arena_free(a);
    return 0;
}
