/* The review as text and JSON, and the reasons of a cell. */
#include "cases/review_impl.h"

static const char *const role_words[] = {"all", "technical", "legal", "diplomatic"};

/* The words that head a row behind its parties; NULL where there is none. */
void row_words(const struct row_key *k, const char *out[2])
{
    out[0] = out[1] = NULL;
    if (k->section == SECTION_TIMELINESS) {
        out[0] = cases_type_words[k->a];
        out[1] = cases_urgency_words[k->b];
    } else if (k->section == SECTION_REFUSALS) {
        out[0] = cases_ground_words[k->a];
    } else if (k->section == SECTION_CHANNEL) {
        out[0] = role_words[k->a];
    }
}

static const struct cases_terms *latest(const struct cases_review *v)
{
    return terms_last(v->c);
}

/* The q-th percentile by the nearest rank: a value that occurred. */
static int64_t percentile(const struct spans *s, unsigned q)
{
    uint64_t rank = ((uint64_t)s->n * q + 99) / 100;
    return s->list[rank ? rank - 1 : 0];
}

/* "91.7 %", rounded half up, in whole numbers only. */
static void put_percent(struct buf *b, uint64_t part, uint64_t whole)
{
    uint64_t tenths = (part * 2000 + whole) / (whole * 2);
    buf_format(b, " (%llu.%llu %%)", (unsigned long long)(tenths / 10),
               (unsigned long long)(tenths % 10));
}

static void put_cell(struct buf *b, const struct row *r, unsigned i)
{
    const struct metric *m = &section_forms[r->key.section].metrics[i];

    buf_format(b, "  %-28s", m->name);
    if (m->kind == METRIC_SPANS) {
        if (!r->spans[i].n) {
            buf_puts(b, "-\n");
            return;
        }
        buf_puts(b, "median ");
        put_span(b, percentile(&r->spans[i], 50));
        buf_puts(b, ", 90 % within ");
        put_span(b, percentile(&r->spans[i], 90));
    } else if (m->kind == METRIC_COUNT) {
        buf_format(b, "%llu", (unsigned long long)r->count[i]);
        if (m->of != i && r->count[m->of])
            put_percent(b, r->count[i], r->count[m->of]);
    } else {
        put_span(b, (int64_t)r->count[i]);
    }
    buf_puts(b, "\n");
}

static void put_row(struct buf *b, const struct cases_review *v, const struct row *r)
{
    const struct section_form *f = &section_forms[r->key.section];
    const char *words[2];

    row_words(&r->key, words);
    buf_format(b, "\n%s%s ", r->key.drill ? "drill " : "", f->name);
    put_party(b, latest(v), r->key.from);
    if (f->keys == 2) {
        buf_puts(b, " to ");
        put_party(b, latest(v), r->key.to);
    }
    for (int i = 0; i < 2 && words[i]; i++)
        buf_format(b, ", %s", words[i]);
    buf_puts(b, "\n");
    for (unsigned i = 0; i < f->n; i++)
        put_cell(b, r, i);
}

/* The floor that brings consultation, and denies nothing (clause reciprocity). */
static void put_floor(struct buf *b, const struct cases_review *v)
{
    uint8_t floor = latest(v)->consult_below_percent;

    for (uint32_t i = 0; floor && i < v->rows_n; i++) {
        const struct row *r = v->rows[i];
        uint64_t asked, kept;
        if (r->key.section != SECTION_BALANCE || r->key.drill)
            continue;
        asked = r->count[B_WAS_ASKED];
        kept = r->count[B_GAVE_KEPT];
        if (!asked || kept * 100 >= asked * floor)
            continue;
        buf_puts(b, "\nconsultation: ");
        put_party(b, latest(v), r->key.from);
        buf_format(
            b, " answered %llu of %llu in time, below the floor of %u %% (clause reciprocity)\n",
            (unsigned long long)kept, (unsigned long long)asked, floor);
    }
}

static void put_others(struct buf *b, const struct cases_review *v)
{
    for (size_t i = 0; i < v->others_n; i++) {
        buf_puts(b, i ? "" : "\nalso given\n");
        buf_puts(b, "  ");
        put_party(b, latest(v), v->others[i].party);
        buf_format(b, " %s %llu\n", v->others[i].name, (unsigned long long)v->others[i].n);
    }
}

bool cases_review_text(const struct cases_review *v, struct arena *a, struct bytes *out,
                       struct err *e)
{
    struct buf b = buf_in(a);
    struct hash h;

    buf_puts(&b, "review from ");
    put_instant(&b, v->from);
    buf_puts(&b, " until ");
    put_instant(&b, v->until);
    buf_puts(&b, "\nagreement ");
    buf_hex(&b, latest(v)->id.b, 32);
    buf_puts(&b, "\n");
    if (!v->rows_n)
        buf_puts(&b,
                 "\nnothing was opened and nothing was done in this period: all numbers are 0\n");
    for (uint32_t i = 0; i < v->rows_n; i++)
        put_row(&b, v, v->rows[i]);
    put_floor(&b, v);
    put_others(&b, v);
    sha256(buf_view(&b), &h);
    buf_puts(&b, "\nhash of the above ");
    buf_hex(&b, h.b, 32);
    buf_puts(&b, "\n");
    return buf_end(&b, out, e);
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
                                                   [SECTION_REFUSALS] = {"ground", NULL},
                                                   [SECTION_CHANNEL] = {"role", NULL}};
    const struct section_form *f = &section_forms[r->key.section];
    struct json *o = json_new_object(m);
    const char *words[2];

    row_words(&r->key, words);
    json_set_text(m, o, "section", f->name);
    json_set_bool(m, o, "drill", r->key.drill);
    json_set_string(m, o, f->keys == 2 ? "from" : "party",
                    cases_party_slug(latest(v), r->key.from));
    if (f->keys == 2)
        json_set_string(m, o, "to", cases_party_slug(latest(v), r->key.to));
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

bool cases_review_json(const struct cases_review *v, struct arena *a, struct bytes *out,
                       struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m), *rows, *others;
    struct buf hex = buf_in(a);

    buf_hex(&hex, latest(v)->id.b, 32);
    json_instant(&m, o, "from", v->from);
    json_instant(&m, o, "until", v->until);
    json_set_string(&m, o, "agreement", buf_view(&hex));
    rows = json_set_array(&m, o, "rows");
    for (uint32_t i = 0; i < v->rows_n; i++)
        json_row(&m, rows, v, v->rows[i]);
    others = json_set_array(&m, o, "others");
    for (size_t i = 0; i < v->others_n; i++) {
        struct json *x = json_new_object(&m);
        json_set_string(&m, x, "party", cases_party_slug(latest(v), v->others[i].party));
        json_set_text(&m, x, "name", v->others[i].name);
        json_set_integer(&m, x, "n", (int64_t)(v->others[i].n & ((UINT64_C(1) << 53) - 1)));
        json_add(&m, others, x);
    }
    return json_made(&m, o, out, e);
}

/* ---- reasons --------------------------------------------------------------------------------- */

static void put_name(struct buf *b, const struct cases_review *v, const struct row_key *k,
                     const char *metric)
{
    const struct section_form *f = &section_forms[k->section];
    const char *words[2];

    row_words(k, words);
    buf_format(b, "%s%s/", k->drill ? "drill/" : "", f->name);
    put_party(b, latest(v), k->from);
    if (f->keys == 2) {
        buf_puts(b, "/");
        put_party(b, latest(v), k->to);
    }
    for (int i = 0; i < 2 && words[i]; i++)
        buf_format(b, "/%s", words[i]);
    buf_format(b, "/%s", metric);
}

static bool find_cell(struct cases_review *v, struct bytes cell, struct arena *a)
{
    for (uint32_t i = 0; i < v->rows_n; i++) {
        const struct section_form *f = &section_forms[v->rows[i]->key.section];
        for (unsigned k = 0; k < f->n; k++) {
            struct buf b = buf_in(a);
            struct arena_mark mark = arena_mark(a);
            bool same;
            put_name(&b, v, &v->rows[i]->key, f->metrics[k].name);
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

bool cases_review_explain(const struct cases_review *r, struct bytes cell, struct arena *a,
                          struct cases_reason **out, size_t *n, struct err *e)
{
    struct cases_review v = *r;

    v.arena = a;
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
