/* The numbered items of a request, and where it stands when they change. */
#include "cases/request_impl.h"

/* When the other side has the act that x is about: never before the act counts. */
int64_t heard_at(const struct step *x)
{
    return later(x->at, delivered_at(x->s->terms, x->r, NULL));
}

uint8_t item_status_of(const struct request *q, unsigned i)
{
    return q->items[i] & ITEM_STATUS;
}

bool item_settable(const struct request *q, unsigned i)
{
    return item_status_of(q, i) <= CASES_ITEM_LATER || q->items[i] & ITEM_CONTESTED;
}

void item_set(struct request *q, unsigned i, uint8_t status, bool late)
{
    q->count[item_status_of(q, i)]--;
    q->count[status]++;
    if (late && !(q->items[i] & ITEM_LATE))
        q->late_items++;
    q->items[i] = (uint8_t)(status | (q->items[i] & ITEM_ASKED) |
                            (late || q->items[i] & ITEM_LATE ? ITEM_LATE : 0));
}

unsigned unsettled(const struct request *q)
{
    unsigned n = q->count[CASES_ITEM_PENDING] + q->count[CASES_ITEM_LATER];

    for (unsigned i = 0; q->reopened && i < q->items_n; i++)
        n += item_status_of(q, i) > CASES_ITEM_LATER && q->items[i] & ITEM_CONTESTED;
    return n;
}

/* Items named by an act exist, can be set, and no item is named twice. */
uint8_t items_check(const struct step *x)
{
    const struct request *q = &x->s->request;
    uint8_t seen[LIMIT_CASE_ITEMS / 8] = {0};

    for (unsigned k = 0; k < x->op->items_n; k++) {
        unsigned i = x->op->items[k].number - 1u;
        if (i >= q->items_n || seen[i / 8] >> i % 8 & 1)
            return CASES_V_ITEM;
        if (!item_settable(q, i))
            return CASES_V_ITEM_FINAL;
        seen[i / 8] |= (uint8_t)(1u << i % 8);
    }
    return CASES_TAKEN;
}

/* The clarification is over, answered or not needed any more: the clock runs on. */
void clarify_end(struct step *x)
{
    struct clock *k = &x->s->clock;

    if (k->clarify_from == CASES_NEVER)
        return;
    if (k->suspend_from == CASES_NEVER) {
        int64_t ms = stop_length(x->cases, x->s, k->clarify_from, x->at);
        k->clarified_ms += ms;
        note_add(x->notes, NOTE_CLARIFY_RUN, 0, (uint32_t)x->r->index, x->at, ms);
    }
    k->clarify_from = k->clarify_until = CASES_NEVER;
    clock_refresh(x->cases, x->s, x->s->request.type);
}

/* After items have changed: where the request stands, and what the clock says of it. */
void items_done(struct step *x, uint8_t timing)
{
    struct request *q = &x->s->request;

    if (unsettled(q)) {
        if (q->state != CASES_CONTESTED && q->state != CASES_ESCALATED)
            q->state = q->count[CASES_ITEM_REFUSED] ? CASES_PART_REFUSED : CASES_PARTLY;
        return;
    }
    if (!q->final_timing)
        q->final_timing = timing;
    q->state = q->count[CASES_ITEM_REFUSED] == q->items_n ? CASES_REFUSED : CASES_ANSWERED;
    if (q->state == CASES_REFUSED) {
        q->refused = x->at;
        return;
    }
    q->answered = q->answered == CASES_NEVER ? x->at : q->answered;
    q->accept_at = term_end(x->s, x->s->from, heard_at(x), x->s->terms->silence_accepts, 0);
    if (x->s->terms->urgency[q->urgency].hold.unit)
        q->hold_until = term_end(x->s, x->s->to, x->at, x->s->terms->urgency[q->urgency].hold, 0);
}

/* Where an open request stands when nothing special holds it. */
uint8_t open_state(const struct request *q)
{
    if (q->count[CASES_ITEM_REFUSED])
        return CASES_PART_REFUSED;
    return q->count[CASES_ITEM_PENDING] < q->items_n ? CASES_PARTLY : CASES_OPEN;
}
