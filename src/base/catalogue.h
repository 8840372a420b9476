/* catalogue: texts for people in the reader's language.
 *
 * English stands in the source and is the key; other languages are gettext catalogues (po/), built
 * into the program as the bytes of their .mo files (decision 0180). libc's gettext() takes its
 * language from the process; we serve several people at once, so the language travels with the
 * command instead, as a pointer:
 *
 *     fprintf(to, catalogue_text(words, "%s signed it.\n"), name);
 *     fprintf(to, catalogue_plural(words, "%d file", "%d files", n), n);
 *
 * NULL is English. The compiler checks formats through these calls, msgfmt those of translations.
 * What is signed, hashed or sent is never translated.
 *
 * A reader of .mo files need not be trusting: every look-up checks what it touches, and what is
 * missing or malformed gives the English text.
 */
#ifndef ENTENTE_CATALOGUE_H
#define ENTENTE_CATALOGUE_H

#include "base/bytes.h"
#include "base/err.h"

struct catalogue {
    struct bytes file; /* a .mo file, of either byte order */
};

/* Mark a text that is looked up elsewhere: const char *const names[] = {N_("none"), ...}. */
#define N_(text) text
#define NC_(context, text) text /* by catalogue_text_in */

const char *catalogue_text(const struct catalogue *k, const char *text)
    __attribute__((format_arg(2)));
/* Where one English word is two in another language: context says which. */
const char *catalogue_text_in(const struct catalogue *k, const char *context, const char *text)
    __attribute__((format_arg(3)));
/* English has `one` for 1 and `many` for all else. */
const char *catalogue_plural(const struct catalogue *k, const char *one, const char *many,
                             uint64_t n) __attribute__((format_arg(2), format_arg(3)));

/* Is it a well-formed .mo file: sorted, every text ending in zero and in UTF-8, the plural rule one
 * that catalogue_plural knows (one form for all, or English's)? For tests; look-ups need no check.
 */
bool catalogue_check(const struct catalogue *k, struct err *e);

/* ---- the languages of this program ---- */

enum language { LANGUAGE_EN, LANGUAGE_ZH, LANGUAGES };

/* "en" or "zh", or a locale's name ("zh_CN.UTF-8", "C.UTF-8", "POSIX"). */
bool language_named(const char *name, enum language *out);
/* "en", "zh" */
const char *language_name(enum language l);
/* NULL for English. */
const struct catalogue *language_catalogue(enum language l);

#endif
