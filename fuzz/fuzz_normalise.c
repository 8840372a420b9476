/* psi/normalise: every recipe over any line; what is text normalises to itself. */
#include "psi/normalise.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    for (const struct normalise_recipe *r = normalise_recipes; r->name; r++) {
        uint8_t out[NORMALISE_MOST], again[NORMALISE_MOST];
        size_t got, m;
        bool text = r->name[0] != 'a' && r->name[0] != 'h';
        if (normalise_line(r, bytes_of(data, n), out, &got) != NORMALISE_KEPT)
            continue;
        assert(got > 0 && got <= NORMALISE_MOST);
        if (text && out[0] != '#') {
            assert(normalise_line(r, bytes_of(out, got), again, &m) == NORMALISE_KEPT);
            assert(m == got && memcmp(out, again, m) == 0);
        }
    }
    return 0;
}
