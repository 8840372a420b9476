/* utf16: Windows exports to UTF-8. A lone half of a pair becomes U+FFFD. */
#include "base/text.h"
#include "watch/input_impl.h"

static size_t put_unit(struct utf16 *u, uint32_t unit, uint8_t *out)
{
    size_t n = 0;

    if (u->high && unit >= 0xdc00 && unit <= 0xdfff) {
        n = utf8_put(out, 0x10000 + (u->high - 0xd800) * 0x400 + (unit - 0xdc00));
        u->high = 0;
        return n;
    }
    if (u->high)
        n = utf8_put(out, 0xfffd);
    u->high = 0;
    if (unit >= 0xd800 && unit <= 0xdbff)
        u->high = unit;
    else
        n += utf8_put(out + n, unit >= 0xdc00 && unit <= 0xdfff ? 0xfffd : unit);
    return n;
}

bool utf16_part(struct utf16 *u, struct bytes part, const struct flow *to, struct err *e)
{
    uint8_t out[4096];
    size_t n = 0;

    for (size_t i = 0; i < part.n; i++) {
        if (!u->has_half) {
            u->half = part.p[i];
            u->has_half = true;
            continue;
        }
        u->has_half = false;
        n += put_unit(
            u, u->big ? (uint32_t)u->half << 8 | part.p[i] : (uint32_t)part.p[i] << 8 | u->half,
            out + n);
        if (sizeof out - n < 8) {
            if (!to->part(to->self, bytes_of(out, n), e))
                return false;
            n = 0;
        }
    }
    return n == 0 || to->part(to->self, bytes_of(out, n), e);
}
