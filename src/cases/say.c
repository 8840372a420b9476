/* Instants, spans, terms and parties as pieces of sentences. */
#include "cases/fold_impl.h"

static const char *kept(struct buf *b, const char *text)
{
    const char *copy = arena_string(b->arena, bytes_text(text), &b->e);
    return copy ? copy : "?";
}

const char *said_instant(struct buf *b, const struct catalogue *k, int64_t ms)
{
    char text[TIME_TEXT_MAX];

    if (ms == CASES_NEVER)
        return catalogue_text(k, "never");
    instant_print(text, ms);
    return kept(b, text);
}

/* "3 d 4 h 5 min", never an empty text. */
const char *said_span(struct buf *b, const struct catalogue *k, int64_t ms)
{
    static const struct {
        int64_t unit;
        const char *word;
    } units[] = {{MS_PER_DAY, NC_("unit", "d")},
                 {3600000, NC_("unit", "h")},
                 {60000, NC_("unit", "min")},
                 {1000, NC_("unit", "s")},
                 {1, NC_("unit", "ms")}};
    char text[160];
    size_t n = 0, said = 0;

    text[0] = '\0';
    if (ms < 0)
        text[n++] = '-';
    ms = ms < 0 ? -ms : ms;
    for (size_t i = 0; i < 5 && said < 3; i++) {
        int64_t count = ms / units[i].unit;
        ms %= units[i].unit;
        if (!count)
            continue;
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%lld %s", said ? " " : "",
                              (long long)count, catalogue_text_in(k, "unit", units[i].word));
        said++;
    }
    if (!said)
        snprintf(text, sizeof text, "0 %s", catalogue_text_in(k, "unit", "s"));
    return kept(b, text);
}

const char *said_party(struct buf *b, const struct catalogue *k, const struct cases_terms *t,
                       uint16_t party)
{
    const char *slug;

    if (party == NOBODY)
        return catalogue_text(k, "nobody");
    slug = arena_string(b->arena, cases_party_slug(t, party), &b->e);
    return slug ? slug : "?";
}

const char *said_term(struct buf *b, const struct catalogue *k, struct cases_term t)
{
    char text[80];

    switch (t.unit) {
    case CASES_MINUTES:
        snprintf(text, sizeof text, catalogue_plural(k, "%u minute", "%u minutes", t.n), t.n);
        break;
    case CASES_HOURS:
        snprintf(text, sizeof text, catalogue_plural(k, "%u hour", "%u hours", t.n), t.n);
        break;
    case CASES_DAYS:
        snprintf(text, sizeof text, catalogue_plural(k, "%u day", "%u days", t.n), t.n);
        break;
    case CASES_WORKING_DAYS:
        snprintf(text, sizeof text, catalogue_plural(k, "%u working day", "%u working days", t.n),
                 t.n);
        break;
    default:
        return catalogue_text(k, "not agreed");
    }
    return kept(b, text);
}
