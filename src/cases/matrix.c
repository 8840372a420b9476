/* Analysis of competing hypotheses (Heuer): what counts is what speaks against a hypothesis, and
 * which evidence tells hypotheses apart. The program counts and shows; the reader judges. */
#include "cases/cases_impl.h"

struct ach {
    const struct json *hypotheses, *evidence, *rows;
    const struct catalogue *words;
    struct buf b;
};

static bool withheld(const struct ach *m, size_t k)
{
    return json_is(json_find(json_at(m->evidence, k), "availability"), "withheld");
}

static const struct json *cell(const struct ach *m, size_t i, size_t k)
{
    return json_at(json_at(m->rows, i), k);
}

static char mark(const struct json *v)
{
    if (json_is(v, "inconsistent"))
        return '-';
    return json_is(v, "consistent") ? '+' : '.';
}

/* Evidence that says the same of every hypothesis tells nothing (diagnosticity). */
static bool tells(const struct ach *m, size_t k)
{
    for (size_t i = 1; i < json_count(m->rows); i++)
        if (mark(cell(m, i, k)) != mark(cell(m, 0, k)))
            return true;
    return false;
}

static void put_hypothesis(struct ach *m, size_t i)
{
    struct bytes text = {0};
    size_t against = 0;
    bool named = false;

    buf_format(&m->b, "H%-3zu", i + 1);
    for (size_t k = 0; k < json_count(m->evidence); k++) {
        char c = mark(cell(m, i, k));
        against += c == '-' && !withheld(m, k);
        buf_format(&m->b, "   %c", withheld(m, k) ? '?' : c);
    }
    json_as_string(json_find(json_at(m->hypotheses, i), "text"), &text);
    json_as_bool(json_find(json_at(m->hypotheses, i), "named_party"), &named);
    buf_puts(&m->b, "   ");
    buf_say(&m->b, m->words, "against: %zu", against);
    buf_puts(&m->b, "   ");
    buf_put(&m->b, text);
    if (!named)
        buf_say(&m->b, m->words, " (not the named party)");
    buf_puts(&m->b, "\n");
}

static void put_legend(struct ach *m)
{
    for (size_t k = 0; k < json_count(m->evidence); k++) {
        struct bytes name = bytes_text(catalogue_text(m->words, "unnamed"));
        json_as_string(json_find(json_at(m->evidence, k), "name"), &name);
        buf_format(&m->b, "E%-3zu ", k + 1);
        buf_put(&m->b, name);
        if (withheld(m, k))
            buf_say(&m->b, m->words, " (withheld: counted as nothing)");
        else if (!tells(m, k))
            buf_say(&m->b, m->words, " (says the same of every hypothesis)");
        buf_puts(&m->b, "\n");
    }
}

bool cases_matrix(struct bytes claim, const struct catalogue *words, struct arena *a,
                  struct bytes *out, struct err *e)
{
    const struct json *o = json_parse(claim, a, e);
    struct ach m = {.words = words, .b = buf_in(a)};

    if (!o || !json_get_array(o, "hypotheses", &m.hypotheses, e) ||
        !json_get_array(o, "matrix", &m.rows, e))
        return false;
    m.evidence = json_find(o, "evidence");
    if (json_count(m.rows) != json_count(m.hypotheses))
        return err_fail(e, ERR_INPUT, "matrix must have a row per hypothesis");
    buf_puts(&m.b, "    ");
    for (size_t k = 0; k < json_count(m.evidence); k++)
        buf_format(&m.b, "%sE%zu", k < 9 ? "  " : " ", k + 1);
    buf_puts(&m.b, "\n");
    for (size_t i = 0; i < json_count(m.hypotheses); i++)
        put_hypothesis(&m, i);
    put_legend(&m);
    buf_say(&m.b, words, "the claimant's matrix, counted and not judged\n");
    return buf_end(&m.b, out, e);
}
