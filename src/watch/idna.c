/* idna: labels in UTF-8 to the ASCII form that stands in DNS and in logs (RFC 3492, punycode).
 *
 * Letters are put into lower case for the scripts that have cases and simple rules for it (Latin
 * to U+017F, Greek, Cyrillic, Armenian); the ideographic full stops separate labels. The rest of
 * UTS 46's mapping is not done: feeds carry names that are in that form already. */
#include "base/text.h"
#include "watch/watch_impl.h"

static uint32_t fold_letter(uint32_t c)
{
    if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ||
        (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
        return c + 32;
    if (c >= 0x400 && c <= 0x40f)
        return c + 80;
    if (c >= 0x531 && c <= 0x556)
        return c + 48;
    if ((c >= 0x100 && c <= 0x137 && c != 0x130) || (c >= 0x14a && c <= 0x177) ||
        (c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf))
        return c | 1;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
        return c + (c & 1);
    return c;
}

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;

    delta = first ? delta / 700 : delta / 2;
    delta += delta / points;
    for (; delta > 455; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

struct out {
    uint8_t *p;
    size_t n, cap;
};

static void put(struct out *o, uint32_t c)
{
    if (o->n < o->cap)
        o->p[o->n] = (uint8_t)c;
    o->n++;
}

static void put_delta(struct out *o, uint32_t q, uint32_t bias)
{
    for (uint32_t k = 36;; k += 36) {
        uint32_t t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias, digit;
        if (q < t)
            break;
        digit = t + (q - t) % (36 - t);
        put(o, digit < 26 ? 'a' + digit : '0' + digit - 26);
        q = (q - t) / (36 - t);
    }
    put(o, q < 26 ? 'a' + q : '0' + q - 26);
}

#define LABEL_POINTS 63

static bool put_label(struct out *o, const uint32_t *c, size_t n)
{
    uint32_t next = 0x80, delta = 0, bias = 72, done = 0;
    size_t from, basic = 0;

    for (size_t i = 0; i < n; i++)
        basic += c[i] < 0x80;
    from = o->n;
    for (size_t i = 0; basic < n && i < 4; i++)
        put(o, (uint8_t) "xn--"[i]);
    for (size_t i = 0; i < n; i++)
        if (c[i] < 0x80)
            put(o, c[i]);
    if (basic < n && basic)
        put(o, '-');
    done = (uint32_t)basic;
    while (done < n) {
        uint32_t least = UINT32_MAX;
        for (size_t i = 0; i < n; i++)
            least = c[i] >= next && c[i] < least ? c[i] : least;
        delta += (least - next) * (done + 1); /* < 2^21 * 64: no overflow */
        for (size_t i = 0; i < n; i++) {
            delta += c[i] < least;
            if (c[i] != least)
                continue;
            put_delta(o, delta, bias);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        next = least + 1;
    }
    return o->n - from <= 63 && n > 0;
}

static bool is_stop(int32_t c)
{
    return c == '.' || c == 0x3002 || c == 0xff0e || c == 0xff61;
}

bool idna_to_ascii(struct bytes name, uint8_t *out, size_t cap, size_t *n)
{
    struct out o = {out, 0, cap};
    uint32_t label[LABEL_POINTS];
    size_t at = 0, len = 0;

    for (;;) {
        bool end = at == name.n;
        int32_t c = end ? '.' : utf8_next(name, &at);
        if (c < 0)
            return false;
        if (!is_stop(c)) {
            if (len == LABEL_POINTS)
                return false;
            label[len++] = fold_letter((uint32_t)c);
            continue;
        }
        if (!put_label(&o, label, len))
            return false;
        len = 0;
        if (end)
            break;
        put(&o, '.');
    }
    *n = o.n;
    return o.n <= cap;
}
