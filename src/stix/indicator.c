#include "stix/indicator.h"

#include "base/text.h"
#include "stix/indicator_impl.h"

#include <arpa/inet.h>

/* ---- parts ---------------------------------------------------------------------------------- */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool same_word(struct bytes a, size_t at, const char *word)
{
    for (size_t i = 0; word[i]; i++)
        if (at + i >= a.n || lower(a.p[at + i]) != (uint8_t)word[i])
            return false;
    return true;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_hex(struct bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!is_digit(t.p[i]) && !(lower(t.p[i]) >= 'a' && lower(t.p[i]) <= 'f'))
            return false;
    return t.n > 0;
}

static void lower_all(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = lower(p[i]);
}

static bool ipv4(struct bytes t, uint8_t out[4])
{
    size_t at = 0;

    for (int part = 0; part < 4; part++) {
        unsigned v = 0;
        size_t from = at;
        if (part && (at >= t.n || t.p[at++] != '.'))
            return false;
        for (from = at; at < t.n && is_digit(t.p[at]) && at - from < 3; at++)
            v = v * 10 + (t.p[at] - '0');
        if (at == from || v > 255 || (t.p[from] == '0' && at - from > 1))
            return false;
        out[part] = (uint8_t)v;
    }
    return at == t.n;
}

static bool ipv6(struct bytes t, uint8_t out[16])
{
    char text[INET6_ADDRSTRLEN];

    if (t.n < 2 || t.n >= sizeof text || !memchr(t.p, ':', t.n) || memchr(t.p, 0, t.n))
        return false;
    memcpy(text, t.p, t.n);
    text[t.n] = '\0';
    return inet_pton(AF_INET6, text, out) == 1;
}

/* One label: letters, digits, '-' and '_'. Hyphens at the ends are not for host names, but DNS
 * carries them, and those who attack use them. */
static bool label(struct bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!is_letter(t.p[i]) && !is_digit(t.p[i]) && t.p[i] != '-' && t.p[i] != '_')
            return false;
    if (t.n > 3 && same_word(t, 0, "xn--") && t.p[t.n - 1] == '-')
        return false;
    return t.n >= 1 && t.n <= 63 && !(t.n == 4 && same_word(t, 0, "xn--"));
}

static bool top_label(struct bytes t)
{
    bool letter = false;

    for (size_t i = 0; i < t.n; i++) {
        letter |= is_letter(t.p[i]);
        if (t.p[i] == '_')
            return false;
    }
    return letter && t.n >= 2 && t.p[0] != '-' && t.p[t.n - 1] != '-';
}

/* NULL if the name is one, else why not. *dots: how many labels are before the last. */
static const char *name_fault(struct bytes t, size_t *dots)
{
    struct bytes last = {0};

    *dots = 0;
    if (t.n > 253)
        return "a name of more than 253 characters";
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] >= 0x80)
            return "a name beyond ASCII: write its labels in the xn-- form";
    for (size_t at = 0; at <= t.n;) {
        size_t n = bytes_find_byte(bytes_part(t, at, SIZE_MAX), '.');
        last = bytes_part(t, at, n);
        if (bytes_are(last, "*"))
            return "a wildcard: write the name behind it";
        if (!label(last))
            return "not a domain name";
        at += n + 1;
        *dots += at <= t.n;
    }
    return top_label(last) ? NULL : "not a domain name: its last label is none";
}

/* Cut ":port" off; false if what is behind the last colon is none. */
static bool cut_port(struct bytes *t)
{
    size_t colon = bytes_find_last(*t, BYTES(":"));
    uint64_t port;

    if (colon == SIZE_MAX || !decimal_parse(bytes_part(*t, colon + 1, SIZE_MAX), &port) ||
        port > 65535)
        return false;
    t->n = colon;
    return true;
}

/* ---- addresses ---------------------------------------------------------------------------------
 */

struct prefix {
    uint8_t b[16], bits;
};

static bool within(const uint8_t *address, const struct prefix *p)
{
    for (unsigned i = 0; i < p->bits; i++)
        if ((address[i / 8] ^ p->b[i / 8]) & (0x80 >> i % 8))
            return false;
    return true;
}

/* IANA's special-purpose registries (RFC 6890 and its updates), and multicast. */
static const struct prefix special4[] = {{{0}, 8},
                                         {{10}, 8},
                                         {{100, 64}, 10},
                                         {{127}, 8},
                                         {{169, 254}, 16},
                                         {{172, 16}, 12},
                                         {{192, 0, 2}, 24},
                                         {{192, 168}, 16},
                                         {{198, 18}, 15},
                                         {{198, 51, 100}, 24},
                                         {{203, 0, 113}, 24},
                                         {{224}, 3}};
static const struct prefix special6[] = {
    {{0}, 127}, {{0xfc}, 7}, {{0xfe, 0x80}, 10}, {{0xff}, 8}, {{0x20, 0x01, 0x0d, 0xb8}, 32}};

static bool is_special(const uint8_t *address, bool six)
{
    const struct prefix *p = six ? special6 : special4;
    size_t n = six ? sizeof special6 / sizeof *p : sizeof special4 / sizeof *p;

    for (size_t i = 0; i < n; i++)
        if (within(address, &p[i]))
            return true;
    return false;
}

static bool clear_behind(uint8_t *address, unsigned bits, unsigned all)
{
    bool any = false;

    for (unsigned i = bits; i < all; i++) {
        any |= (address[i / 8] & (0x80 >> i % 8)) != 0;
        address[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
    }
    return any;
}

/* Write the address, and "/bits" if it is no single one. */
static void put_address(struct indicator_room *r, const uint8_t *address, bool six, unsigned bits)
{
    char text[INET6_ADDRSTRLEN];
    unsigned all = six ? 128 : 32;

    inet_ntop(six ? AF_INET6 : AF_INET, address, text, sizeof text);
    r->n = strlen(text);
    memcpy(r->b, text, r->n);
    if (bits < all) {
        r->b[r->n++] = '/';
        r->n += decimal_print((char *)r->b + r->n, bits);
    }
}

static const char *address(struct indicator_room *r, bool six, uint8_t *b, struct bytes prefix,
                           struct indicator *out, unsigned *odd)
{
    unsigned all = six ? 128 : 32;
    uint64_t bits = all;

    if (prefix.n && (!decimal_parse(bytes_part(prefix, 1, SIZE_MAX), &bits) || bits > all))
        return "a prefix length that is none";
    if (bits == 0)
        return "a prefix that holds every address";
    if (clear_behind(b, (unsigned)bits, all))
        *odd |= INDICATOR_BITS_DROPPED;
    if (is_special(b, six))
        *odd |= INDICATOR_NOT_GLOBAL;
    /* What we print is never longer than the longest spelling, which fits in any room. */
    put_address(r, b, six, (unsigned)bits);
    if (six)
        out->type = bits < all ? INDICATOR_IPV6_PREFIX : INDICATOR_IPV6;
    else
        out->type = bits < all ? INDICATOR_IPV4_PREFIX : INDICATOR_IPV4;
    return NULL;
}

/* An address, with a prefix length or a port. False: it is none; else *why. */
static bool try_address(struct indicator_room *r, struct indicator *out, unsigned *odd,
                        const char **why)
{
    struct bytes t = bytes_of(r->b, r->n), prefix, host, inner;
    size_t slash = bytes_find_byte(t, '/');
    uint8_t b[16];

    prefix = bytes_part(t, slash, SIZE_MAX);
    host = bytes_part(t, 0, slash);
    inner = host;
    if (ipv4(host, b) || ipv6(host, b)) {
        *why = address(r, bytes_find_byte(host, ':') < host.n, b, prefix, out, odd);
        return true;
    }
    if (prefix.n || host.n == 0)
        return false;
    if (host.p[host.n - 1] != ']' && !cut_port(&inner))
        return false;
    *odd |= inner.n < host.n ? INDICATOR_PORT_DROPPED : 0;
    if (inner.n > 2 && inner.p[0] == '[' && inner.p[inner.n - 1] == ']' &&
        ipv6(bytes_part(inner, 1, inner.n - 2), b))
        *why = address(r, true, b, prefix, out, odd);
    else if (ipv4(inner, b))
        *why = address(r, false, b, prefix, out, odd);
    else
        return *odd &= ~(unsigned)INDICATOR_PORT_DROPPED, false;
    return true;
}

/* ---- names, URLs, mail, digests ---------------------------------------------------------------
 */

static bool digits_and_dots(struct bytes t)
{
    for (size_t i = 0; i < t.n; i++)
        if (!is_digit(t.p[i]) && t.p[i] != '.')
            return false;
    return t.n > 0;
}

static const char *domain(struct indicator_room *r, struct indicator *out, unsigned *odd)
{
    struct bytes t = bytes_of(r->b, r->n);
    size_t dots;
    const char *why;

    if (bytes_find_byte(t, ':') < t.n && cut_port(&t))
        *odd |= INDICATOR_PORT_DROPPED;
    if (t.n && t.p[t.n - 1] == '.')
        t.n--;
    if (digits_and_dots(t))
        return "not an IPv4 address: four numbers of 0 to 255 without leading zeros";
    why = name_fault(t, &dots);
    if (why)
        return why;
    if (dots == 0)
        return "a name without a dot";
    lower_all(r->b, t.n);
    r->n = t.n;
    out->type = INDICATOR_DOMAIN;
    return NULL;
}

static const char *host_fault(struct bytes host)
{
    uint8_t b[16];
    size_t dots;
    struct bytes inner = bytes_part(host, 1, host.n > 2 ? host.n - 2 : 0);

    if (host.n == 0)
        return "a URL whose host is none";
    if (host.p[0] == '[')
        return host.p[host.n - 1] == ']' && ipv6(inner, b) ? NULL : "a URL whose host is none";
    if (bytes_find_byte(host, ':') < host.n && !cut_port(&host))
        return "a URL whose port is none";
    if (ipv4(host, b))
        return NULL;
    if (host.n && host.p[host.n - 1] == '.')
        host.n--;
    if (digits_and_dots(host))
        return "a URL whose host is none";
    if (label(host)) /* a single one, as inside an organisation */
        return NULL;
    return name_fault(host, &dots);
}

/* scheme://[user@]host[:port]rest: scheme and host are put in lower case. */
static const char *url(struct indicator_room *r, struct indicator *out)
{
    struct bytes t = bytes_of(r->b, r->n), host, bare;
    size_t colon = bytes_find(t, BYTES("://")), from = colon + 3, end = from, at;
    const char *why;

    if (colon == SIZE_MAX || colon == 0 || !is_letter(t.p[0]))
        return "a URL without its scheme (http://, https://)";
    for (size_t i = 0; i < colon; i++)
        if (!is_letter(t.p[i]) && !is_digit(t.p[i]) && !strchr("+-.", t.p[i]))
            return "a URL whose scheme is none";
    while (end < t.n && !strchr("/?#", t.p[end]))
        end++;
    at = bytes_find_last(bytes_part(t, from, end - from), BYTES("@"));
    host = bytes_part(t, at == SIZE_MAX ? from : from + at + 1, SIZE_MAX);
    host.n = (size_t)(t.p + end - host.p);
    bare = host; /* "[v6]:port": the port goes before the brackets are looked at */
    if (bare.n && bare.p[0] == '[' && bare.p[bare.n - 1] != ']' && !cut_port(&bare))
        return "a URL whose port is none";
    why = host_fault(bare);
    if (why)
        return why;
    lower_all(r->b, colon);
    lower_all(r->b + (host.p - r->b), host.n);
    out->type = INDICATOR_URL;
    return NULL;
}

static const char *email(struct indicator_room *r, struct indicator *out)
{
    struct bytes t = bytes_of(r->b, r->n), name;
    size_t at = bytes_find_last(t, BYTES("@")), dots;
    const char *why;

    if (at == 0 || at > 64)
        return "an e-mail address whose part before @ is none";
    for (size_t i = 0; i < at; i++)
        if (!is_letter(t.p[i]) && !is_digit(t.p[i]) && !strchr("!#$%&'*+-/=?^_`{|}~.", t.p[i]))
            return "an e-mail address whose part before @ is none";
    name = bytes_part(t, at + 1, SIZE_MAX);
    why = name_fault(name, &dots);
    if (why || dots == 0)
        return why ? why : "an e-mail address at a name without a dot";
    lower_all(r->b, r->n);
    out->type = INDICATOR_EMAIL;
    return NULL;
}

static enum indicator_type digest_of(size_t n)
{
    return n == 32    ? INDICATOR_MD5
           : n == 40  ? INDICATOR_SHA1
           : n == 64  ? INDICATOR_SHA256
           : n == 128 ? INDICATOR_SHA512
                      : INDICATOR_ANY;
}

static bool try_digest(struct indicator_room *r, struct indicator *out)
{
    struct bytes t = bytes_of(r->b, r->n);
    enum indicator_type type = digest_of(t.n);

    if (type == INDICATOR_ANY || !is_hex(t))
        return false;
    lower_all(r->b, r->n);
    out->type = type;
    return true;
}

/* ---- together
 * -------------------------------------------------------------------------------------- */

static const char *text_fault(struct bytes t)
{
    if (t.n == 0)
        return "nothing";
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] <= 0x20 || t.p[i] == 0x7f || t.p[i] == '"' || t.p[i] == '<' || t.p[i] == '>')
            return "blanks, quotes or control characters inside";
    return utf8_valid(t) ? NULL : "bytes that are not UTF-8";
}

static const char *classify(struct indicator_room *r, struct indicator *out, unsigned *odd)
{
    struct bytes t = bytes_of(r->b, r->n);
    const char *why = NULL;

    if (bytes_find(t, BYTES("://")) != SIZE_MAX)
        return url(r, out);
    if (try_digest(r, out) || try_address(r, out, odd, &why))
        return why;
    if (bytes_find_byte(t, '@') < t.n)
        return email(r, out);
    if (bytes_find_byte(t, '/') < t.n)
        return "a path without a scheme (http://, https://)";
    return domain(r, out, odd);
}

static bool is_wanted(enum indicator_type want, enum indicator_type got)
{
    bool address = got >= INDICATOR_IPV4 && got <= INDICATOR_IPV6_PREFIX;

    if (want == INDICATOR_ADDRESS || want == INDICATOR_IPV4 || want == INDICATOR_IPV6)
        return address;
    if (want == INDICATOR_IPV4_PREFIX || want == INDICATOR_IPV6_PREFIX)
        return address;
    if (want == INDICATOR_HOST)
        return address || got == INDICATOR_DOMAIN;
    if (want == INDICATOR_DIGEST)
        return got >= INDICATOR_MD5 && got <= INDICATOR_SHA512;
    return want == INDICATOR_ANY || want == got;
}

const char *indicator_read(struct bytes raw, enum indicator_type type, struct indicator_room *room,
                           struct indicator *out, unsigned *odd)
{
    static const char *const unlike[INDICATOR_TYPES] = {
        [INDICATOR_IPV4] = "not an IP address",
        [INDICATOR_IPV4_PREFIX] = "not an IP address",
        [INDICATOR_IPV6] = "not an IP address",
        [INDICATOR_IPV6_PREFIX] = "not an IP address",
        [INDICATOR_ADDRESS] = "not an IP address",
        [INDICATOR_DOMAIN] = "not a domain name",
        [INDICATOR_HOST] = "neither a domain name nor an IP address",
        [INDICATOR_URL] = "not a URL",
        [INDICATOR_EMAIL] = "not an e-mail address",
        [INDICATOR_MD5] = "not an MD5 digest: 32 hexadecimal digits",
        [INDICATOR_SHA1] = "not a SHA-1 digest: 40 hexadecimal digits",
        [INDICATOR_SHA256] = "not a SHA-256 digest: 64 hexadecimal digits",
        [INDICATOR_SHA512] = "not a SHA-512 digest: 128 hexadecimal digits",
        [INDICATOR_DIGEST] = "not a digest we know: 32, 40, 64 or 128 hexadecimal digits",
    };
    struct bytes t = bytes_trim(raw);
    const char *why = text_fault(t);

    *odd = 0;
    if (why)
        return why;
    if (t.n > INDICATOR_VALUE_MAX - 64)
        return "too long for any value we know";
    out->type = INDICATOR_ANY;
    why = indicator_refang(t, room, odd);
    if (!why)
        why = classify(room, out, odd);
    if (why)
        return why;
    out->value = bytes_of(room->b, room->n);
    return is_wanted(type, out->type) ? NULL : unlike[type];
}

const char *indicator_type_name(enum indicator_type type)
{
    static const char *const names[INDICATOR_TYPES] = {
        "any", "ipv4", "ipv4-prefix", "ipv6",   "ipv6-prefix", "domain", "url",   "email",
        "md5", "sha1", "sha256",      "sha512", "address",     "host",   "digest"};
    return (unsigned)type < INDICATOR_TYPES ? names[type] : "unknown";
}

size_t indicator_pattern(const struct indicator *i, uint8_t out[INDICATOR_PATTERN_MAX])
{
    /* A prefix is meant for every address in it, and only ISSUBSET says that (decision 0043). */
    static const char *const heads[INDICATOR_TYPES] = {
        [INDICATOR_IPV4] = "[ipv4-addr:value = '",
        [INDICATOR_IPV4_PREFIX] = "[ipv4-addr:value ISSUBSET '",
        [INDICATOR_IPV6] = "[ipv6-addr:value = '",
        [INDICATOR_IPV6_PREFIX] = "[ipv6-addr:value ISSUBSET '",
        [INDICATOR_DOMAIN] = "[domain-name:value = '",
        [INDICATOR_URL] = "[url:value = '",
        [INDICATOR_EMAIL] = "[email-addr:value = '",
        [INDICATOR_MD5] = "[file:hashes.MD5 = '",
        [INDICATOR_SHA1] = "[file:hashes.'SHA-1' = '",
        [INDICATOR_SHA256] = "[file:hashes.'SHA-256' = '",
        [INDICATOR_SHA512] = "[file:hashes.'SHA-512' = '",
    };
    const char *head = heads[i->type];
    size_t n = head ? strlen(head) : 0;

    if (!head)
        return 0;
    memcpy(out, head, n);
    for (size_t k = 0; k < i->value.n; k++) {
        if (i->value.p[k] == '\'' || i->value.p[k] == '\\')
            out[n++] = '\\';
        out[n++] = i->value.p[k];
    }
    memcpy(out + n, "']", 2);
    return n + 2;
}
