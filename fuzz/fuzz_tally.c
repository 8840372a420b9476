/* lookout: a tally from the spool. */
#include "lookout/sightings.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool each(void *self, const struct sighting *s)
{
    (void)self;
    assert(s->count > 0 && s->first_us <= s->last_us && s->slug[0]);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    spool_parse(bytes_of(data, n), each, NULL, NULL);
    return 0;
}
