/* watch: any file, in parts of any size: compression, UTF-16, captures, and what comes out of
 * them. */
#include "crypto/crypto.h"
#include "watch/input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct watch_index *ix;
    static struct arena *arena;
    struct watch_options o = {0};

    if (!ix) {
        struct watch_builder *b = watch_builder_new(os_system(), NULL);
        struct watch_indicator in = {.kind = WATCH_CIDR4, .value = BYTES("0.0.0.0/0")};
        struct bytes file;
        arena = arena_new(1 << 24);
        if (!watch_builder_add(b, &in, NULL) || !watch_builder_encode(b, arena, &file, NULL, NULL))
            abort();
        watch_builder_free(b);
        ix = watch_index_of(file, NULL);
    }
    if (n < 1)
        return 0;
    for (size_t step = 1 + data[0] % 64; step < 100000; step = step < 1000 ? 4096 : 100000) {
        struct watch_scanner *s = watch_scanner_new(ix, &o, NULL);
        struct watch_input *in = watch_input_new(os_system(), s, NULL);
        bool ok = s && in;
        for (size_t at = 1; ok && at < n; at += step)
            ok = watch_input_bytes(in, bytes_part(bytes_of(data, n), at, step), NULL);
        if (in)
            watch_input_end(in, NULL);
        watch_input_free(in);
        watch_scanner_free(s);
    }
    return 0;
}
