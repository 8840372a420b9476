/* watch: warning lists, plain lists, and every kind of value. */
#include "watch/lists.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n), name, line;
    struct watch_lists *l = watch_lists_new(NULL);
    enum watch_kind kind;

    if (!l)
        return 0;
    watch_lists_add_misp(l, in, NULL);
    watch_lists_add_plain(l, "plain", in, NULL);
    while (bytes_next_line(&in, &line))
        for (kind = WATCH_IPV4; kind <= WATCH_SHA512; kind++)
            if (watch_lists_check(l, kind, line, &name))
                assert(name.n > 0);
    watch_lists_free(l);
    return 0;
}
