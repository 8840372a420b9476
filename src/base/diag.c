#include "base/diag.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void emit(const struct diag *d, enum diag_level level, const char *sentence,
                 const char *rest)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    char line[1280], when[TIME_TEXT_MAX] = "", safe[1100];
    int n;

    if (d->os)
        time_print(when, os_now(d->os));
    text_escape(safe, sizeof safe, bytes_text(rest));
    n = snprintf(line, sizeof line, "%s%s%s: %s%s%s\n", when, when[0] ? " " : "", levels[level],
                 sentence, safe[0] ? ": " : "", safe);
    if (n < 0)
        return;
    if ((size_t)n >= sizeof line) {
        n = sizeof line - 1;
        line[n - 1] = '\n';
    }
    if (d->line)
        d->line(d->self, line, (size_t)n);
    else if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* nobody listens: nothing to be done */
}

void diag(const struct diag *d, enum diag_level level, const char *sentence, const char *format,
          ...)
{
    char rest[1024];
    va_list args;

    if (!d || level > d->least)
        return;
    va_start(args, format);
    vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    emit(d, level, sentence, rest);
}

void diag_err(const struct diag *d, enum diag_level level, const char *sentence,
              const struct err *e)
{
    diag(d, level, sentence, "%s%s%s", e->text, e->hint[0] ? " hint=" : "", e->hint);
}
