/* Opening a request: what no agreement allows is void, on both sides alike. */
#include "cases/request_impl.h"

/* May this be asked at all? What no agreement allows is void, on both sides alike. */
uint8_t request_opening(const struct cases_terms *t, const struct rec *r, const struct op *op,
                        struct outcome *out)
{
    const struct terms_request *q = &t->request[op->choice];

    out->clause = CITE_REQUEST;
    out->clause_n = op->choice;
    if (!q->agreed)
        return CASES_V_NOT_AGREED;
    if (op->party == r->author || t->parties[op->party].arbiter || t->parties[r->author].arbiter)
        return CASES_V_NOT_YOURS;
    if (op->tlp == STIX_TLP_NONE || op->tlp > q->max_tlp)
        return CASES_V_MARKING;
    if (!(q->urgencies >> op->urgency & 1))
        return CASES_V_URGENCY;
    if (t->urgency[op->urgency].facts && !(op->fields >> FIELD_URGENCY_FACTS & 1)) {
        out->clause = CITE_URGENCY;
        out->clause_n = op->urgency;
        return CASES_V_FACTS;
    }
    if (t->two_officers >> CASES_REQUEST & 1 && r->signatures < 2) {
        out->clause = CITE_SIGNING;
        return CASES_V_TWO_OFFICERS;
    }
    return CASES_TAKEN;
}

static void new_request(struct step *x)
{
    const struct op *op = x->op;
    struct request *q = &x->s->request;
    uint8_t *items = q->items; /* a fold from scratch keeps its place */

    *q = (struct request){.type = op->choice,
                          .asked_urgency = op->urgency,
                          .urgency = x->matter->urgency,
                          .confidential = op->flags & OP_CONFIDENTIAL,
                          .proposal = NONE,
                          .queued = x->matter->queue_until > 0,
                          .queue_until = x->matter->queue_until,
                          .acked = CASES_NEVER,
                          .first_status = CASES_NEVER,
                          .last_status = CASES_NEVER,
                          .answered = CASES_NEVER,
                          .refused = CASES_NEVER,
                          .ended = CASES_NEVER,
                          .contested = CASES_NEVER,
                          .rung_at = CASES_NEVER,
                          .accept_at = CASES_NEVER,
                          .consult_until = CASES_NEVER,
                          .expected = op->from,
                          .hold_until = CASES_NEVER,
                          .items_n = op->items_n,
                          .items = items,
                          .ground = CASES_GROUNDS};
    memset(items, 0, q->items_n);
    q->count[CASES_ITEM_PENDING] = q->items_n;
    q->missing = x->s->terms->request[q->type].fields & ~op->fields;
    q->incomplete = q->missing != 0;
}

void request_open(struct step *x)
{
    struct request *q = &x->s->request;
    bool deemed;
    int64_t delivered = delivered_at(x->s->terms, x->r, &deemed);

    new_request(x);
    x->out->verdict = request_opening(x->s->terms, x->r, x->op, x->out);
    if (x->out->verdict == CASES_TAKEN && suspended_at(x->cases, q->type, x->at))
        x->out->verdict = CASES_V_SUSPENDED;
    if (x->out->verdict != CASES_TAKEN) {
        q->state = CASES_VOID;
        x->s->void_ = true;
        clock_start(x, CASES_NEVER, false);
        return;
    }
    q->state = CASES_SENT;
    clock_start(x, delivered == CASES_NEVER ? CASES_NEVER : later(delivered, q->queue_until),
                deemed);
    x->s->clock.wished = x->op->when;
    clock_refresh(x->cases, x->s, q->type);
    if (q->queued)
        note_add(x->notes, NOTE_QUEUED, 0, 0, x->at, q->queue_until);
    if (q->urgency != q->asked_urgency)
        note_add(x->notes, NOTE_DOWNGRADED, q->urgency, 0, x->at, 0);
}
