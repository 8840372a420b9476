/* defang: text that was made unclickable for people, made machine-readable again. */
#include "watch/watch_impl.h"

static const struct {
    const char *defanged, *meant;
} spellings[] = {
    {"[.]", "."},
    {"(.)", "."},
    {"{.}", "."},
    {"[dot]", "."},
    {"(dot)", "."},
    {"{dot}", "."},
    {"[:]", ":"},
    {"[/]", "/"},
    {"[://]", "://"},
    {"[@]", "@"},
    {"[at]", "@"},
    {"(at)", "@"},
    {"hxxp://", "http://"},
    {"hxxps://", "https://"},
    {"hxxp[:]//", "http://"},
    {"hxxps[:]//", "https://"},
    {"hxxp[://]", "http://"},
    {"hxxps[://]", "https://"},
    {"h**p://", "http://"},
    {"meow://", "http://"},
    {"fxp://", "ftp://"},
};

static bool stands_here(struct bytes text, const char *what)
{
    size_t i = 0;

    for (; what[i]; i++) {
        uint8_t c = i < text.n ? text.p[i] : 0;
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)what[i])
            return false;
    }
    return true;
}

/* The spelling at the beginning of the text, or SIZE_MAX. */
static size_t spelling(struct bytes text)
{
    if (!text.n || !memchr("[({hHmMfF", text.p[0], 9))
        return SIZE_MAX;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        if (stands_here(text, spellings[i].defanged))
            return i;
    return SIZE_MAX;
}

bool watch_refang(struct bytes text, struct arena *a, struct bytes *out, struct err *e)
{
    uint8_t *p = arena_get(a, text.n + 1, e); /* what is meant is never longer */
    size_t n = 0, i = 0;

    if (!p)
        return false;
    while (i < text.n) {
        size_t which = spelling(bytes_part(text, i, SIZE_MAX));
        if (which == SIZE_MAX) {
            p[n++] = text.p[i++];
            continue;
        }
        i += strlen(spellings[which].defanged);
        memcpy(p + n, spellings[which].meant, strlen(spellings[which].meant));
        n += strlen(spellings[which].meant);
    }
    *out = bytes_of(p, n);
    return true;
}
