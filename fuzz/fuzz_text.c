/* base/text: every parser over the same bytes; what parses prints back to the same bytes. */
#include "base/text.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    uint8_t raw[256];
    char text[BASE64_LEN(256) + 8], when[TIME_TEXT_MAX];
    size_t got = sizeof raw, at = 0;
    uint64_t value;
    int64_t t;

    if (n <= sizeof text - 8 && base64_decode(raw, &got, in)) {
        base64_encode(text, raw, got);
        assert(bytes_equal(bytes_of(text, BASE64_LEN(got)), in));
    }
    if (decimal_parse(in, &value))
        assert(bytes_equal(bytes_of(text, decimal_print(text, value)), in));
    if (time_parse(in, &t)) {
        time_print(when, t);
        assert(bytes_are(in, when));
    }
    time_parse_us(in, &t);
    while (at < n && utf8_next(in, &at) >= 0)
        ;
    assert(utf8_valid(in) == (at == n));
    for (size_t cap = 0; cap < 40; cap++) {
        char out[40];
        size_t len = text_escape(out, cap, in);
        assert(cap == 0 || (len < cap && out[len] == 0 && utf8_valid(bytes_of(out, len))));
    }
    slug_valid(in);
    return 0;
}
