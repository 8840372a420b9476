/* May this act be sent now? It is judged by the same rows as an act that has come in. */
#include "cases/fold_impl.h"

static bool denied(const struct outcome *o, struct err *e)
{
    char clause[64];

    cite_print(clause, o);
    return err_fail(e, ERR_DENIED, "%s%s%s", cases_verdict_words[o->verdict],
                    clause[0] ? ", by clause " : "", clause);
}

/* What only the sender's own gate asks: mandatory members, and the quota of open requests. */
static bool complete(const struct cases_terms *t, const struct op *op, struct err *e)
{
    uint64_t missing = t->request[op->choice].fields & ~op->fields;

    for (int f = 0; f < FIELDS; f++)
        if (missing >> f & 1)
            return err_fail(e, ERR_DENIED, "\"%s\" is missing, by clause request.%s.fields",
                            field_words[f], cases_type_words[op->choice]);
    return true;
}

static bool room(struct cases *c, const struct cases_terms *t, const struct rec *r,
                 const struct op *op, int64_t now, struct err *e)
{
    const struct terms_request *q = &t->request[op->choice];
    const struct log *log = &c->logs[r->author];
    uint32_t open = 0, today = 0;

    for (uint32_t i = log->openers_n; i-- > 0;) {
        const struct rec *o = rec_at(c, log->openers[i]);
        const struct state *s = matter_of(c, o->matter)->state;
        if (o->op->party != op->party || o->op->choice != op->choice ||
            (o->op->flags ^ op->flags) & OP_EXERCISE || (s && s->void_))
            continue;
        open += !s || request_live(&s->request);
        today +=
            floor_div(o->at == CASES_NEVER ? now : o->at, MS_PER_DAY) == floor_div(now, MS_PER_DAY);
    }
    if (open >= q->open)
        return err_fail(e, ERR_DENIED, "%u requests are open already, by clause request.%s.open",
                        open, cases_type_words[op->choice]);
    if (today >= q->per_day)
        return err_fail(e, ERR_DENIED, "%u requests were sent today, by clause request.%s.per_day",
                        today, cases_type_words[op->choice]);
    return true;
}

static bool check_opener(struct cases *c, const struct rec *r, int64_t now, struct arena *a,
                         struct err *e)
{
    struct matter m = {.opener = r->number, .urgency = r->op->urgency};
    struct state *s = arena_get(a, sizeof *s, e);
    const struct cases_terms *t = terms_at(c, now);
    struct outcome out;

    if (!s)
        return false;
    if (r->kind == CASES_REQUEST) {
        s->kind = MATTER_REQUEST;
        if (!(s->request.items = arena_get(a, r->op->items_n, e)))
            return false;
    }
    matter_step(c, &m, s, r, now, NULL, &out);
    if (out.verdict > CASES_NO_STOP)
        return denied(&out, e);
    if (r->kind != CASES_REQUEST)
        return true;
    return complete(t, r->op, e) && room(c, t, r, r->op, now, e);
}

static bool check_follower(struct cases *c, const struct cases_act *draft, struct rec *r,
                           int64_t now, struct arena *a, struct err *e)
{
    uint32_t n = draft->refs_n ? matter_find(c, &draft->refs[0]) : NONE;
    struct matter *m = n == NONE ? NULL : matter_of(c, n);
    struct outcome out;
    struct state *s;

    if (!m || m->opener == NONE)
        return err_fail(e, ERR_MISSING, "what it answers is not here");
    if (draft->refs_n > 1 && (r->target = rec_find(c, &draft->refs[1])) == NONE)
        return err_fail(e, ERR_MISSING, "what it answers is not here");
    if (!matter_as_of(c, m, now, true, NULL, a, &s, e))
        return false;
    if (!s)
        return err_fail(e, ERR_MISSING, "what it answers has not begun yet");
    matter_step(c, m, s, r, now, NULL, &out);
    return out.verdict <= CASES_NO_STOP || denied(&out, e);
}

bool cases_check(struct cases *c, const struct cases_act *draft, int64_t now, struct err *e)
{
    struct rec r = {.seen = now,
                    .receipt = CASES_NEVER,
                    .at = now,
                    .number = c->recs_n,
                    .target = NONE,
                    .own = NONE,
                    .next = NONE,
                    .author = draft->author,
                    .signatures = draft->signatures,
                    .kind = (uint8_t)kind_of_word(draft->kind)};
    const struct cases_terms *t = terms_at(c, now);
    struct arena *a;
    bool ok = false;

    if (!t || draft->author >= t->parties_n)
        return err_fail(e, ERR_DENIED, "no agreement is in force");
    if (r.kind == CASES_KIND_UNKNOWN)
        return err_fail(e, ERR_INPUT, "there is no such kind of act");
    if (!cases_update(c, e) || !(a = arena_new((size_t)64 << 20)))
        return false;
    r.op = body_parse((enum cases_kind)r.kind, draft->body, t, a, c->scratch, e);
    if (r.op && opens(r.kind))
        ok = check_opener(c, &r, now, a, e);
    else if (r.op)
        ok = (r.kind == CASES_COMMENT && !draft->refs_n) || check_follower(c, draft, &r, now, a, e);
    arena_free(a);
    return ok;
}
