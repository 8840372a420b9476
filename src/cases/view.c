/* What came of the acts, as plain data. */
#include "cases/request_impl.h"

#include <stdio.h>

void cite_print(char out[64], const struct outcome *o)
{
    static const char *const fixed[] = {
        [CITE_CLAIM] = "claim",
        [CITE_CLAIM_CLOCK] = "clock.claim.extend",
        [CITE_REMEDY] = "remedy",
        [CITE_SIGNING] = "signing.two_officers",
        [CITE_STOPS] = "clock.stops",
        [CITE_CLARIFY] = "clock.stops.clarify",
        [CITE_LAPSE] = "clock.lapse_after_terms",
        [CITE_LOG] = "log",
    };
    unsigned n = o->clause_n;

    out[0] = 0;
    if (o->clause == CITE_REQUEST)
        snprintf(out, 64, "request.%s", cases_type_words[n % CASES_TYPES]);
    else if (o->clause == CITE_URGENCY)
        snprintf(out, 64, "clock.urgency.%s", cases_urgency_words[n % CASES_URGENCIES]);
    else if (o->clause == CITE_GROUND)
        snprintf(out, 64, "ground.%s", cases_ground_words[n % CASES_GROUNDS]);
    else if (o->clause == CITE_LADDER)
        snprintf(out, 64, "ladder.%u", n);
    else if (o->clause < sizeof fixed / sizeof *fixed && fixed[o->clause])
        snprintf(out, 64, "%s", fixed[o->clause]);
}

static void view_request(const struct state *s, struct cases_view *v)
{
    const struct request *q = &s->request;

    v->acked_at = q->acked;
    v->ended_at = q->ended;
    v->ack_timing = q->ack_timing;
    v->status_timing = q->status_timing;
    v->final_timing = q->final_timing;
    v->request.type = q->type;
    v->request.urgency = q->urgency;
    v->request.asked_urgency = q->asked_urgency;
    v->request.state = q->state;
    v->request.ground = q->ground;
    v->request.incomplete = q->incomplete;
    v->request.confidential = q->confidential;
    v->request.contested = q->contests > 0;
    v->request.items_n = q->items_n;
    v->request.items_late = q->late_items;
    for (int i = 0; i < CASES_ITEMS; i++)
        v->request.items[i] = q->count[i];
    for (unsigned i = 0; i < q->items_n; i++)
        v->request.item[i] = q->items[i] & ITEM_STATUS;
    for (unsigned i = 0; i < q->items_n; i++)
        v->request.open[i] = item_settable(q, i);
    v->request.queued_until = q->queued ? q->queue_until : 0;
    v->request.first_status_at = q->first_status;
    v->request.answered_at = q->answered;
    v->request.refused_at = q->refused;
    v->request.hold_until = q->hold_until;
    v->request.accept_at = q->accept_at;
}

/* The obligations of a settlement are requests that name the claim; one that ended any other way
 * than answered, or is overdue, is broken. */
static bool view_obligations(struct cases *c, const struct matter *m, int64_t now, struct arena *a,
                             struct cases_view *v, struct err *e)
{
    for (uint32_t i = 0; i < c->linked_n; i++) {
        const struct matter *child = matter_of(c, c->linked[i]);
        struct state *s;
        if (!hash_equal(&rec_at(c, child->opener)->op->link, &m->id))
            continue;
        if (!matter_as_of(c, child, now, false, NULL, a, &s, e))
            return false;
        if (!s || s->void_)
            continue;
        if (is_overdue(s, now) || s->request.state == CASES_REFUSED ||
            s->request.state == CASES_LAPSED)
            v->claim.obligations_broken++;
        else if (request_live(&s->request))
            v->claim.obligations_open++;
    }
    /* "Breach of an obligation reopens" (cases.md 3.4). */
    if (v->claim.state == CASES_SETTLED && v->claim.obligations_broken) {
        v->claim.state = CASES_FOUND;
        v->claim.reopened = true;
        v->ended_at = CASES_NEVER;
    }
    return true;
}

static void view_claim(const struct state *s, struct cases_view *v)
{
    const struct claim *l = &s->claim;

    v->acked_at = l->acked;
    v->ended_at = l->ended;
    v->ack_timing = l->ack_timing;
    v->final_timing = l->reply_timing;
    v->claim.predicate = l->predicate;
    v->claim.state = l->state;
    v->claim.reply = l->reply;
    v->claim.likelihood = l->likelihood;
    v->claim.confidence = l->confidence;
    v->claim.unanswered = v->overdue;
    v->claim.hypotheses = l->hypotheses;
    v->claim.evidence = l->evidence;
    v->claim.held = l->held;
    v->claim.withheld = l->withheld;
    v->claim.revisions = l->revisions;
    v->claim.rebuts = l->rebuts;
    v->claim.obligations = l->obligations;
    v->claim.replied_at = l->replied;
    v->claim.found_at = l->found;
    v->claim.publish_from = l->publish_from;
}

static void view_rest(const struct state *s, struct cases_view *v)
{
    if (s->kind == MATTER_PING) {
        v->final_timing = s->ping.timing;
        v->ping.role = s->ping.role;
        v->ping.answered = s->ping.answered;
        v->ping.answered_at = s->ping.at;
    } else if (s->kind == MATTER_REMEDY) {
        v->remedy.clauses = s->remedy.clauses;
        v->remedy.suspended = s->remedy.lifted == CASES_NEVER ? s->remedy.suspended : 0;
        v->remedy.cure_until = s->remedy.cure_until;
        v->remedy.suspended_from = s->remedy.suspended_from;
        v->remedy.lifted_at = s->remedy.lifted;
        v->remedy.terminated = s->remedy.terminated;
    }
}

/* Overdue is rung 1 by itself (cases.md 3.3). */
static void view_rung(const struct state *s, struct cases_view *v)
{
    if (s->kind == MATTER_REQUEST) {
        v->rung = s->request.rung;
        v->rung_since = s->request.rung_at;
    } else if (s->kind == MATTER_CLAIM) {
        v->rung = s->claim.rung;
        v->rung_since = s->claim.rung_at;
    }
    if (!v->rung && v->overdue && s->kind != MATTER_PING && s->terms->rungs_n &&
        s->terms->rungs[0].after & AFTER_OVERDUE) {
        v->rung = 1;
        v->rung_since = s->clock.final_due;
    }
}

void state_view(const struct state *s, int64_t now, struct cases_view *v)
{
    const struct clock *k = &s->clock;

    v->kind = (enum cases_matter)s->kind;
    v->from = s->from;
    v->to = s->to;
    v->exercise = s->exercise;
    if (s->kind == MATTER_LOOSE)
        return;
    v->delivered_at = k->started <= now ? k->started : CASES_NEVER;
    v->deemed = k->deemed && v->delivered_at != CASES_NEVER;
    v->ack_due = k->ack_due;
    v->status_due = k->status_due;
    v->final_due = k->final_due;
    v->lapse_at = k->lapse_at;
    v->stopped_since = k->suspend_from != CASES_NEVER ? k->suspend_from : k->clarify_from;
    v->overdue = is_overdue(s, now);
    view_rung(s, v);
    if (s->kind == MATTER_REQUEST)
        view_request(s, v);
    else if (s->kind == MATTER_CLAIM)
        view_claim(s, v);
    else
        view_rest(s, v);
}

bool find_matter(struct cases *c, const struct hash *id, struct matter **out, struct err *e)
{
    uint32_t n = matter_find(c, id);

    if (n == NONE || matter_of(c, n)->opener == NONE)
        return err_fail(e, ERR_MISSING, "no act of that id has opened a case");
    if (!cases_update(c, e))
        return false;
    *out = matter_of(c, n);
    return true;
}

bool cases_view(struct cases *c, const struct hash *id, int64_t now, struct arena *a,
                struct cases_view *out, struct err *e)
{
    struct cases_view v = {.id = *id,
                           .from = NOBODY,
                           .to = NOBODY,
                           .delivered_at = CASES_NEVER,
                           .ack_due = CASES_NEVER,
                           .status_due = CASES_NEVER,
                           .final_due = CASES_NEVER,
                           .lapse_at = CASES_NEVER,
                           .stopped_since = CASES_NEVER,
                           .rung_since = CASES_NEVER,
                           .acked_at = CASES_NEVER,
                           .ended_at = CASES_NEVER};
    struct matter *m;
    struct state *s;
    const struct rec *o;

    if (!find_matter(c, id, &m, e) || !matter_as_of(c, m, now, true, NULL, a, &s, e))
        return false;
    o = rec_at(c, m->opener);
    v.sent_at = o->at != CASES_NEVER ? o->at : o->claimed;
    v.pending = o->at == CASES_NEVER;
    v.verdict = s ? s->opening : o->fault;
    v.from = o->author;
    v.acts = m->acts;
    v.acts_pending = m->acts - m->settled;
    if (s)
        state_view(s, now, &v);
    if (s && s->kind == MATTER_CLAIM && o->op->linked) {
        v.claim.counter = true;
        v.claim.counter_to = o->op->link;
    }
    if (s && s->kind == MATTER_CLAIM && !view_obligations(c, m, now, a, &v, e))
        return false;
    *out = v;
    return true;
}

bool rec_contradicted(const struct cases *c, const struct rec *r)
{
    const struct cases_terms *t = terms_at(c, r->seen == CASES_NEVER ? r->claimed : r->seen);
    int64_t slack = t ? t->tolerance_ms : 0;

    return r->claimed < r->after - slack ||
           (r->seen != CASES_NEVER && r->claimed > r->seen + slack);
}

static struct cases_act_view view_act(const struct cases *c, const struct rec *r)
{
    struct cases_act_view v = {.id = r->id,
                               .index = r->index,
                               .locator = r->locator,
                               .author = r->author,
                               .kind = r->kind,
                               .verdict = r->out.verdict,
                               .timing = r->out.timing,
                               .settled = r->at != CASES_NEVER,
                               .contradicted = rec_contradicted(c, r),
                               .waits = r->wants != NULL,
                               .claimed = r->claimed,
                               .after = r->after,
                               .seen = r->seen,
                               .at = r->at};

    if (!v.settled && r->fault)
        v.verdict = r->fault;
    cite_print(v.clause, &r->out);
    return v;
}

bool cases_acts(struct cases *c, const struct hash *id, struct arena *a,
                struct cases_act_view **out, size_t *n, struct err *e)
{
    struct cases_act_view *v;
    struct matter *m;
    struct rec **list;
    uint32_t count;

    if (!find_matter(c, id, &m, e) || !matter_acts(c, m, a, &list, &count, e) ||
        !(v = arena_get_array(a, count, sizeof *v, e)))
        return false;
    for (uint32_t i = 0; i < count; i++)
        v[i] = view_act(c, list[i]);
    *out = v;
    *n = count;
    return true;
}

int64_t cases_newest(struct cases *c)
{
    int64_t newest = 0;

    if (!cases_update(c, NULL))
        return 0;
    for (uint32_t i = 0; i < c->recs_n; i++) {
        int64_t at = rec_at(c, i)->at;
        newest = at != CASES_NEVER && at > newest ? at : newest;
    }
    return newest;
}

size_t cases_count(const struct cases *c)
{
    return c->matters_n;
}

struct hash cases_id(const struct cases *c, size_t i)
{
    return matter_of(c, (uint32_t)i)->id;
}

bool cases_opening(const struct cases *c, size_t i, struct cases_opening *out)
{
    static const uint8_t kinds[CASES_KINDS] = {[CASES_REQUEST] = CASES_IS_REQUEST,
                                               [CASES_CLAIM] = CASES_IS_CLAIM,
                                               [CASES_PING] = CASES_IS_PING,
                                               [CASES_REMEDY_NOTICE] = CASES_IS_REMEDY};
    const struct matter *m = matter_of(c, (uint32_t)i);
    const struct rec *o = m->opener == NONE ? NULL : rec_at(c, m->opener);

    if (!o)
        return false;
    *out = (struct cases_opening){.id = m->id,
                                  .kind = (enum cases_matter)(o->op ? kinds[o->kind] : 0),
                                  .at = o->seen == CASES_NEVER ? o->claimed : o->seen,
                                  .pending = o->seen == CASES_NEVER,
                                  .from = o->author,
                                  .to = o->op ? o->op->party : NOBODY};
    return true;
}

bool cases_matter_of(const struct cases *c, const struct hash *act, struct hash *matter,
                     struct err *e)
{
    uint32_t n = rec_find(c, act);

    if (n == NONE)
        return err_fail(e, ERR_MISSING, "there is no such act here");
    *matter = matter_of(c, rec_at(c, n)->matter)->id;
    return true;
}

bool cases_suspended(struct cases *c, struct bytes clause, int64_t at_ms)
{
    int k = clause_of_word(clause);

    return k >= 0 && cases_update(c, NULL) && suspended_at(c, (unsigned)k, at_ms);
}
