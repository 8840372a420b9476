/* base/catalogue: look-ups in a file of any bytes; in one that checks, what is there is found. */
#include "base/catalogue.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct catalogue k = {bytes_of(data, n)};
    bool good = catalogue_check(&k, NULL);
    const char *text = catalogue_text(&k, "signed"),
               *open = catalogue_text_in(&k, "a request", "open"),
               *files = catalogue_plural(&k, "%u file", "%u files", n);

    assert(strlen(text) <= n + 6 && strlen(open) <= n + 4 && strlen(files) <= n + 8);
    assert(!good || catalogue_text(&k, "")[0] == '\0');
    return 0;
}
