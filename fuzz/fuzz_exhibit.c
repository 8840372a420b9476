/* exhibit: the body of an act about a file. What is taken adds up. */
#include "desk/exhibit.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct exhibit *x = a ? arena_get(a, sizeof *x, NULL) : NULL;
    struct exhibit_step step;
    uint64_t sum = 0;

    if (x && exhibit_parse(bytes_of(data, n), a, x, NULL)) {
        assert(x->parts_n <= EXHIBIT_PARTS && x->steps_n <= EXHIBIT_STEPS);
        for (size_t i = 0; i < x->parts_n; i++)
            sum += x->parts[i].size;
        assert(x->parts_n == 0 || sum == x->size);
    }
    if (a)
        exhibit_step_parse(bytes_of(data, n), os_system(), a, &step, NULL);
    arena_free(a);
    return 0;
}
