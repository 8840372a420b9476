/* The review as a page by itself: tables and bars, each number a link to the acts behind it. No
 * script, nothing fetched, nothing but our own words and the parties' comments, escaped. */
#include "base/catalogue.h"
#include "cases/review_html_impl.h"

static const char style[] =
    "body{font:15px/1.5 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;color:#1a1a1a;"
    "background:#fff;max-width:64em;margin:2em auto;padding:0 1em}"
    "h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid #bbb}"
    "h3{font-size:1em;margin:1.5em 0 .3em}table{border-collapse:collapse;min-width:50%}"
    "td,th{padding:.15em .8em .15em 0;text-align:left;vertical-align:top;border-bottom:1px solid "
    "#eee}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}a{color:#00508c}"
    "code{font-size:.85em;overflow-wrap:anywhere}"
    ".why li{margin-bottom:.6em}.note{color:#555}svg{max-width:100%;height:auto}"
    "svg text{font-size:12px;fill:#1a1a1a}:target{background:#fff3c4}"
    "@media print{body{margin:0;max-width:none}h3,table,svg{break-inside:avoid}}";

void html_text(struct page *p, struct bytes text)
{
    struct buf safe = buf_in(p->b.arena);
    struct bytes out;

    buf_escaped(&safe, text);
    if (!buf_end(&safe, &out, &p->b.e))
        return;
    for (size_t i = 0; i < out.n; i++) {
        switch (out.p[i]) {
        case '<':
            buf_puts(&p->b, "&lt;");
            break;
        case '>':
            buf_puts(&p->b, "&gt;");
            break;
        case '&':
            buf_puts(&p->b, "&amp;");
            break;
        case '"':
            buf_puts(&p->b, "&quot;");
            break;
        default:
            buf_byte(&p->b, out.p[i]);
        }
    }
}

void html_string(struct page *p, const char *text)
{
    html_text(p, bytes_text(text));
}

static void element(struct page *p, const char *name, const char *text)
{
    buf_format(&p->b, "<%s>", name);
    html_string(p, text);
    buf_format(&p->b, "</%s>\n", name);
}

/* ---- numbers and what stands behind them ---- */

/* A link to the reasons of a cell; what counts nothing leads nowhere. */
static void linked(struct page *p, const char *value, const struct reasons *why,
                   const struct row_key *key, const char *metric)
{
    struct behind *x;

    if (!why->all) {
        html_string(p, value);
        return;
    }
    if (!array_room(p->b.arena, (void **)&p->behind, &p->behind_cap, p->behind_n, sizeof *p->behind,
                    &p->b.e))
        return;
    x = &p->behind[p->behind_n++];
    *x = (struct behind){*key, metric, *why};
    buf_format(&p->b, "<a href=\"#w%u\" id=\"n%u\">", p->behind_n, p->behind_n);
    html_string(p, value);
    buf_puts(&p->b, "</a>");
}

static void put_reasons(struct page *p, const struct behind *x, uint32_t number)
{
    struct buf name = buf_in(p->b.arena);
    struct bytes text;

    cell_name(&name, p->v, &x->key, x->metric);
    if (!buf_end(&name, &text, &p->b.e))
        return;
    buf_format(&p->b, "<li id=\"w%u\"><a href=\"#n%u\">", number, number);
    html_text(p, text);
    buf_puts(&p->b, "</a>:<br><code>");
    for (uint32_t i = 0; i < x->why.n; i++) {
        buf_puts(&p->b, i ? ", " : "");
        buf_hex(&p->b, x->why.list[i].id.b, 8);
        if (x->why.list[i].value != 1)
            buf_format(&p->b, "&nbsp;(%lld)", (long long)x->why.list[i].value);
    }
    buf_puts(&p->b, "</code>");
    if (x->why.all > x->why.n) {
        buf_puts(&p->b, " ");
        buf_format(&p->b,
                   catalogue_plural(p->words, "and %llu more: entente review --explain lists them",
                                    "and %llu more: entente review --explain lists them",
                                    x->why.all - x->why.n),
                   (unsigned long long)(x->why.all - x->why.n));
    }
    buf_puts(&p->b, "</li>\n");
}

static void put_appendix(struct page *p)
{
    element(p, "h2", catalogue_text(p->words, "What stands behind the numbers"));
    element(p, "p",
            catalogue_text(p->words, "Each number of the tables leads here: the acts, and the acts "
                                     "that opened the cases, that it counts, by the beginning of "
                                     "their hashes. In brackets: what one act counts for, if not "
                                     "1; milliseconds for times."));
    buf_puts(&p->b, "<ol class=\"why\">\n");
    for (uint32_t i = 0; i < p->behind_n; i++)
        put_reasons(p, &p->behind[i], i + 1);
    buf_puts(&p->b, "</ol>\n");
}

/* ---- tables ---- */

static void put_row(struct page *p, const struct row *r)
{
    const struct section_form *f = &section_forms[r->key.section];

    element(p, "h3", row_title(&p->b, p->words, p->v, r));
    buf_puts(&p->b, "<table>\n");
    for (unsigned i = 0; i < f->n; i++) {
        if (!row_has(&r->key, i))
            continue;
        buf_puts(&p->b, "<tr><td>");
        html_string(p, catalogue_text(p->words, f->metrics[i].says));
        buf_puts(&p->b, "</td><td class=\"n\">");
        linked(p, cell_value(&p->b, p->words, p->v, r, i), &r->why[i], &r->key, f->metrics[i].name);
        buf_puts(&p->b, "</td></tr>\n");
    }
    buf_puts(&p->b, "</table>\n");
}

static const char *digits(struct page *p, uint64_t n)
{
    char *text = arena_format(p->b.arena, &p->b.e, "%llu", (unsigned long long)n);
    return text ? text : "?";
}

static void put_difference(struct page *p, uint64_t a, uint64_t b)
{
    if (a == b)
        buf_puts(&p->b, "<td class=\"n\">0</td>");
    else
        buf_format(&p->b, "<td class=\"n\">%+lld</td>", (long long)(a - b));
}

static void balance_metric(struct page *p, const struct columns *c, bool drill, unsigned m)
{
    const struct metric *f = &section_forms[SECTION_BALANCE].metrics[m];
    uint64_t n[2] = {0};

    buf_puts(&p->b, "<tr><td>");
    html_string(p, catalogue_text(p->words, f->says));
    buf_puts(&p->b, "</td>");
    for (size_t i = 0; i < c->n; i++) {
        const struct row *r = balance_row(p->v, c->party[i], drill);
        buf_puts(&p->b, "<td class=\"n\">");
        if (r)
            linked(p, digits(p, r->count[m]), &r->why[m], &r->key, f->name);
        else
            buf_puts(&p->b, "0");
        buf_puts(&p->b, "</td>");
        if (i < 2)
            n[i] = r ? r->count[m] : 0;
    }
    if (c->n == 2)
        put_difference(p, n[0], n[1]);
    buf_puts(&p->b, "</tr>\n");
}

static const struct cases_counter *counter(const struct cases_review *v, const char *name,
                                           uint16_t party)
{
    for (size_t i = 0; i < v->others_n; i++)
        if (v->others[i].party == party && !strcmp(v->others[i].name, name))
            return &v->others[i];
    return NULL;
}

static void balance_counter(struct page *p, const struct columns *c, const char *name)
{
    uint64_t n[2] = {0};

    buf_puts(&p->b, "<tr><td>");
    html_string(p, catalogue_text(p->words, counter_says(name)));
    buf_puts(&p->b, "</td>");
    for (size_t i = 0; i < c->n; i++) {
        const struct cases_counter *x = counter(p->v, name, c->party[i]);
        struct row_key key = {SECTION_BALANCE, 0, (uint8_t)c->party[i], 0, 0, 0};
        struct reasons why = {0};
        buf_puts(&p->b, "<td class=\"n\">");
        if (x) {
            why.all = x->why_n;
            why.n = (uint32_t)(x->why_n < REVIEW_SHOWN ? x->why_n : REVIEW_SHOWN);
            why.list = arena_get_array(p->b.arena, why.n, sizeof *why.list, &p->b.e);
            if (why.list && why.n)
                memcpy(why.list, x->why, why.n * sizeof *why.list);
        }
        linked(p, digits(p, x ? x->n : 0), &why, &key, name);
        buf_puts(&p->b, "</td>");
        if (i < 2)
            n[i] = x ? x->n : 0;
    }
    if (c->n == 2)
        put_difference(p, n[0], n[1]);
    buf_puts(&p->b, "</tr>\n");
}

static void put_balance(struct page *p, bool drill)
{
    struct columns c = columns_of(p->v, drill);

    element(p, "h3", catalogue_text(p->words, "Given and got"));
    buf_puts(&p->b, "<table>\n<tr><th></th>");
    for (size_t i = 0; i < c.n; i++) {
        buf_puts(&p->b, "<th class=\"n\">");
        html_text(p, cases_party_slug(review_terms(p->v), c.party[i]));
        buf_puts(&p->b, "</th>");
    }
    if (c.n == 2) {
        buf_puts(&p->b, "<th class=\"n\">");
        html_string(p, catalogue_text(p->words, "difference"));
        buf_puts(&p->b, "</th>");
    }
    buf_puts(&p->b, "</tr>\n");
    for (unsigned m = 0; m < section_forms[SECTION_BALANCE].n; m++)
        balance_metric(p, &c, drill, m);
    for (size_t i = 0; !drill && i < p->v->others_n; i++)
        if (counter_is_first(p->v, i))
            balance_counter(p, &c, p->v->others[i].name);
    buf_puts(&p->b, "</table>\n");
}

static void put_tables(struct page *p, bool drill)
{
    bool balance = false;

    for (uint32_t i = 0; i < p->v->rows_n; i++) {
        const struct row *r = p->v->rows[i];
        if (!!r->key.drill != drill)
            continue;
        if (r->key.section != SECTION_BALANCE)
            put_row(p, r);
        else if (!balance)
            put_balance(p, drill);
        balance = balance || r->key.section == SECTION_BALANCE;
    }
}

/* ---- the whole ---- */

static void put_head(struct page *p)
{
    const char *from = said_instant(&p->b, p->words, p->v->from),
               *until = said_instant(&p->b, p->words, p->v->until);

    buf_format(&p->b,
               "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
               "style-src 'unsafe-inline'\">\n"
               "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
               catalogue_text_in(p->words, "language of a page, as HTML names it", "en"));
    buf_say(&p->b, p->words, "Review of what was opened from %s until %s", from, until);
    buf_format(&p->b, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
    buf_say(&p->b, p->words, "Review of what was opened from %s until %s", from, until);
    buf_puts(&p->b, "</h1>\n<p>");
    buf_say(&p->b, p->words, "Agreement");
    buf_puts(&p->b, " <code>");
    buf_hex(&p->b, review_terms(p->v)->id.b, 32);
    buf_puts(&p->b, "</code></p>\n");
    element(p, "p",
            catalogue_text(p->words, "Counts and times, computed from the logs that the parties "
                                     "signed and cosigned for each other. There is no score: the "
                                     "numbers stand side by side."));
}

static void put_comments(struct page *p)
{
    if (!p->v->comments_n)
        return;
    element(p, "h2", catalogue_text(p->words, "Comments of the parties"));
    for (size_t i = 0; i < p->v->comments_n; i++) {
        const struct cases_comment *c = &p->v->comments[i];
        buf_puts(&p->b, "<p><b>");
        html_text(p, cases_party_slug(review_terms(p->v), c->party));
        buf_format(&p->b, "</b>, %s<br>\n", said_instant(&p->b, p->words, c->at_ms));
        html_text(p, c->text);
        buf_puts(&p->b, "</p>\n");
    }
}

static bool has_drills(const struct cases_review *v)
{
    for (uint32_t i = 0; i < v->rows_n; i++)
        if (v->rows[i]->key.drill)
            return true;
    return false;
}

static void put_floors(struct page *p)
{
    for (uint32_t i = 0; i < p->v->rows_n; i++)
        if (below_floor(p->v, p->v->rows[i])) {
            buf_puts(&p->b, "<p>");
            put_consultation(&p->b, p->words, p->v, p->v->rows[i]);
            buf_puts(&p->b, "</p>\n");
        }
}

bool cases_review_html(const struct cases_review *v, const struct catalogue *words, struct arena *a,
                       struct bytes *out, struct err *e)
{
    struct page p = {.b = buf_in(a), .words = words, .v = v};
    struct hash h;

    if (!review_hash(v, a, &h, e))
        return false;
    put_head(&p);
    put_plots(&p);
    element(&p, "h2", catalogue_text(words, "Numbers"));
    put_tables(&p, false);
    put_floors(&p);
    if (has_drills(v)) {
        element(&p, "h2", catalogue_text(words, "EXERCISES, kept apart from all of the above"));
        put_tables(&p, true);
    }
    put_comments(&p);
    put_appendix(&p);
    buf_puts(&p.b, "<p class=\"note\">");
    buf_say(&p.b, words, "hash of this report ");
    buf_puts(&p.b, "<code>");
    buf_hex(&p.b, h.b, 32);
    buf_puts(&p.b, "</code></p>\n</body>\n</html>\n");
    return buf_end(&p.b, out, e);
}
