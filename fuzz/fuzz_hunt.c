/* A pattern and a log: the first line is the pattern, the second chooses a format, the rest is the
 * log. Found or not, nothing else happens; and looking at every line finds what the index does. */
#include "base/text.h"
#include "hunt/hunt.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool count(void *self, const struct hunt_found *f)
{
    (void)f;
    ++*(uint64_t *)self;
    return true;
}

static void run(struct bytes pattern, struct bytes log, enum watch_format format, bool every)
{
    uint64_t found = 0;
    struct hunt_options o = {.format = format,
                             .every_line = every,
                             .found = count,
                             .self = &found,
                             .memory_bytes = (size_t)1 << 20};
    struct hunt *h = hunt_new(os_system(), &o, NULL);
    struct watch_scanner *s;
    struct hunt_counts counts;

    if (!h)
        return;
    if (hunt_add(h, &(struct hunt_pattern){.text = pattern}, NULL) && (s = hunt_scanner(h, NULL))) {
        struct bytes half = bytes_part(log, 0, log.n / 2);
        if (watch_scan(s, half, NULL) && watch_scan(s, bytes_part(log, half.n, SIZE_MAX), NULL))
            watch_scan_end(s, NULL);
    }
    hunt_counts(h, &counts);
    if (counts.found != found)
        abort();
    hunt_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size), pattern, format;

    if (!bytes_next_line(&rest, &pattern) || !bytes_next_line(&rest, &format))
        return 0;
    run(pattern, rest, format.n ? format.p[0] % 5U : WATCH_AUTO, format.n > 1);
    return 0;
}
