#include "base/limits.h"
#include "base/text.h"
#include "cases/cases.h"

#include <stdio.h>

static const char *const units[] = {"", "minute", "hour", "day", "working day"};

static uint8_t unit_of(struct bytes word)
{
    for (uint8_t u = CASES_MINUTES; u <= CASES_WORKING_DAYS; u++)
        if (bytes_are(word, units[u]))
            return u;
    return CASES_NOT_AGREED;
}

bool cases_term_parse(struct bytes text, struct cases_term *out, struct err *e)
{
    size_t blank = bytes_find_byte(text, ' ');
    struct bytes word = bytes_part(text, blank + 1, text.n);
    uint64_t n = 0;
    uint8_t unit;

    if (blank == text.n || !decimal_parse(bytes_part(text, 0, blank), &n) || n == 0 ||
        n > LIMIT_CASE_TERM)
        goto no;
    if (n != 1 && word.n && word.p[word.n - 1] != 's')
        goto no;
    if (n != 1 && word.n)
        word.n--;
    unit = unit_of(word);
    if (unit == CASES_NOT_AGREED)
        goto no;
    *out = (struct cases_term){(uint32_t)n, unit};
    return true;
no:
    err_fail(e, ERR_INPUT, "not a term of time: \"%.*s\"", (int)(text.n < 40 ? text.n : 40),
             (const char *)text.p);
    return err_hint(e, "write it as \"8 hours\", \"10 days\" or \"2 working days\"");
}

void cases_term_print(char out[32], struct cases_term t)
{
    if (t.unit == CASES_NOT_AGREED || t.unit > CASES_WORKING_DAYS)
        snprintf(out, 32, "not agreed");
    else
        snprintf(out, 32, "%u %s%s", t.n, units[t.unit], t.n == 1 ? "" : "s");
}
