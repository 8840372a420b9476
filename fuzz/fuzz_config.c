/* node/config: what parses prints, and what is printed parses to the same. */
#include "node/config.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64 << 20);
    struct node_config c, back;
    struct bytes text, again;

    if (!a)
        abort();
    if (node_config_parse(bytes_of(data, n), a, &c, NULL)) {
        assert(c.name.n && c.poll_seconds && c.connections);
        assert(node_config_print(&c, a, &text, NULL));
        assert(node_config_parse(text, a, &back, NULL));
        assert(node_config_print(&back, a, &again, NULL));
        assert(bytes_equal(text, again));
    }
    arena_free(a);
    return 0;
}
