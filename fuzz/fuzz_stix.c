/* stix/stix: any JSON value is an object with a summary, or an error; what checks, reads alike. */
#include "stix/stix.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)64 << 20);
    const struct json *v = json_parse(bytes_of(data, n), a, NULL);
    struct stix_markings *m = stix_markings_new();
    struct stix_warnings w = {0};
    struct stix_object o, again;
    char id[STIX_ID_MAX];
    unsigned unknown;
    struct bytes out;

    if (v && stix_check(v, a, &w, &o, NULL)) {
        assert(stix_read(v, &again, NULL) && bytes_equal(o.id, again.id) && o.tlp == again.tlp);
        for (unsigned i = 0; i < o.markings; i++)
            stix_tlp_of_id(stix_object_marking(&o, i));
        assert(stix_markings_learn(m, &o, NULL));
        assert(stix_markings_tlp(m, &o, &unknown) >= o.tlp);
        stix_observable_id(v, a, id);
        if (stix_make_revoked(&o, o.modified_us + 1000000, a, &out, NULL))
            assert(json_parse_canonical(out, a, NULL));
    }
    stix_markings_free(m);
    arena_free(a);
    return 0;
}
