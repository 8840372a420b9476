#include "watch/reference.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct ref {
    struct bytes text;
    const struct ref_indicator *in;
    size_t n;
    ref_hit *hit;
    void *self;
};

static bool in_set(int c, const char *others)
{
    return c > 0 && c < 128 && (isalnum(c) || strchr(others, c));
}

static bool word(int c)
{
    return in_set(c, "._-");
}

static int byte(const struct ref *r, size_t at)
{
    return at < r->text.n ? r->text.p[at] : -1;
}

static char *copy(const struct ref *r, size_t from, size_t to)
{
    char *s = malloc(to - from + 1);

    memcpy(s, r->text.p + from, to - from);
    s[to - from] = '\0';
    return s;
}

static void give(const struct ref *r, const char *kind, const char *value, bool any_case,
                 const char *how, size_t at)
{
    for (size_t i = 0; i < r->n; i++)
        if (!strcmp(r->in[i].kind, kind) &&
            (any_case ? strcasecmp(r->in[i].value, value) : strcmp(r->in[i].value, value)) == 0)
            r->hit(r->self, i, how, at);
}

/* Addresses by inet_pton, prefixes bit by bit. */
static void give_address(const struct ref *r, int family, const char *text, size_t at)
{
    uint8_t seen[16], other[16];
    int bits = family == AF_INET ? 32 : 128;

    if (inet_pton(family, text, seen) != 1)
        return;
    for (size_t i = 0; i < r->n; i++) {
        char value[64], *slash;
        int length = bits, same = 0;
        if (strcmp(r->in[i].kind, family == AF_INET ? "ipv4" : "ipv6") != 0 &&
            strcmp(r->in[i].kind, family == AF_INET ? "cidr4" : "cidr6") != 0)
            continue;
        snprintf(value, sizeof value, "%s", r->in[i].value);
        slash = strchr(value, '/');
        if (slash) {
            *slash = '\0';
            length = (int)strtol(slash + 1, NULL, 10);
        }
        if (inet_pton(family, value, other) != 1)
            abort();
        while (same < length &&
               (seen[same / 8] >> (7 - same % 8) & 1) == (other[same / 8] >> (7 - same % 8) & 1))
            same++;
        if (same == length)
            r->hit(r->self, i, slash ? "prefix" : "exact", at);
    }
}

static bool is_ipv4(const char *s)
{
    int labels = 0;

    while (*s) {
        int n = 0, v = 0;
        const char *from = s;
        while (isdigit((unsigned char)*s) && n < 4) {
            v = v * 10 + (*s++ - '0');
            n++;
        }
        if (n == 0 || n > 3 || v > 255 || (n > 1 && *from == '0') || ++labels > 4)
            return false;
        if (*s == '\0')
            return labels == 4;
        if (*s++ != '.')
            return false;
    }
    return false;
}

/* Rules 1 to 4. */
static void one_word(const struct ref *r, size_t from, size_t to)
{
    char *w;
    size_t n;

    while (from < to && byte(r, from) == '.')
        from++;
    while (to > from && byte(r, to - 1) == '.')
        to--;
    w = copy(r, from, to);
    n = to - from;
    if (!strchr(w, '.')) {
        if (n == 32)
            give(r, "md5", w, true, "exact", from);
        if (n == 40)
            give(r, "sha1", w, true, "exact", from);
        if (n == 64)
            give(r, "sha256", w, true, "exact", from);
        if (n == 128)
            give(r, "sha512", w, true, "exact", from);
    } else if (is_ipv4(w)) {
        give_address(r, AF_INET, w, from);
    } else {
        give(r, "domain", w, true, "exact", from);
        for (char *p = strchr(w, '.'); p; p = strchr(p + 1, '.'))
            if (strchr(p + 1, '.'))
                give(r, "domain", p + 1, true, "parent", from);
    }
    free(w);
}

static void words(const struct ref *r)
{
    for (size_t i = 0; i < r->text.n;) {
        size_t from = i;
        while (word(byte(r, i)))
            i++;
        if (i > from)
            one_word(r, from, i);
        else
            i++;
    }
}

/* Rule 5. inet_pton also takes what the rule takes; leading zeros of an IPv4 tail it refuses. */
static void ipv6(const struct ref *r)
{
    for (size_t i = 0; i < r->text.n;) {
        size_t from = i;
        while (word(byte(r, i)) || byte(r, i) == ':')
            i++;
        if (i > from && i - from < 64) {
            char *w = copy(r, from, i);
            if (strspn(w, "0123456789abcdefABCDEF:.") == i - from && strchr(w, ':'))
                give_address(r, AF_INET6, w, from);
            free(w);
        }
        i += i == from;
    }
}

/* Rule 6. */
static void urls(const struct ref *r)
{
    static const char *const schemes[] = {"http://", "https://", "ftp://"};

    for (size_t i = 0; i < r->text.n; i++)
        for (int k = 0; k < 3; k++) {
            size_t n = strlen(schemes[k]), to = i + n;
            char *w;
            if (r->text.n - i < n || strncasecmp((const char *)r->text.p + i, schemes[k], n) != 0)
                continue;
            while (in_set(byte(r, to), "!#$%&()*+,-./:;=?@[]_~"))
                to++;
            w = copy(r, i, to);
            give(r, "url", w, false, "exact", i);
            free(w);
            i = to - 1;
            break;
        }
}

/* Rule 7. */
static void emails(const struct ref *r)
{
    for (size_t at = 0; at < r->text.n; at++) {
        size_t from = at, to = at + 1;
        char *w;
        if (byte(r, at) != '@')
            continue;
        while (from > 0 && in_set(byte(r, from - 1), "._%+-"))
            from--;
        while (word(byte(r, to)))
            to++;
        if (from == at || to == at + 1)
            continue;
        while (from < to && byte(r, from) == '.')
            from++;
        while (to > from && byte(r, to - 1) == '.')
            to--;
        w = copy(r, from, to);
        give(r, "email", w, true, "exact", from);
        free(w);
    }
}

void reference(struct bytes text, const struct ref_indicator *in, size_t n, ref_hit *hit,
               void *self)
{
    struct ref r = {text, in, n, hit, self};

    words(&r);
    ipv6(&r);
    urls(&r);
    emails(&r);
}
