/* What the review's text and page have in common: titles, labels, values. */
#include "base/catalogue.h"
#include "cases/review_impl.h"

static const char *const role_words[] = {"all", "technical", "legal", "diplomatic"};

const struct cases_terms *review_terms(const struct cases_review *v)
{
    return terms_last(v->c);
}

bool row_is_total(const struct row_key *k)
{
    return (k->section == SECTION_TIMELINESS && k->a == CASES_TYPES) ||
           (k->section == SECTION_REFUSALS && k->a == CASES_GROUNDS);
}

bool row_is_zero(const struct row *r)
{
    for (unsigned i = 0; i < METRICS; i++)
        if (r->count[i])
            return false;
    return true;
}

bool row_has(const struct row_key *k, unsigned metric)
{
    return k->section != SECTION_CHANNEL || (k->a != 0) == (metric < H_OF_PARTY);
}

/* The words that head a row behind its parties; NULL where there is none. */
void row_words(const struct row_key *k, const char *out[2])
{
    out[0] = out[1] = NULL;
    if (row_is_total(k)) {
        out[0] = "all";
        out[1] = k->section == SECTION_TIMELINESS ? "all" : NULL;
    } else if (k->section == SECTION_TIMELINESS) {
        out[0] = cases_type_words[k->a];
        out[1] = cases_urgency_words[k->b];
    } else if (k->section == SECTION_REFUSALS) {
        out[0] = cases_ground_words[k->a];
    } else if (k->section == SECTION_RATINGS) {
        out[0] = rating_words[k->a];
    } else if (k->section == SECTION_CHANNEL) {
        out[0] = role_words[k->a];
    }
}

static const char *kept(struct buf *b, char *text)
{
    if (!text)
        b->e.code = ERR_NOMEM;
    return text ? text : "?";
}

const char *row_title(struct buf *b, const struct catalogue *k, const struct cases_review *v,
                      const struct row *r)
{
    const char *from = said_party(b, k, review_terms(v), r->key.from),
               *to = said_party(b, k, review_terms(v), r->key.to), *w[2];
    struct arena *a = b->arena;

    row_words(&r->key, w);
    switch (r->key.section) {
    case SECTION_TIMELINESS:
        if (row_is_total(&r->key))
            return kept(
                b, arena_format(a, &b->e, catalogue_text(k, "All requests of %s to %s"), from, to));
        return kept(b,
                    arena_format(a, &b->e, catalogue_text(k, "Requests of %s to %s: %s, %s"), from,
                                 to, cases_said(k, "type", w[0]), cases_said(k, "urgency", w[1])));
    case SECTION_QUALITY:
        return kept(b, arena_format(a, &b->e, catalogue_text(k, "Answers to requests of %s, by %s"),
                                    from, to));
    case SECTION_RATINGS:
        return kept(b,
                    arena_format(a, &b->e, catalogue_text(k, "Ratings of answers to %s, by %s: %s"),
                                 from, to, cases_said(k, "rating", w[0])));
    case SECTION_REFUSALS:
        if (row_is_total(&r->key))
            return kept(b, arena_format(a, &b->e,
                                        catalogue_text(k, "Refusals of requests of %s, by %s"),
                                        from, to));
        return kept(b, arena_format(
                           a, &b->e,
                           catalogue_text(k, "Refusals of requests of %s, by %s, on the ground %s"),
                           from, to, cases_said(k, "ground", w[0])));
    case SECTION_CLAIMS:
        return kept(b,
                    arena_format(a, &b->e, catalogue_text(k, "Claims of %s against %s"), from, to));
    case SECTION_CHANNEL:
        if (r->key.a == 0)
            return kept(b, arena_format(a, &b->e, catalogue_text(k, "Acts of %s"), from));
        return kept(b, arena_format(a, &b->e, catalogue_text(k, "Contact point of %s: %s"), from,
                                    cases_said(k, "role", w[0])));
    default:
        return from;
    }
}

/* ---- values ---- */

/* The q-th percentile by the nearest rank: a value that occurred. */
int64_t percentile(const struct spans *s, unsigned q)
{
    uint64_t rank = ((uint64_t)s->n * q + 99) / 100;
    return s->list[rank ? rank - 1 : 0];
}

/* What a count is a part of; 0: of nothing. */
static uint64_t whole_of(const struct cases_review *v, const struct row *r, unsigned i)
{
    const struct metric *m = &section_forms[r->key.section].metrics[i];

    if (m->of != i)
        return r->count[m->of];
    if (r->key.section != SECTION_REFUSALS || row_is_total(&r->key))
        return 0;
    for (uint32_t k = 0; k < v->rows_n; k++) {
        struct row_key same = v->rows[k]->key;
        if (same.a != CASES_GROUNDS)
            continue;
        same.a = r->key.a;
        if (row_same(&same, &r->key))
            return v->rows[k]->count[i];
    }
    return 0;
}

/* "91.7 %", rounded half up, in whole numbers only. */
static const char *count_text(struct buf *b, uint64_t part, uint64_t whole)
{
    uint64_t tenths;

    if (!whole)
        return kept(b, arena_format(b->arena, &b->e, "%llu", (unsigned long long)part));
    tenths = (part * 2000 + whole) / (whole * 2);
    return kept(b,
                arena_format(b->arena, &b->e, "%llu (%llu.%llu %%)", (unsigned long long)part,
                             (unsigned long long)(tenths / 10), (unsigned long long)(tenths % 10)));
}

const char *cell_value(struct buf *b, const struct catalogue *k, const struct cases_review *v,
                       const struct row *r, unsigned i)
{
    const struct metric *m = &section_forms[r->key.section].metrics[i];
    const struct spans *s = &r->spans[i];

    if (m->kind == METRIC_COUNT)
        return count_text(b, r->count[i], whole_of(v, r, i));
    if (m->kind != METRIC_SPANS)
        return r->count[i] ? said_span(b, k, (int64_t)r->count[i]) : "-";
    if (!s->n)
        return "-";
    return kept(b, arena_format(b->arena, &b->e, catalogue_text(k, "median %s, 90 %% within %s"),
                                said_span(b, k, percentile(s, 50)),
                                said_span(b, k, percentile(s, 90))));
}

/* ---- giving and taking ---- */

const char *counter_says(const char *name)
{
    static const struct {
        const char *name, *says;
    } rows[] = {
        {"objects_shared", N_("objects shared")},
        {"indicators_shared", N_("indicators shared")},
        {"indicators_new", N_("indicators that nobody had shared before")},
        {"sightings_returned", N_("sightings of the others' indicators")},
        {"reports_shared", N_("reports shared")},
        {"samples_shared", N_("malware objects shared")},
        {"revoked", N_("objects revoked")},
        {"matches_run", N_("private comparisons begun")},
        {"matches_found", N_("items in common found")},
        {"exhibits_given", N_("files given as evidence")},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].name, name))
            return rows[i].says;
    return name;
}

const struct row *balance_row(const struct cases_review *v, uint32_t party, bool drill)
{
    for (uint32_t i = 0; i < v->rows_n; i++) {
        const struct row_key *k = &v->rows[i]->key;
        if (k->section == SECTION_BALANCE && k->from == party && k->drill == drill)
            return v->rows[i];
    }
    return NULL;
}

bool below_floor(const struct cases_review *v, const struct row *r)
{
    uint64_t asked = r->count[B_WAS_ASKED], kept_n = r->count[B_GAVE_KEPT];

    return r->key.section == SECTION_BALANCE && !r->key.drill && asked &&
           kept_n * 100 < asked * review_terms(v)->consult_below_percent;
}

/* It brings consultation, and denies nothing (clause reciprocity). */
void put_consultation(struct buf *b, const struct catalogue *k, const struct cases_review *v,
                      const struct row *r)
{
    buf_say(b, k,
            "Consultation: %s answered %llu of %llu in time, below the floor of %u %% (clause "
            "reciprocity)",
            said_party(b, k, review_terms(v), r->key.from),
            (unsigned long long)r->count[B_GAVE_KEPT], (unsigned long long)r->count[B_WAS_ASKED],
            review_terms(v)->consult_below_percent);
}

struct columns columns_of(const struct cases_review *v, bool drill)
{
    const struct cases_terms *t = review_terms(v);
    struct columns c = {.width = 12};

    for (uint32_t i = 0; i < t->parties_n && c.n < LIMIT_PARTIES; i++) {
        size_t wide = cases_party_slug(t, i).n + 2;
        if (t->parties[i].arbiter || (drill && !balance_row(v, i, true)))
            continue;
        c.party[c.n++] = (uint16_t)i;
        c.width = wide > c.width ? wide : c.width;
    }
    return c;
}

bool counter_is_first(const struct cases_review *v, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (!strcmp(v->others[k].name, v->others[i].name))
            return false;
    return true;
}

/* ---- names ---- */

void cell_name(struct buf *b, const struct cases_review *v, const struct row_key *k,
               const char *metric)
{
    const struct section_form *f = &section_forms[k->section];
    const char *w[2];

    row_words(k, w);
    buf_format(b, "%s%s/", k->drill ? "drill/" : "", f->name);
    buf_put(b, cases_party_slug(review_terms(v), k->from));
    if (f->keys == 2) {
        buf_puts(b, "/");
        buf_put(b, cases_party_slug(review_terms(v), k->to));
    }
    for (int i = 0; i < 2 && w[i]; i++)
        buf_format(b, "/%s", w[i]);
    buf_format(b, "/%s", metric);
}

void cases_review_comments(struct cases_review *v, const struct cases_comment *list, size_t n)
{
    v->comments = list;
    v->comments_n = n;
}

bool review_hash(const struct cases_review *v, struct arena *a, struct hash *out, struct err *e)
{
    struct bytes json;

    if (!cases_review_json(v, a, &json, e))
        return false;
    sha256(json, out);
    return true;
}
