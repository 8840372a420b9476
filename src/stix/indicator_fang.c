/* Putting back what was defanged. */
#include "stix/indicator_impl.h"

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

/* What stands for a dot, a colon and so on; the forms in brackets come in all three kinds. */
static const struct fang {
    const char *inside, *means;
} fangs[] = {{".", "."}, {"dot", "."}, {":", ":"}, {"://", "://"},   {"at", "@"},       {"@", "@"},
             {"/", "/"}, {"//", "//"}, {"_", "_"}, {"http", "http"}, {"https", "https"}};

static const struct fang *fang_at(struct bytes t, size_t at, size_t *length)
{
    static const char opens[] = "[({", closes[] = "])}";
    const char *kind = t.p[at] ? strchr(opens, t.p[at]) : NULL;

    for (size_t i = 0; kind && i < sizeof fangs / sizeof *fangs; i++) {
        size_t n = strlen(fangs[i].inside), end = at + 1 + n;
        if (end < t.n && t.p[end] == (uint8_t)closes[kind - opens] &&
            same_word(t, at + 1, fangs[i].inside)) {
            *length = n + 2;
            return &fangs[i];
        }
    }
    return NULL;
}

/* The scheme at the front of a defanged URL, and what it means; NULL: none is. */
static const char *bent_scheme(struct bytes t, size_t *length)
{
    static const struct {
        const char *bent, *means;
    } schemes[] = {{"hxxps", "https"}, {"hxxp", "http"}, {"h**ps", "https"}, {"h**p", "http"},
                   {"httxs", "https"}, {"httx", "http"}, {"htxps", "https"}, {"htxp", "http"},
                   {"fxps", "ftps"},   {"fxp", "ftp"},   {"f*p", "ftp"},     {"meows", "https"},
                   {"meow", "http"}};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i].bent);
        if (same_word(t, 0, schemes[i].bent) && n < t.n && strchr(":[({", t.p[n])) {
            *length = n;
            return schemes[i].means;
        }
    }
    return NULL;
}

static void put(struct indicator_room *r, const void *p, size_t n)
{
    memcpy(r->b + r->n, p, n);
    r->n += n;
}

/* One pass over what is in the room, in place: what is put is never longer than what it stands
 * for. True if anything was put back. */
static bool refang_once(struct indicator_room *r)
{
    struct bytes t = bytes_of(r->b, r->n);
    size_t at = 0, length = 0;
    const char *scheme = bent_scheme(t, &length);
    bool bent = scheme != NULL;

    r->n = 0;
    if (scheme) {
        put(r, scheme, strlen(scheme));
        at = length;
    }
    while (at < t.n) {
        const struct fang *f = fang_at(t, at, &length);
        if (f) {
            put(r, f->means, strlen(f->means));
            at += length;
        } else if (t.p[at] == '\\' && at + 1 < t.n && t.p[at + 1] == '.') {
            at++;
            bent = true;
        } else {
            r->b[r->n++] = t.p[at++];
        }
        bent |= f != NULL;
    }
    return bent;
}

#define PASSES_MOST 3 /* "a[[.]]b" takes two; nobody nests deeper in good faith */

/* Until nothing is left to put back, so that a value read again stays as it is. */
const char *indicator_refang(struct bytes raw, struct indicator_room *r, unsigned *odd)
{
    memcpy(r->b, raw.p, raw.n);
    r->n = raw.n;
    for (int pass = 0; refang_once(r); pass++) {
        *odd |= INDICATOR_DEFANGED;
        if (pass == PASSES_MOST)
            return "defanged over and over";
    }
    return NULL;
}
