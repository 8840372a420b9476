/* The review as text and JSON, and the reasons of a cell. */
#include "base/catalogue.h"
#include "base/text.h"
#include "cases/review_impl.h"

#define LABEL 44 /* columns */

struct text {
    struct buf b;
    const struct catalogue *words;
    const struct cases_review *v;
};

static void heading(struct text *t, const char *title)
{
    buf_format(&t->b, "\n%s\n", catalogue_text(t->words, title));
}

/* Of a table that is all zeros the first line says enough. */
static void put_row(struct text *t, const struct row *r)
{
    const struct section_form *f = &section_forms[r->key.section];
    bool zero = row_is_zero(r);

    buf_format(&t->b, "\n%s\n", row_title(&t->b, t->words, t->v, r));
    for (unsigned i = 0, said = 0; i < f->n && (!said || !zero); i++) {
        if (!row_has(&r->key, i))
            continue;
        said++;
        buf_puts(&t->b, "  ");
        buf_label(&t->b, t->words, f->metrics[i].says, LABEL);
        buf_format(&t->b, "%s\n", cell_value(&t->b, t->words, t->v, r, i));
    }
}

/* ---- giving and taking: a column for each party, and the difference if they are two ---- */

static void put_right(struct buf *b, const char *text, size_t width)
{
    for (size_t n = text_width(bytes_text(text)); n < width; n++)
        buf_byte(b, ' ');
    buf_puts(b, text);
}

static void put_numbers(struct text *t, const struct columns *c, const char *says,
                        const uint64_t *n)
{
    char digits[24];

    buf_puts(&t->b, "  ");
    buf_label(&t->b, t->words, says, LABEL);
    for (size_t i = 0; i < c->n; i++) {
        snprintf(digits, sizeof digits, "%llu", (unsigned long long)n[i]);
        put_right(&t->b, digits, c->width);
    }
    if (c->n == 2) {
        snprintf(digits, sizeof digits, "%+lld", (long long)(n[0] - n[1]));
        put_right(&t->b, n[0] == n[1] ? "0" : digits, c->width);
    }
    buf_puts(&t->b, "\n");
}

static void put_counters(struct text *t, const struct columns *c)
{
    for (size_t i = 0; i < t->v->others_n; i++) {
        const struct cases_counter *x = &t->v->others[i];
        uint64_t n[LIMIT_PARTIES] = {0};
        bool first = counter_is_first(t->v, i);
        for (size_t k = i; first && k < t->v->others_n; k++)
            for (size_t p = 0; p < c->n; p++)
                if (c->party[p] == t->v->others[k].party && !strcmp(t->v->others[k].name, x->name))
                    n[p] += t->v->others[k].n;
        if (first)
            put_numbers(t, c, counter_says(x->name), n);
    }
}

static void put_balance(struct text *t, bool drill)
{
    const struct section_form *f = &section_forms[SECTION_BALANCE];
    struct columns c = columns_of(t->v, drill);

    if (!c.n)
        return;
    heading(t, N_("Given and got"));
    for (int i = 0; i < LABEL + 2; i++)
        buf_byte(&t->b, ' ');
    for (size_t i = 0; i < c.n; i++)
        put_right(&t->b, said_party(&t->b, t->words, review_terms(t->v), c.party[i]), c.width);
    if (c.n == 2)
        put_right(&t->b, catalogue_text(t->words, "difference"), c.width);
    buf_puts(&t->b, "\n");
    for (unsigned m = 0; m < f->n; m++) {
        uint64_t n[LIMIT_PARTIES] = {0};
        for (size_t i = 0; i < c.n; i++) {
            const struct row *r = balance_row(t->v, c.party[i], drill);
            n[i] = r ? r->count[m] : 0;
        }
        put_numbers(t, &c, f->metrics[m].says, n);
    }
    if (!drill)
        put_counters(t, &c);
}

/* The floor that brings consultation, and denies nothing (clause reciprocity). */
static void put_floor(struct text *t)
{
    for (uint32_t i = 0; i < t->v->rows_n; i++) {
        const struct row *r = t->v->rows[i];
        if (!below_floor(t->v, r))
            continue;
        buf_puts(&t->b, "\n");
        put_consultation(&t->b, t->words, t->v, r);
        buf_puts(&t->b, "\n");
    }
}

static void put_comments(struct text *t)
{
    if (t->v->comments_n)
        heading(t, N_("Comments of the parties"));
    for (size_t i = 0; i < t->v->comments_n; i++) {
        const struct cases_comment *c = &t->v->comments[i];
        buf_format(&t->b, "  %s %s: ", said_instant(&t->b, t->words, c->at_ms),
                   said_party(&t->b, t->words, review_terms(t->v), c->party));
        buf_escaped(&t->b, c->text);
        buf_puts(&t->b, "\n");
    }
}

static void put_rows(struct text *t, bool drill)
{
    bool balance = false, any = false;

    for (uint32_t i = 0; i < t->v->rows_n; i++) {
        const struct row *r = t->v->rows[i];
        if (!!r->key.drill != drill)
            continue;
        if (drill && !any)
            heading(t, N_("EXERCISES, kept apart from all of the above"));
        any = true;
        if (r->key.section != SECTION_BALANCE)
            put_row(t, r);
        else if (!balance)
            put_balance(t, drill);
        balance = balance || r->key.section == SECTION_BALANCE;
    }
}

bool cases_review_text(const struct cases_review *v, const struct catalogue *words, struct arena *a,
                       struct bytes *out, struct err *e)
{
    struct text t = {.b = buf_in(a), .words = words, .v = v};
    struct hash h;

    if (!review_hash(v, a, &h, e))
        return false;
    buf_say(&t.b, words, "Review of what was opened from %s until %s\n",
            said_instant(&t.b, words, v->from), said_instant(&t.b, words, v->until));
    buf_say(&t.b, words, "agreement ");
    buf_hex(&t.b, review_terms(v)->id.b, 32);
    buf_puts(&t.b, "\n");
    put_rows(&t, false);
    put_floor(&t);
    put_rows(&t, true);
    put_comments(&t);
    buf_puts(&t.b, "\n");
    buf_say(&t.b, words, "hash of this report ");
    buf_hex(&t.b, h.b, 32);
    buf_puts(&t.b, "\n");
    return buf_end(&t.b, out, e);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_cell(struct json_maker *m, struct json *o, const struct row *r, unsigned i)
{
    const struct metric *f = &section_forms[r->key.section].metrics[i];
    struct json *s;

    if (f->kind != METRIC_SPANS) {
        json_set_integer(m, o, f->name, (int64_t)(r->count[i] & ((UINT64_C(1) << 53) - 1)));
        return;
    }
    s = json_set_object(m, o, f->name);
    json_set_integer(m, s, "n", r->spans[i].n);
    if (r->spans[i].n) {
        json_set_integer(m, s, "median_ms", percentile(&r->spans[i], 50));
        json_set_integer(m, s, "p90_ms", percentile(&r->spans[i], 90));
    }
}

static void json_row(struct json_maker *m, struct json *list, const struct cases_review *v,
                     const struct row *r)
{
    static const char *const names[SECTIONS][2] = {[SECTION_TIMELINESS] = {"type", "urgency"},
                                                   [SECTION_RATINGS] = {"word", NULL},
                                                   [SECTION_REFUSALS] = {"ground", NULL},
                                                   [SECTION_CHANNEL] = {"role", NULL}};
    const struct section_form *f = &section_forms[r->key.section];
    struct json *o = json_new_object(m);
    const char *words[2];

    row_words(&r->key, words);
    json_set_text(m, o, "section", f->name);
    json_set_bool(m, o, "drill", r->key.drill);
    json_set_string(m, o, f->keys == 2 ? "from" : "party",
                    cases_party_slug(review_terms(v), r->key.from));
    if (f->keys == 2)
        json_set_string(m, o, "to", cases_party_slug(review_terms(v), r->key.to));
    for (int i = 0; i < 2 && words[i]; i++)
        json_set_text(m, o, names[r->key.section][i], words[i]);
    for (unsigned i = 0; i < f->n; i++)
        json_cell(m, o, r, i);
    json_add(m, list, o);
}

static void json_instant(struct json_maker *m, struct json *o, const char *key, int64_t ms)
{
    struct buf b = buf_in(m->arena);

    put_instant(&b, ms);
    json_set_string(m, o, key, buf_view(&b));
}

static void json_comment(struct json_maker *m, struct json *list, const struct cases_review *v,
                         const struct cases_comment *c)
{
    struct json *o = json_new_object(m);
    struct buf hex = buf_in(m->arena);

    buf_hex(&hex, c->id.b, 32);
    json_set_string(m, o, "party", cases_party_slug(review_terms(v), c->party));
    json_instant(m, o, "at", c->at_ms);
    json_set_string(m, o, "act", buf_view(&hex));
    json_set_string(m, o, "text", c->text);
    json_add(m, list, o);
}

bool cases_review_json(const struct cases_review *v, struct arena *a, struct bytes *out,
                       struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m), *rows, *others, *comments;
    struct buf hex = buf_in(a);

    buf_hex(&hex, review_terms(v)->id.b, 32);
    json_instant(&m, o, "from", v->from);
    json_instant(&m, o, "until", v->until);
    json_set_string(&m, o, "agreement", buf_view(&hex));
    rows = json_set_array(&m, o, "rows");
    for (uint32_t i = 0; i < v->rows_n; i++)
        json_row(&m, rows, v, v->rows[i]);
    others = json_set_array(&m, o, "others");
    for (size_t i = 0; i < v->others_n; i++) {
        struct json *x = json_new_object(&m);
        json_set_string(&m, x, "party", cases_party_slug(review_terms(v), v->others[i].party));
        json_set_text(&m, x, "name", v->others[i].name);
        json_set_integer(&m, x, "n", (int64_t)(v->others[i].n & ((UINT64_C(1) << 53) - 1)));
        json_add(&m, others, x);
    }
    comments = json_set_array(&m, o, "comments");
    for (size_t i = 0; i < v->comments_n; i++)
        json_comment(&m, comments, v, &v->comments[i]);
    return json_made(&m, o, out, e);
}

/* ---- reasons --------------------------------------------------------------------------------- */

static bool find_cell(struct cases_review *v, struct bytes cell, struct arena *a)
{
    for (uint32_t i = 0; i < v->rows_n; i++) {
        const struct section_form *f = &section_forms[v->rows[i]->key.section];
        for (unsigned k = 0; k < f->n; k++) {
            struct buf b = buf_in(a);
            struct arena_mark mark = arena_mark(a);
            bool same;
            cell_name(&b, v, &v->rows[i]->key, f->metrics[k].name);
            same = bytes_equal(buf_view(&b), cell);
            arena_reset(a, mark);
            if (!same)
                continue;
            v->want.key = v->rows[i]->key;
            v->want.metric = k;
            return true;
        }
    }
    return false;
}

static bool explain_counter(const struct cases_review *v, struct bytes cell, struct arena *a,
                            struct cases_reason **out, size_t *n)
{
    struct row_key k = {SECTION_BALANCE, 0, 0, 0, 0, 0};

    for (size_t i = 0; i < v->others_n; i++) {
        struct buf b = buf_in(a);
        k.from = (uint8_t)v->others[i].party;
        cell_name(&b, v, &k, v->others[i].name);
        if (!bytes_equal(buf_view(&b), cell))
            continue;
        *n = v->others[i].why_n;
        *out = arena_get_array(a, *n, sizeof **out, NULL);
        if (*out && *n)
            memcpy(*out, v->others[i].why, *n * sizeof **out);
        return *out != NULL;
    }
    return false;
}

bool cases_review_explain(const struct cases_review *r, struct bytes cell, struct arena *a,
                          struct cases_reason **out, size_t *n, struct err *e)
{
    struct cases_review v = *r;

    v.arena = a;
    if (explain_counter(r, cell, a, out, n))
        return true;
    if (!find_cell(&v, cell, a)) {
        err_fail(e, ERR_MISSING, "there is no such number in the review");
        return err_hint(e, "name it as \"timeliness/north/south/info/normal/received\"");
    }
    v.want.on = true;
    review_walk(&v);
    if (v.e.code)
        return err_pass(e, &v.e);
    *out = v.want.list;
    *n = v.want.n;
    return true;
}
