#include "base/err.h"
#include "base/catalogue.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static void
fill(const struct catalogue *words, char out[ERR_TEXT_MAX], const char *format, va_list args)
{
    char raw[ERR_TEXT_MAX];
    size_t cap = ERR_TEXT_MAX;
    int n = vsnprintf(raw, sizeof raw, catalogue_text(words, format), args);

    if (n < 0)
        raw[0] = '\0';
    text_escape(out, cap, bytes_text(raw));
    if ((size_t)n >= sizeof raw && cap > 4)
        memcpy(out + strlen(out) - (strlen(out) < 3 ? strlen(out) : 3), "...", 4);
}

bool err_fail(struct err *e, enum err_code code, const char *format, ...)
{
    va_list args;

    if (!e)
        return false;
    e->code = code;
    e->hint[0] = '\0';
    va_start(args, format);
    fill(e->words, e->text, format, args);
    va_end(args);
    return false;
}

bool err_within(struct err *e, const char *format, ...)
{
    char where[ERR_TEXT_MAX], what[ERR_TEXT_MAX];
    size_t n, m;
    va_list args;

    if (!e)
        return false;
    va_start(args, format);
    fill(e->words, where, format, args);
    va_end(args);
    memcpy(what, e->text, sizeof what);
    n = strlen(where);
    if (n > ERR_TEXT_MAX / 2)
        n = ERR_TEXT_MAX / 2;
    m = strlen(what);
    if (m > ERR_TEXT_MAX - n - 3)
        m = ERR_TEXT_MAX - n - 3;
    memcpy(e->text, where, n);
    memcpy(e->text + n, ": ", 2);
    memcpy(e->text + n + 2, what, m);
    e->text[n + 2 + m] = '\0';
    return false;
}

bool err_hint(struct err *e, const char *format, ...)
{
    va_list args;

    if (!e || e->hint[0])
        return false;
    va_start(args, format);
    fill(e->words, e->hint, format, args);
    va_end(args);
    return false;
}

/* What the system says of errno, in English: this process never sets a locale. */
static const char *system_text(const struct err *e, int errnum, char *room, size_t cap)
{
    static const char *const usual[] = {
        N_("No such file or directory"),
        N_("Permission denied"),
        N_("No space left on device"),
        N_("File exists"),
        N_("Not a directory"),
        N_("Is a directory"),
        N_("Input/output error"),
        N_("Connection refused"),
        N_("Read-only file system"),
        N_("Too many open files"),
        N_("File too large"),
        N_("Disk quota exceeded"),
        N_("Broken pipe"),
        N_("Address already in use"),
        N_("Operation not permitted"),
        N_("Directory not empty"),
        N_("Invalid argument"),
    };

    (void)usual; /* there for the catalogue */
    return catalogue_text(e->words, strerror_r(errnum, room, cap));
}

bool err_system(struct err *e, int errnum, const char *format, ...)
{
    char where[ERR_TEXT_MAX / 2], why[128];
    va_list args;

    if (!e)
        return false;
    va_start(args, format);
    vsnprintf(where, sizeof where, catalogue_text(e->words, format), args);
    va_end(args);
    return err_fail(e, ERR_IO, "%s: %s", where, system_text(e, errnum, why, sizeof why));
}

bool err_pass(struct err *e, const struct err *from)
{
    const struct catalogue *words = e ? e->words : NULL;

    if (e) {
        *e = *from;
        e->words = words ? words : from->words;
    }
    return false;
}

void err_clear(struct err *e)
{
    if (e) {
        e->code = ERR_NONE;
        e->text[0] = e->hint[0] = '\0';
    }
}

struct err err_like(const struct err *e)
{
    return (struct err){.words = e ? e->words : NULL};
}

const char *err_name(enum err_code code)
{
    static const char *const names[] = {"ERR_NONE",    "ERR_INPUT", "ERR_LIMIT",
                                        "ERR_PROOF",   "ERR_PEER",  "ERR_DENIED",
                                        "ERR_MISSING", "ERR_IO",    "ERR_NOMEM"};
    return (unsigned)code < sizeof names / sizeof *names ? names[code] : "ERR_UNKNOWN";
}
