/* The recipes of normalise.h, version 1 each. A change of any rule is a new version. */
#include "psi/normalise_impl.h"

#include <arpa/inet.h>

#define DOMAIN_MOST 253
#define LABEL_MOST 63
#define LOCAL_MOST 64

/* ---- domain/1 ----------------------------------------------------------------------------- */

/* RFC 3492, section 6.3, with the parameters of section 5. */
static bool punycode(const uint32_t *c, size_t count, struct item *out)
{
    uint32_t code = 128, delta = 0, bias = 72, done = 0, basic = 0;

    for (size_t i = 0; i < count; i++)
        if (c[i] < 128) {
            item_byte(out, (uint8_t)c[i]);
            basic++;
        }
    if (basic)
        item_byte(out, '-');
    for (done = basic; done < count; delta++, code++) {
        uint32_t least = UINT32_MAX;
        for (size_t i = 0; i < count; i++)
            if (c[i] >= code && c[i] < least)
                least = c[i];
        if (least - code > (UINT32_MAX - delta) / (done + 1))
            return false;
        delta += (least - code) * (done + 1);
        code = least;
        for (size_t i = 0; i < count; i++) {
            uint32_t q = delta, k = 36, t;
            delta += c[i] < code;
            if (c[i] != code)
                continue;
            for (;; k += 36) {
                t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
                if (q < t)
                    break;
                item_byte(out, "abcdefghijklmnopqrstuvwxyz0123456789"[t + (q - t) % (36 - t)]);
                q = (q - t) / (36 - t);
            }
            item_byte(out, "abcdefghijklmnopqrstuvwxyz0123456789"[q]);
            delta = done == basic ? delta / 700 : delta / 2;
            delta += delta / (done + 1);
            for (bias = 0; delta > 455; bias += 36)
                delta /= 35;
            bias += 36 * delta / (delta + 38);
            delta = 0;
            done++;
        }
    }
    return true;
}

static bool label(struct bytes in, struct item *out)
{
    uint32_t c[LABEL_MOST];
    size_t n = 0, at = 0, from = out->n;
    bool ascii = true;

    while (at < in.n) {
        int32_t got = utf8_next(in, &at);
        if (got < 0 || n == LABEL_MOST)
            return false;
        c[n] = lower_case((uint32_t)got);
        ascii &= c[n++] < 128;
    }
    if (!ascii)
        item_put(out, BYTES("xn--"));
    if (ascii)
        for (size_t i = 0; i < n; i++)
            item_byte(out, (uint8_t)c[i]);
    else if (!punycode(c, n, out))
        return false;
    if (!item_fits(out) || out->n == from || out->n - from > LABEL_MOST || out->p[from] == '-' ||
        out->p[out->n - 1] == '-')
        return false;
    for (size_t i = from; i < out->n; i++)
        if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789-_", out->p[i], 38))
            return false;
    return true;
}

/* A name of labels, without what follows; `least` labels at least. */
static enum normalise_drop name(struct bytes in, size_t least, struct item *out)
{
    size_t from = out->n, labels = 0;

    if (in.n && in.p[in.n - 1] == '.')
        in.n--;
    if (in.n > 2 && in.p[0] == '*' && in.p[1] == '.')
        return NORMALISE_NETWORK;
    for (bool more = true; more; labels++) {
        size_t dot = bytes_find_byte(in, '.'), start;
        if (labels)
            item_byte(out, '.');
        start = out->n;
        if (!label(bytes_part(in, 0, dot), out))
            return NORMALISE_FORM;
        more = dot < in.n;
        in = bytes_part(in, dot + 1, SIZE_MAX);
        if (!more && (unsigned)(out->p[start] - '0') < 10 && labels) { /* an address, not a name */
            size_t digits = start;
            while (digits < out->n && (unsigned)(out->p[digits] - '0') < 10)
                digits++;
            if (digits == out->n)
                return NORMALISE_FORM;
        }
    }
    if (out->n - from > DOMAIN_MOST)
        return NORMALISE_LONG;
    return labels < least ? NORMALISE_FORM : NORMALISE_KEPT;
}

static enum normalise_drop finish(const struct item *i, enum normalise_drop why, size_t *n)
{
    if (why != NORMALISE_KEPT)
        return why;
    if (!item_fits(i))
        return NORMALISE_LONG;
    *n = i->n;
    return NORMALISE_KEPT;
}

enum normalise_drop normalise_domain(struct bytes in, uint8_t *out, size_t *n)
{
    uint8_t plain[NORMALISE_MOST];
    struct item p = {plain, 0}, o = {out, 0};

    if (!refang(in, &p))
        return NORMALISE_LONG;
    return finish(&o, name(bytes_of(plain, p.n), 2, &o), n);
}

/* ---- address/1 ---------------------------------------------------------------------------- */

static bool parse_address(struct bytes in, uint8_t out[17], size_t *n)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char text[INET6_ADDRSTRLEN + 1];
    uint8_t six[16];

    if (in.n >= sizeof text || memchr(in.p, 0, in.n))
        return false;
    memcpy(text, in.p, in.n);
    text[in.n] = '\0';
    if (inet_pton(AF_INET, text, out + 1) == 1) {
        out[0] = 4;
        *n = 5;
        return true;
    }
    if (inet_pton(AF_INET6, text, six) != 1)
        return false;
    out[0] = memcmp(six, mapped, 12) == 0 ? 4 : 6; /* ::ffff:192.0.2.1 is 192.0.2.1 */
    *n = out[0] == 4 ? 5 : 17;
    memcpy(out + 1, out[0] == 4 ? six + 12 : six, *n - 1);
    return true;
}

enum normalise_drop normalise_address(struct bytes in, uint8_t *out, size_t *n)
{
    uint8_t plain[NORMALISE_MOST];
    struct item p = {plain, 0};
    struct bytes a;
    size_t slash;

    if (!refang(in, &p))
        return NORMALISE_LONG;
    a = bytes_of(plain, p.n);
    slash = bytes_find_byte(a, '/');
    if (!parse_address(bytes_part(a, 0, slash), out, n))
        return NORMALISE_FORM;
    if (slash < a.n) {
        struct bytes width = bytes_part(a, slash + 1, SIZE_MAX);
        if (!bytes_are(width, bytes_find_byte(a, ':') < slash ? "128" : "32"))
            return NORMALISE_NETWORK;
    }
    return NORMALISE_KEPT;
}

/* ---- hash/1 ------------------------------------------------------------------------------- */

enum normalise_drop normalise_hash(struct bytes in, uint8_t *out, size_t *n)
{
    static const size_t sizes[] = {16, 20, 28, 32, 48, 64}; /* MD5, SHA-1 and the SHA-2s */
    size_t colon = bytes_find_byte(in, ':');
    uint8_t low[128];
    bool known = false;

    if (colon < in.n)
        in = bytes_trim(bytes_part(in, colon + 1, SIZE_MAX)); /* "SHA256:" */
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        known |= in.n == 2 * sizes[i];
    if (!known)
        return NORMALISE_FORM;
    for (size_t i = 0; i < in.n; i++)
        low[i] = (uint8_t)lower_case(in.p[i]);
    if (!hex_decode(out, in.n / 2, bytes_of(low, in.n)))
        return NORMALISE_FORM;
    *n = in.n / 2;
    return NORMALISE_KEPT;
}

/* ---- email/1 ------------------------------------------------------------------------------ */

static bool has_scheme(struct bytes in, const char *scheme)
{
    size_t n = strlen(scheme);

    for (size_t i = 0; i < n; i++)
        if (i >= in.n || lower_case(in.p[i]) != (uint8_t)scheme[i])
            return false;
    return true;
}

enum normalise_drop normalise_email(struct bytes in, uint8_t *out, size_t *n)
{
    uint8_t plain[NORMALISE_MOST];
    struct item p = {plain, 0}, o = {out, 0};
    struct bytes a;
    size_t at;

    if (!refang(in, &p))
        return NORMALISE_LONG;
    a = bytes_of(plain, p.n);
    if (has_scheme(a, "mailto:"))
        a = bytes_part(a, 7, SIZE_MAX);
    at = bytes_find_last(a, BYTES("@"));
    if (at == SIZE_MAX || at == 0)
        return NORMALISE_FORM;
    if (at > LOCAL_MOST)
        return NORMALISE_LONG;
    for (size_t i = 0; i < at; i++) {
        if (a.p[i] <= ' ' || a.p[i] >= 127 || strchr("\"(),:;<>@[\\]", a.p[i]))
            return NORMALISE_FORM;
        item_byte(&o, (uint8_t)lower_case(a.p[i]));
    }
    item_byte(&o, '@');
    return finish(&o, name(bytes_part(a, at + 1, SIZE_MAX), 2, &o), n);
}

/* ---- free/1 ------------------------------------------------------------------------------- */

static bool is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

/* Lower case, one blank for many, none at the ends or around the semicolons between fields. */
enum normalise_drop normalise_free(struct bytes in, uint8_t *out, size_t *n)
{
    struct item o = {out, 0};
    bool blank = false, edge = true;
    size_t at = 0;

    while (at < in.n) {
        uint32_t c = (uint32_t)utf8_next(in, &at);
        uint8_t b[4];
        if (is_blank(c)) {
            blank = true;
            continue;
        }
        if (blank && !edge && c != ';')
            item_byte(&o, ' ');
        blank = false;
        edge = c == ';';
        item_put(&o, bytes_of(b, utf8_put(b, lower_case(c))));
    }
    return o.n ? finish(&o, NORMALISE_KEPT, n) : NORMALISE_FORM;
}

/* ---- url/1 (RFC 3986, section 6.2.2 and 6.2.3) --------------------------------------------- */

static bool unreserved(uint8_t c)
{
    return (unsigned)(lower_case(c) - 'a') < 26 || (unsigned)(c - '0') < 10 ||
           (c && strchr("-._~", c));
}

static int digit(uint8_t c)
{
    if ((unsigned)(c - '0') < 10)
        return c - '0';
    return (unsigned)(lower_case(c) - 'a') < 6 ? (int)lower_case(c) - 'a' + 10 : -1;
}

/* Percent-encoding in capitals, and none where none is needed; bytes beyond ASCII get it, and the
 * signs that a URL may not have (RFC 3986, section 2). */
static bool escapes(struct bytes in, struct item *out)
{
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];
        bool coded = c == '%' || c >= 127 || c <= ' ' || strchr("\"<>\\^`{|}", c);
        if (c == '%') {
            int high = i + 2 < in.n ? digit(in.p[i + 1]) : -1;
            int low = i + 2 < in.n ? digit(in.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (uint8_t)(high << 4 | low);
            i += 2;
            coded = !unreserved(c);
        }
        if (coded) {
            item_byte(out, '%');
            item_byte(out, "0123456789ABCDEF"[c >> 4]);
            item_byte(out, "0123456789ABCDEF"[c & 15]);
        } else {
            item_byte(out, c);
        }
    }
    return item_fits(out);
}

/* Section 5.2.4, on a path that begins with '/'. */
static void dots(struct bytes path, struct item *out)
{
    size_t root = out->n;

    for (size_t at = 0; at < path.n;) {
        size_t end = at + 1;
        struct bytes part;
        bool last;
        while (end < path.n && path.p[end] != '/')
            end++;
        if (!item_fits(out))
            return;
        part = bytes_of(path.p + at + 1, end - at - 1);
        last = end == path.n;
        if (bytes_are(part, "..")) {
            while (out->n > root && out->p[--out->n] != '/')
                ;
        } else if (!bytes_are(part, ".")) {
            item_put(out, bytes_of(path.p + at, end - at));
        }
        if (last && (bytes_are(part, "..") || bytes_are(part, ".")))
            item_byte(out, '/');
        at = end;
    }
}

static enum normalise_drop host(struct bytes in, struct item *out)
{
    uint8_t raw[17];
    char text[INET6_ADDRSTRLEN];
    size_t n;
    bool six = in.n > 2 && in.p[0] == '[' && in.p[in.n - 1] == ']';
    struct bytes inner = six ? bytes_part(in, 1, in.n - 2) : in;

    if (!parse_address(inner, raw, &n) || (six && raw[0] == 4))
        return six ? NORMALISE_FORM : name(in, 1, out);
    if (!six && raw[0] == 6)
        return NORMALISE_FORM;
    inet_ntop(six ? AF_INET6 : AF_INET, raw + 1, text, sizeof text);
    if (six)
        item_byte(out, '[');
    item_put(out, bytes_text(text));
    if (six)
        item_byte(out, ']');
    return NORMALISE_KEPT;
}

static const struct {
    const char *defanged, *name, *port;
} schemes[] = {
    {"hxxp", "http", "80"},    {"hxxps", "https", "443"}, {"http", "http", "80"},
    {"https", "https", "443"}, {"fxp", "ftp", "21"},      {"ftp", "ftp", "21"},
};

/* The scheme's row, or -1; *rest is what follows "://". */
static int scheme_of(struct bytes in, struct bytes *rest)
{
    size_t colon = bytes_find(in, BYTES("://"));

    for (size_t i = 0; colon < in.n && i < sizeof schemes / sizeof *schemes; i++) {
        bool same = strlen(schemes[i].defanged) == colon;
        for (size_t j = 0; same && j < colon; j++)
            same = lower_case(in.p[j]) == (uint8_t)schemes[i].defanged[j];
        if (same) {
            *rest = bytes_part(in, colon + 3, SIZE_MAX);
            return (int)i;
        }
    }
    return -1;
}

/* User, host and port. */
static enum normalise_drop authority(struct bytes in, const char *usual, struct item *out)
{
    size_t at = bytes_find_last(in, BYTES("@")), bracket = bytes_find_byte(in, ']'), colon;
    enum normalise_drop why;
    uint64_t port;

    if (at != SIZE_MAX) {
        if (!escapes(bytes_part(in, 0, at), out))
            return NORMALISE_FORM;
        item_byte(out, '@');
        in = bytes_part(in, at + 1, SIZE_MAX);
        bracket = bytes_find_byte(in, ']');
    }
    colon = bytes_find_last(in, BYTES(":"));
    if (colon == SIZE_MAX || (bracket < in.n && colon < bracket))
        colon = in.n;
    why = host(bytes_part(in, 0, colon), out);
    in = bytes_part(in, colon + 1, SIZE_MAX);
    if (why != NORMALISE_KEPT || in.n == 0 || bytes_are(in, usual))
        return why;
    if (!decimal_parse(in, &port) || port > 65535)
        return NORMALISE_FORM;
    item_byte(out, ':');
    item_put(out, in);
    return NORMALISE_KEPT;
}

enum normalise_drop normalise_url(struct bytes in, uint8_t *out, size_t *n)
{
    uint8_t plain[NORMALISE_MOST], path[NORMALISE_MOST];
    struct item p = {plain, 0}, o = {out, 0}, q = {path, 0};
    struct bytes rest = {0};
    enum normalise_drop why;
    size_t slash, end;
    int s;

    if (!refang(in, &p))
        return NORMALISE_LONG;
    if ((s = scheme_of(bytes_of(plain, p.n), &rest)) < 0)
        return NORMALISE_FORM;
    rest = bytes_part(rest, 0, bytes_find_byte(rest, '#'));
    for (slash = 0; slash < rest.n && rest.p[slash] != '/' && rest.p[slash] != '?';)
        slash++;
    item_put(&o, bytes_text(schemes[s].name));
    item_put(&o, BYTES("://"));
    why = authority(bytes_part(rest, 0, slash), schemes[s].port, &o);
    if (why != NORMALISE_KEPT)
        return why;
    rest = bytes_part(rest, slash, SIZE_MAX);
    end = bytes_find_byte(rest, '?');
    if (end == 0)
        item_byte(&q, '/');
    if (!escapes(bytes_part(rest, 0, end), &q))
        return item_fits(&q) ? NORMALISE_FORM : NORMALISE_LONG;
    if (q.n == 0)
        item_byte(&q, '/');
    if (!item_fits(&o))
        return NORMALISE_LONG;
    dots(bytes_of(path, q.n), &o);
    if (end < rest.n && !escapes(bytes_part(rest, end, SIZE_MAX), &o))
        return item_fits(&o) ? NORMALISE_FORM : NORMALISE_LONG;
    return finish(&o, NORMALISE_KEPT, n);
}
