/* Percent escapes, queries and paths (RFC 3986 2.1, 3.3, 3.4), strictly. */
#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "http/http.h"

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What stands for itself in a path or a query, and the brackets that TAXII's match[type] brings
 * and many clients do not escape. */
static bool stands_for_itself(uint8_t c)
{
    return is_alnum(c) || (c && strchr("-._~!$&'()*+,;=:@/?[]", c));
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte at *at, which moves behind it; -1 if malformed. */
static int next_byte(struct bytes text, size_t *at)
{
    uint8_t c = text.p[*at];
    int high, low;

    if (c != '%') {
        (*at)++;
        return stands_for_itself(c) ? c : -1;
    }
    if (text.n - *at < 3 || (high = hex_value(text.p[*at + 1])) < 0 ||
        (low = hex_value(text.p[*at + 2])) < 0)
        return -1;
    *at += 3;
    return high << 4 | low;
}

/* UTF-8 without C0 and C1 controls: what we may compare, show and store as text. */
static bool is_text(struct bytes b)
{
    for (size_t at = 0; at < b.n;) {
        int32_t code = utf8_next(b, &at);
        if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            return false;
    }
    return true;
}

bool http_percent_decode(struct bytes text, struct arena *a, struct bytes *out, struct err *e)
{
    uint8_t *p = arena_get(a, text.n, e);
    size_t n = 0;

    if (!p)
        return false;
    for (size_t at = 0; at < text.n;) {
        size_t from = at;
        int c = next_byte(text, &at);
        if (c < 0)
            return err_fail(e, ERR_INPUT, "byte %zu: expected a URL character or %%HH", from);
        p[n++] = (uint8_t)c;
    }
    if (!is_text(bytes_of(p, n)))
        return err_fail(e, ERR_INPUT, "expected UTF-8 without control characters, escaped");
    *out = bytes_of(p, n);
    return true;
}

bool http_percent_encode(struct bytes text, struct arena *a, struct bytes *out, struct err *e)
{
    static const char digits[] = "0123456789ABCDEF";
    struct buf b = buf_in(a);

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (is_alnum(c) || (c && strchr("-._~", c))) {
            buf_byte(&b, c);
        } else {
            buf_byte(&b, '%');
            buf_byte(&b, (uint8_t)digits[c >> 4]);
            buf_byte(&b, (uint8_t)digits[c & 15]);
        }
    }
    return buf_end(&b, out, e);
}

static size_t count_params(struct bytes query)
{
    size_t n = query.n ? 1 : 0;

    for (size_t i = 0; i < query.n; i++)
        n += query.p[i] == '&';
    return n;
}

static bool param_parse(struct bytes text, struct arena *a, struct http_param *out, struct err *e)
{
    size_t equals = bytes_find_byte(text, '=');

    if (equals == 0)
        return err_fail(e, ERR_INPUT, "expected a name");
    return http_percent_decode(bytes_part(text, 0, equals), a, &out->name, e) &&
           http_percent_decode(bytes_part(text, equals + 1, SIZE_MAX), a, &out->value, e);
}

bool http_query_parse(struct bytes query, struct arena *a, struct http_param **out, size_t *n,
                      struct err *e)
{
    size_t count = count_params(query);
    struct http_param *all;

    if (count > LIMIT_HTTP_PARAMS)
        return err_fail(e, ERR_LIMIT, "more than %d parameters in the query", LIMIT_HTTP_PARAMS);
    all = arena_get_array(a, count, sizeof *all, e);
    if (!all)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t end = bytes_find_byte(query, '&');
        if (!param_parse(bytes_part(query, 0, end), a, &all[i], e))
            return err_within(e, "query, parameter %zu", i + 1);
        query = bytes_part(query, end + 1, SIZE_MAX);
    }
    *out = all;
    *n = count;
    return true;
}

bool http_query_find(const struct http_param *params, size_t n, const char *name, bool *found,
                     struct bytes *value, struct err *e)
{
    const struct http_param *hit = NULL;

    for (size_t i = 0; i < n; i++) {
        if (!bytes_are(params[i].name, name))
            continue;
        if (hit)
            return err_fail(e, ERR_INPUT, "the parameter %s is given twice", name);
        hit = &params[i];
    }
    *found = hit != NULL;
    if (hit)
        *value = hit->value;
    return true;
}

bool http_path_next(struct bytes *path, struct bytes *segment)
{
    struct bytes rest;

    if (path->n == 0 || path->p[0] != '/')
        return false;
    rest = bytes_part(*path, 1, SIZE_MAX);
    *segment = bytes_part(rest, 0, bytes_find_byte(rest, '/'));
    *path = bytes_part(rest, segment->n, SIZE_MAX);
    return true;
}
