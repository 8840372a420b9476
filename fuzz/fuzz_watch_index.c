/* watch: the index loader. The digest is made right first, so that what lies behind it is reached;
 * what opens is walked, searched and exported. */
#include "crypto/crypto.h"
#include "watch/watch.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static uint8_t text[WATCH_VALUE_MAX];
    struct watch_options o = {0};
    struct watch_indicator in;
    struct watch_index *ix;
    uint8_t *file;
    struct hash h;
    uint64_t at = 0;

    if (n < 512 || n > (1 << 20))
        return 0;
    file = malloc(n);
    if (!file)
        return 0;
    memcpy(file, data, n);
    memset(file + 480, 0, 32);
    sha256(bytes_of(file, n), &h);
    memcpy(file + 480, h.b, 32);
    ix = watch_index_of(bytes_of(file, n), NULL);
    if (ix) {
        struct watch_scanner *s = watch_scanner_new(ix, &o, NULL);
        while (watch_index_next(ix, &at, &in, text))
            assert(in.value.n <= WATCH_VALUE_MAX);
        if (s) {
            watch_scan(s, BYTES("1.2.3.4 a.b.c 10.0.0.1 2001:db8::1 x@y.z http://a.b/c\n"), NULL);
            watch_scan_end(s, NULL);
        }
        watch_scanner_free(s);
    }
    watch_index_close(ix);
    free(file);
    return 0;
}
