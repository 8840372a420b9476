/* record/lists: a list of objects or of lists is read line by line to its end or to an error. */
#include "record/record_impl.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void walk(struct bytes rest, bool of_lists)
{
    struct list_line line;
    struct err e = {0};
    size_t before = rest.n;

    while (list_next(&rest, of_lists, &line, &e)) {
        assert(rest.n < before);
        before = rest.n;
        assert(of_lists || (line.tlp >= 0 && line.tlp < 5 && line.id.n));
    }
    assert(e.code ? e.text[0] != '\0' : rest.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    walk(bytes_of(data, n), false);
    walk(bytes_of(data, n), true);
    return 0;
}
