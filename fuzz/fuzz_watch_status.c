/* lookout: what the follower says of itself. */
#include "lookout/daemon.h"
#include "lookout/lookout.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct daemon_status s;

    if (a && daemon_status_parse(bytes_of(data, n), a, &s, NULL))
        assert(s.logs || s.logs_n == 0);
    arena_free(a);
    return 0;
}
