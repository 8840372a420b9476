#include "base/bytes.h"

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;

    if (c)
        return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool bytes_start_with(struct bytes a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.n >= n && (n == 0 || memcmp(a.p, prefix, n) == 0);
}

bool bytes_end_with(struct bytes a, const char *suffix)
{
    size_t n = strlen(suffix);
    return a.n >= n && (n == 0 || memcmp(a.p + (a.n - n), suffix, n) == 0);
}

struct bytes bytes_part(struct bytes a, size_t at, size_t n)
{
    if (at > a.n)
        at = a.n;
    if (n > a.n - at)
        n = a.n - at;
    return (struct bytes){a.p ? a.p + at : NULL, n};
}

size_t bytes_find_byte(struct bytes a, uint8_t c)
{
    const uint8_t *hit = a.n ? memchr(a.p, c, a.n) : NULL;
    return hit ? (size_t)(hit - a.p) : a.n;
}

size_t bytes_find(struct bytes a, struct bytes what)
{
    const uint8_t *hit;

    if (what.n == 0)
        return 0;
    if (what.n > a.n)
        return SIZE_MAX;
    hit = memmem(a.p, a.n, what.p, what.n);
    return hit ? (size_t)(hit - a.p) : SIZE_MAX;
}

size_t bytes_find_last(struct bytes a, struct bytes what)
{
    if (what.n > a.n)
        return SIZE_MAX;
    for (size_t i = a.n - what.n + 1; i-- > 0;)
        if (what.n == 0 || memcmp(a.p + i, what.p, what.n) == 0)
            return i;
    return SIZE_MAX;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct bytes bytes_trim(struct bytes a)
{
    while (a.n && is_blank(a.p[0]))
        a.p++, a.n--;
    while (a.n && is_blank(a.p[a.n - 1]))
        a.n--;
    return a;
}

bool bytes_next_line(struct bytes *rest, struct bytes *line)
{
    size_t end;

    if (rest->n == 0)
        return false;
    end = bytes_find_byte(*rest, '\n');
    *line = bytes_part(*rest, 0, end);
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    *rest = bytes_part(*rest, end < rest->n ? end + 1 : end, SIZE_MAX);
    return true;
}
