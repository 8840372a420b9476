/* value: indicators' text to canonical bytes and back. */
#include "base/text.h"
#include "watch/watch_impl.h"

#include <stdio.h>

static const char *const kind_names[WATCH_KINDS] = {
    "ipv4", "cidr4", "ipv6", "cidr6", "domain", "url", "email", "md5", "sha1", "sha256", "sha512",
};

const char *watch_kind_name(enum watch_kind kind)
{
    return (unsigned)kind < WATCH_KINDS ? kind_names[kind] : "unknown";
}

bool watch_kind_parse(struct bytes name, enum watch_kind *out)
{
    for (unsigned i = 0; i < WATCH_KINDS; i++)
        if (bytes_are(name, kind_names[i])) {
            *out = (enum watch_kind)i;
            return true;
        }
    return false;
}

size_t digest_size(enum watch_kind kind)
{
    if (kind < WATCH_MD5)
        return 0;
    return kind == WATCH_MD5 ? 16 : kind == WATCH_SHA1 ? 20 : kind == WATCH_SHA256 ? 32 : 64;
}

/* Exactly four decimal numbers, 0 to 255, without leading zeros. */
bool parse_ipv4(struct bytes text, uint8_t out[4])
{
    size_t at = 0;

    for (int i = 0; i < 4; i++) {
        unsigned v = 0;
        size_t from = at;
        while (at < text.n && at - from < 3 && byte_class[text.p[at]] & IS_DIGIT)
            v = v * 10 + (text.p[at++] - '0');
        if (at == from || v > 255 || (text.p[from] == '0' && at - from > 1))
            return false;
        out[i] = (uint8_t)v;
        if (i < 3 && (at == text.n || text.p[at++] != '.'))
            return false;
    }
    return at == text.n;
}

/* One group of one to four hex digits. */
static bool group6(struct bytes text, size_t *at, uint8_t out[2])
{
    unsigned v = 0;
    size_t from = *at;

    while (*at < text.n && *at - from < 4 && byte_class[text.p[*at]] & IS_HEX)
        v = v << 4 | hex_value(text.p[(*at)++]);
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
    return *at > from;
}

/* RFC 4291 section 2.2: groups, at most one "::" (for at least one group), an IPv4 tail. */
bool parse_ipv6(struct bytes text, uint8_t out[16])
{
    uint8_t b[16];
    size_t n = 0, at = 0, gap = SIZE_MAX;
    bool dots = text.n && memchr(text.p, '.', text.n) != NULL;

    if (text.n < 2 || (text.p[0] == ':' && text.p[1] != ':'))
        return false;
    if (text.p[0] == ':')
        at = 1; /* the loop sees the second colon */
    while (at < text.n) {
        if (text.p[at] == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = n;
            if (++at == text.n)
                break;
        }
        if (dots && n <= 12 && parse_ipv4(bytes_part(text, at, SIZE_MAX), b + n)) {
            n += 4;
            at = text.n;
            break;
        }
        if (n == 16 || !group6(text, &at, b + n))
            return false;
        n += 2;
        if (at == text.n)
            break;
        if (text.p[at++] != ':' || at == text.n)
            return false;
    }
    if (gap == SIZE_MAX ? n != 16 : n > 14)
        return false;
    memset(out, 0, 16);
    gap = gap == SIZE_MAX ? n : gap;
    memcpy(out, b, gap);
    memcpy(out + 16 - (n - gap), b + gap, n - gap);
    return true;
}

/* "address/length", host bits cleared. */
static bool parse_cidr(struct bytes text, uint8_t *out, size_t size)
{
    size_t slash = bytes_find_byte(text, '/');
    struct bytes address = bytes_part(text, 0, slash);
    uint64_t length;

    if (slash == text.n || !decimal_parse(bytes_part(text, slash + 1, SIZE_MAX), &length) ||
        length > size * 8 || !(size == 4 ? parse_ipv4(address, out) : parse_ipv6(address, out)))
        return false;
    for (size_t i = 0; i < size; i++) {
        size_t keep = length > i * 8 ? length - i * 8 : 0;
        if (keep < 8)
            out[i] &= (uint8_t)(0xff00 >> keep);
    }
    out[size] = (uint8_t)length;
    return true;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_ascii(struct bytes b)
{
    uint8_t all = 0;

    for (size_t i = 0; i < b.n; i++)
        all |= b.p[i];
    return all < 0x80;
}

/* Eight bytes of ASCII at once: a bit 7 in each byte that is so. */
#define EIGHT UINT64_C(0x0101010101010101)
#define TOPS (0x80 * EIGHT)

static uint64_t within(uint64_t v, uint8_t from, uint8_t to)
{
    return (v + (0x80U - from) * EIGHT) & ~(v + (0x7fU - to) * EIGHT) & TOPS;
}

/* Lower case, and the dots counted. False: a byte that is no part of a word, or a dot behind a dot;
 * *last_dot is set if the byte before these is one. */
static bool canon_eight(uint64_t *v, uint64_t *last_dot, size_t *dots)
{
    uint64_t dot, word;

    if (*v & TOPS)
        return false;
    *v |= within(*v, 'A', 'Z') >> 2;
    dot = within(*v, '.', '.');
    word =
        within(*v, 'a', 'z') | within(*v, '0', '9') | within(*v, '-', '.') | within(*v, '_', '_');
    if (word != TOPS || (dot & (dot << 8 | *last_dot)))
        return false;
    *last_dot = dot >> 56;
    *dots += (dot >> 7) * EIGHT >> 56;
    return true;
}

/* Lower case, no outer dots, at least `labels` labels, none of them empty. */
static bool canon_name(struct bytes name, size_t labels, uint8_t *out, size_t *n)
{
    size_t len = 0, count = 1, i = 0;
    uint64_t last_dot = 0x80, v; /* as if a dot stood before it */

    while (name.n && name.p[name.n - 1] == '.')
        name.n--;
    if (!is_ascii(name)) {
        if (!idna_to_ascii(name, out, LIMIT_WATCH_NAME, &len))
            return false;
        name = bytes_of(out, len);
    }
    if (name.n > LIMIT_WATCH_NAME || name.n == 0)
        return false;
    for (; name.n - i >= 8; i += 8) {
        v = load64(name.p + i);
        if (!canon_eight(&v, &last_dot, &count))
            return false;
        store64(out + i, v);
    }
    v = 'a' * EIGHT;
    for (size_t k = 0; k < name.n - i; k++)
        v ^= (uint64_t)(name.p[i + k] ^ 'a') << 8 * k;
    if (!canon_eight(&v, &last_dot, &count))
        return false;
    for (; i < name.n; i++, v >>= 8)
        out[i] = (uint8_t)v;
    *n = name.n;
    return count >= labels;
}

static bool canon_email(struct bytes text, uint8_t *out, size_t *n)
{
    size_t at = bytes_find_byte(text, '@'), host;

    if (at == 0 || at > 254 || at == text.n || text.n > LIMIT_WATCH_EMAIL || text.p[0] == '.' ||
        !canon_name(bytes_part(text, at + 1, SIZE_MAX), 1, out + at + 1, &host))
        return false;
    for (size_t i = 0; i < at; i++) {
        if (!(byte_class[text.p[i]] & IS_LOCAL))
            return false;
        out[i] = lower(text.p[i]);
    }
    out[at] = '@';
    *n = at + 1 + host;
    return true;
}

/* A URL is compared byte by byte. Some feeds give them without a scheme: a host and a path. */
static bool canon_url(struct bytes text, uint8_t *out, size_t *n)
{
    size_t slash = bytes_find_byte(text, '/');

    if (text.n < 3 || text.n > LIMIT_WATCH_URL || slash == 0 || slash == text.n)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] == 0x7f)
            return false;
    memcpy(out, text.p, text.n);
    *n = text.n;
    return true;
}

static bool canon_digest(enum watch_kind kind, struct bytes text, uint8_t *out, size_t *n)
{
    *n = digest_size(kind);
    if (text.n != 2 * *n)
        return false;
    for (size_t i = 0; i < text.n; i += 2) {
        if (!(byte_class[text.p[i]] & byte_class[text.p[i + 1]] & IS_HEX))
            return false;
        out[i / 2] = (uint8_t)(hex_value(text.p[i]) << 4 | hex_value(text.p[i + 1]));
    }
    return true;
}

bool canon_value(enum watch_kind kind, struct bytes v, uint8_t out[CANON_MAX], size_t *n,
                 const char **why)
{
    static const char *const whys[WATCH_KINDS] = {
        "four numbers from 0 to 255 without leading zeros",
        "an IPv4 prefix such as 192.0.2.0/24",
        "an IPv6 address",
        "an IPv6 prefix such as 2001:db8::/32",
        "a domain of two or more labels of letters, digits, '-' and '_'",
        "a URL, or a host and a path, without blanks",
        "an e-mail address",
        "32 hex digits",
        "40 hex digits",
        "64 hex digits",
        "128 hex digits",
    };
    uint8_t address[4];

    *why = whys[kind];
    switch (kind) {
    case WATCH_IPV4:
        *n = 4;
        return parse_ipv4(v, out);
    case WATCH_CIDR4:
        *n = 5;
        return parse_cidr(v, out, 4);
    case WATCH_IPV6:
        *n = 16;
        return parse_ipv6(v, out);
    case WATCH_CIDR6:
        *n = 17;
        return parse_cidr(v, out, 16);
    case WATCH_DOMAIN:
        return !parse_ipv4(v, address) && canon_name(v, 2, out, n);
    case WATCH_URL:
        return canon_url(v, out, n);
    case WATCH_EMAIL:
        return canon_email(v, out, n);
    case WATCH_MD5:
    case WATCH_SHA1:
    case WATCH_SHA256:
    case WATCH_SHA512:
        return canon_digest(kind, v, out, n);
    }
    return false;
}

/* RFC 5952: lower case, the longest run of two or more zero groups (the first of equals) cut. */
static size_t print_ipv6(const uint8_t b[16], char *out)
{
    int best = -1, best_n = 1, n = 0;
    size_t at = 0;

    for (int i = 0; i < 8; i++) {
        n = b[2 * i] | b[2 * i + 1] ? 0 : n + 1;
        if (n > best_n) {
            best_n = n;
            best = i - n + 1;
        }
    }
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            at += (size_t)snprintf(out + at, 3, "::");
            i += best_n - 1;
            continue;
        }
        at += (size_t)snprintf(out + at, 6, "%s%x", i && i != best + best_n ? ":" : "",
                               b[2 * i] << 8 | b[2 * i + 1]);
    }
    return at;
}

size_t canon_print(enum watch_kind kind, struct bytes c, uint8_t out[WATCH_VALUE_MAX])
{
    char *text = (char *)out;
    const uint8_t *p = c.p;
    size_t n;

    switch (kind) {
    case WATCH_IPV4:
        return (size_t)snprintf(text, 16, "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
    case WATCH_CIDR4:
        return (size_t)snprintf(text, 20, "%u.%u.%u.%u/%u", p[0], p[1], p[2], p[3], p[4]);
    case WATCH_IPV6:
        return print_ipv6(p, text);
    case WATCH_CIDR6:
        n = print_ipv6(p, text);
        return n + (size_t)snprintf(text + n, 5, "/%u", p[16]);
    case WATCH_MD5:
    case WATCH_SHA1:
    case WATCH_SHA256:
    case WATCH_SHA512:
        hex_encode(text, p, c.n);
        return 2 * c.n;
    case WATCH_DOMAIN:
    case WATCH_URL:
    case WATCH_EMAIL:
        break;
    }
    n = c.n < WATCH_VALUE_MAX ? c.n : WATCH_VALUE_MAX;
    memcpy(out, p, n);
    return n;
}

bool watch_kind_guess(struct bytes value, enum watch_kind *out)
{
    static const enum watch_kind order[] = {
        WATCH_IPV4,   WATCH_CIDR4,  WATCH_IPV6, WATCH_CIDR6, WATCH_MD5,    WATCH_SHA1,
        WATCH_SHA256, WATCH_SHA512, WATCH_URL,  WATCH_EMAIL, WATCH_DOMAIN,
    };
    uint8_t canon[CANON_MAX];
    const char *why;
    size_t n;

    for (size_t i = 0; i < WATCH_KINDS; i++)
        if (canon_value(order[i], value, canon, &n, &why)) {
            *out = order[i];
            return true;
        }
    return false;
}
