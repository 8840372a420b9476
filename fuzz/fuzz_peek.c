/* record/peek: the gate takes what the parser takes, and sees the same id, type and marking. */
#include "record/record_impl.h"
#include "stix/stix.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes o = bytes_of(data, n), id, type;
    struct arena *a = arena_new(n * 24 + ((size_t)1 << 20)); /* as much as the look may take */
    struct stix_object s;
    const struct json *v;
    bool peek, parse;
    int tlp;

    if (!a)
        abort();
    peek = object_peek(o, &id, &type, &tlp, NULL);
    v = json_parse_canonical(o, a, NULL);
    parse = v && stix_read(v, &s, NULL);
    assert(peek == parse);
    if (peek) {
        assert(bytes_equal(id, s.id) && bytes_equal(type, s.type));
        assert(tlp == (int)s.tlp - (int)STIX_TLP_CLEAR);
    }
    arena_free(a);
    return 0;
}
