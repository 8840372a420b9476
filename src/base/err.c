#include "base/err.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 0))) static void fill(char *out, size_t cap, const char *format,
                                                       va_list args)
{
    char raw[ERR_TEXT_MAX];
    int n = vsnprintf(raw, sizeof raw, format, args);

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
    fill(e->text, sizeof e->text, format, args);
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
    fill(where, sizeof where, format, args);
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
    fill(e->hint, sizeof e->hint, format, args);
    va_end(args);
    return false;
}

bool err_system(struct err *e, int errnum, const char *format, ...)
{
    char where[ERR_TEXT_MAX / 2], why[128];
    va_list args;

    va_start(args, format);
    vsnprintf(where, sizeof where, format, args);
    va_end(args);
    return err_fail(e, ERR_IO, "%s: %s", where, strerror_r(errnum, why, sizeof why));
}

bool err_pass(struct err *e, const struct err *from)
{
    if (e)
        *e = *from;
    return false;
}

void err_clear(struct err *e)
{
    if (e) {
        e->code = ERR_NONE;
        e->text[0] = e->hint[0] = '\0';
    }
}

const char *err_name(enum err_code code)
{
    static const char *const names[] = {"ERR_NONE",    "ERR_INPUT", "ERR_LIMIT",
                                        "ERR_PROOF",   "ERR_PEER",  "ERR_DENIED",
                                        "ERR_MISSING", "ERR_IO",    "ERR_NOMEM"};
    return (unsigned)code < sizeof names / sizeof *names ? names[code] : "ERR_UNKNOWN";
}
