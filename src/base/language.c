/* Which languages there are; their catalogues are made from po/ when the program is built. */
#include "base/catalogue.h"
#include "base/catalogue_data.h"

static const struct {
    const char *name;
    const struct catalogue *catalogue; /* NULL: the source's own */
} languages[LANGUAGES] = {
    [LANGUAGE_EN] = {"en", NULL},
    [LANGUAGE_ZH] = {"zh", &catalogue_zh_data},
};

/* A locale is language[_territory][.codeset][@modifier]. We write UTF-8: who asks for another
 * codeset by name could not read Chinese in it. */
static bool codeset_fits(struct bytes locale)
{
    struct bytes codeset = bytes_part(locale, bytes_find_byte(locale, '.'), SIZE_MAX);

    codeset = bytes_part(codeset, 0, bytes_find_byte(codeset, '@'));
    return codeset.n == 0 || bytes_are(codeset, ".UTF-8") || bytes_are(codeset, ".utf8") ||
           bytes_are(codeset, ".utf-8") || bytes_are(codeset, ".UTF8");
}

bool language_named(const char *name, enum language *out)
{
    struct bytes locale = bytes_text(name);
    size_t n = 0;

    if (bytes_are(bytes_part(locale, 0, bytes_find_byte(locale, '.')), "C") ||
        bytes_are(locale, "POSIX")) {
        *out = LANGUAGE_EN;
        return true;
    }
    while (n < locale.n && ((locale.p[n] | 0x20) >= 'a' && (locale.p[n] | 0x20) <= 'z'))
        n++;
    if (n < locale.n && !strchr("_-.@", locale.p[n]))
        return false;
    for (int l = 0; l < LANGUAGES; l++)
        if (bytes_are(bytes_part(locale, 0, n), languages[l].name)) {
            *out = codeset_fits(locale) ? (enum language)l : LANGUAGE_EN;
            return true;
        }
    return false;
}

const char *language_name(enum language l)
{
    return languages[l].name;
}

const struct catalogue *language_catalogue(enum language l)
{
    return languages[l].catalogue;
}
