/* Requests: the table of cases.md 3.3, row by row. */
#include "cases/request_impl.h"

#define IN(state) (1u << CASES_##state)
#define OPEN_STATES (IN(DELIVERED) | IN(OPEN) | IN(PARTLY) | IN(PART_REFUSED))
#define ENDED_STATES (IN(CLOSED) | IN(WITHDRAWN) | IN(LAPSED) | IN(VOID))

enum { BY_REQUESTER = 1, BY_RESPONDER = 2, BY_ARBITER = 4 };

static uint8_t do_ack(struct step *x)
{
    struct request *q = &x->s->request;

    if (q->state != CASES_DELIVERED)
        return CASES_V_TWICE;
    q->state = CASES_OPEN;
    return CASES_TAKEN;
}

static uint8_t do_status(struct step *x)
{
    struct request *q = &x->s->request;

    if (q->first_status == CASES_NEVER) {
        q->first_status = x->at;
        q->status_timing = x->out->timing = timing_of(x->s, x->r, x->s->clock.status_due);
    }
    q->last_status = x->at;
    return CASES_TAKEN;
}

/* Does the clarification name something that can be missing, and that was not asked before? */
static bool clarify_stops(struct step *x)
{
    struct request *q = &x->s->request;
    uint64_t fields = x->op->fields & q->missing & ~q->asked_fields;
    bool stops = fields != 0;

    q->asked_fields |= fields;
    for (unsigned k = 0; k < x->op->items_n; k++) {
        unsigned i = x->op->items[k].number - 1u;
        if (i < q->items_n && !(q->items[i] & ITEM_ASKED) && item_settable(q, i)) {
            q->items[i] |= ITEM_ASKED;
            stops = true;
        }
    }
    return stops && x->s->terms->stop_clarify;
}

static uint8_t do_clarify(struct step *x)
{
    struct request *q = &x->s->request;
    struct clock *k = &x->s->clock;

    cite(x, 0, CITE_CLARIFY, 0);
    for (unsigned i = 0; i < x->op->items_n; i++)
        if (x->op->items[i].number > q->items_n)
            return CASES_V_ITEM;
    q->consulted = true;
    if (!clarify_stops(x)) {
        note_add(x->notes, NOTE_NO_STOP, 0, (uint32_t)x->r->index, x->at, 0);
        return CASES_NO_STOP;
    }
    q->state = CASES_WAITING;
    k->clarify_from = x->at;
    k->clarify_until = term_end(x->s, x->s->from, heard_at(x), x->s->terms->clarify_reply, 0);
    note_add(x->notes, NOTE_CLARIFY_STOP, 0, (uint32_t)x->r->index, x->at, k->clarify_until);
    return CASES_TAKEN;
}

static uint8_t do_clarified(struct step *x)
{
    struct request *q = &x->s->request;

    q->missing &= ~x->op->fields;
    q->incomplete = q->missing != 0;
    clarify_end(x);
    q->state = open_state(q);
    return CASES_TAKEN;
}

/* Where data is held, an extension holds it longer; either side may ask for that, in time. */
static uint8_t extend_hold(struct step *x)
{
    struct request *q = &x->s->request;
    uint8_t v = extend_check(x, CITE_URGENCY, q->urgency, q->hold_until);

    if (v != CASES_TAKEN)
        return v;
    q->hold_until = term_end(x->s, x->s->to, q->hold_until, x->op->term, 0);
    x->s->clock.extensions++;
    return CASES_TAKEN;
}

static uint8_t do_extend(struct step *x)
{
    struct request *q = &x->s->request;
    uint8_t v;

    if (q->hold_until != CASES_NEVER)
        return extend_hold(x);
    if (x->r->author != x->s->to)
        return CASES_V_NOT_YOURS;
    if (!((OPEN_STATES | IN(WAITING)) >> q->state & 1) || state_terms(x->s)->hold.unit)
        return CASES_V_STATE;
    v = extend_check(x, CITE_URGENCY, q->urgency, x->s->clock.final_due);
    if (v != CASES_TAKEN)
        return v;
    if (state_terms(x->s)->extend_by == EXTEND_BY_RIGHT)
        extend_apply(x, x->op->term);
    else
        q->proposal = x->r->number;
    return CASES_TAKEN;
}

static void go_complex(struct step *x, int64_t expected)
{
    struct request *q = &x->s->request;

    q->urgency = CASES_COMPLEX;
    q->expected = expected;
    clock_refresh(x->cases, x->s, q->type);
    note_add(x->notes, NOTE_COMPLEX, 0, (uint32_t)x->r->index, x->at, expected);
}

static uint8_t do_complex(struct step *x)
{
    struct request *q = &x->s->request;

    cite(x, 0, CITE_URGENCY, CASES_COMPLEX);
    if (!(x->s->terms->request[q->type].urgencies >> CASES_COMPLEX & 1))
        return CASES_V_URGENCY;
    if (q->urgency == CASES_COMPLEX)
        return CASES_V_TWICE;
    if (timing_of(x->s, x->r, x->s->clock.final_due) > TIMING_KEPT)
        return CASES_V_EXTEND_DUE;
    /* As of right only where an extension is; an emergency becomes no month by one side's word. */
    if (state_terms(x->s)->extend_by == EXTEND_BY_RIGHT)
        go_complex(x, x->op->when);
    else
        q->proposal = x->r->number;
    return CASES_TAKEN;
}

static uint8_t ground_check(struct step *x, uint8_t ground, bool in_item)
{
    const struct request *q = &x->s->request;
    const struct terms_ground *g = &x->s->terms->ground[ground];

    cite(x, 0, CITE_GROUND, ground);
    if (!g->agreed || (ground == CASES_MALFORMED && !q->consulted))
        return CASES_V_GROUND;
    if (in_item)
        return CASES_TAKEN;
    if (g->needs && !(x->op->fields >> g->needs & 1))
        return CASES_V_GROUND_NEEDS;
    if (g->consult && !(x->op->flags & OP_CONSULT_OFFER) && !q->consulted)
        return CASES_V_CONSULT_FIRST;
    return CASES_TAKEN;
}

static uint8_t do_refuse(struct step *x)
{
    struct request *q = &x->s->request;
    uint8_t v = ground_check(x, x->op->choice, false), timing;
    bool late;

    if (v != CASES_TAKEN)
        return v;
    if ((v = items_check(x)) != CASES_TAKEN)
        return v;
    clarify_end(x);
    timing = x->out->timing = timing_of(x->s, x->r, x->s->clock.final_due);
    late = timing > TIMING_KEPT;
    for (unsigned i = 0; x->op->flags & OP_ALL && i < q->items_n; i++)
        if (item_settable(q, i))
            item_set(q, i, CASES_ITEM_REFUSED, late);
    for (unsigned k = 0; k < x->op->items_n; k++)
        item_set(q, x->op->items[k].number - 1u, CASES_ITEM_REFUSED, late);
    q->ground = x->op->choice;
    q->refusals++;
    if (x->s->terms->ground[q->ground].consult)
        q->consult_until = term_end(x->s, x->s->from, x->at, x->s->terms->consult_window, 0);
    items_done(x, timing);
    return CASES_TAKEN;
}

static uint8_t do_answer(struct step *x)
{
    struct request *q = &x->s->request;
    uint8_t v = items_check(x), timing;
    unsigned left = unsettled(q);

    if (v != CASES_TAKEN)
        return v;
    for (unsigned k = 0; k < x->op->items_n; k++) {
        const struct op_item *it = &x->op->items[k];
        if (it->status == CASES_ITEM_REFUSED &&
            (v = ground_check(x, it->ground, true)) != CASES_TAKEN)
            return v;
        left -= it->status > CASES_ITEM_LATER;
    }
    cite(x, 0, CITE_REQUEST, q->type);
    if (x->op->flags & OP_FINAL && left)
        return CASES_V_ITEMS_OPEN;
    clarify_end(x);
    timing = x->out->timing = timing_of(x->s, x->r, x->s->clock.final_due);
    for (unsigned k = 0; k < x->op->items_n; k++) {
        const struct op_item *it = &x->op->items[k];
        item_set(q, it->number - 1u, it->status,
                 it->status > CASES_ITEM_LATER && timing > TIMING_KEPT);
        if (it->status == CASES_ITEM_REFUSED)
            q->ground = it->ground;
    }
    items_done(x, timing);
    return CASES_TAKEN;
}

static void end(struct step *x, uint8_t state)
{
    x->s->request.state = state;
    x->s->request.ended = x->at;
    x->s->request.accept_at = CASES_NEVER;
    x->s->clock.clarify_from = x->s->clock.suspend_from = CASES_NEVER;
}

static uint8_t do_accept(struct step *x)
{
    for (int i = 0; i < RATINGS; i++)
        x->s->request.rated |= x->op->rating[i] > 0;
    end(x, CASES_CLOSED);
    return CASES_TAKEN;
}

static uint8_t do_contest(struct step *x)
{
    struct request *q = &x->s->request;

    for (unsigned k = 0; k < x->op->items_n; k++)
        if (x->op->items[k].number > q->items_n)
            return CASES_V_ITEM;
    if (q->contests == UINT8_MAX)
        return CASES_V_CAP;
    for (unsigned i = 0; !x->op->items_n && i < q->items_n; i++)
        q->items[i] |= ITEM_CONTESTED;
    for (unsigned k = 0; k < x->op->items_n; k++)
        q->items[x->op->items[k].number - 1] |= ITEM_CONTESTED;
    q->contests++;
    q->reopened = true;
    q->contested = x->at;
    q->accept_at = CASES_NEVER;
    q->state = CASES_CONTESTED;
    return CASES_TAKEN;
}

static uint8_t do_escalate(struct step *x)
{
    struct request *q = &x->s->request;
    unsigned because =
        q->state == CASES_REFUSED || q->count[CASES_ITEM_REFUSED] ? AFTER_REFUSED : 0;
    uint8_t v;

    because |= q->state == CASES_CONTESTED ? AFTER_CONTESTED : 0;
    if (q->state == CASES_REFUSED && q->consult_until != CASES_NEVER && x->at < q->consult_until)
        return cite(x, CASES_V_CONSULT_WINDOW, CITE_GROUND, q->ground);
    v = ladder_enter(x, &q->rung, &q->rung_at, because);
    if (v != CASES_TAKEN)
        return v;
    if (q->state == CASES_REFUSED || q->state == CASES_CONTESTED) {
        q->reopened = true;
        for (unsigned i = 0; q->state == CASES_REFUSED && i < q->items_n; i++)
            q->items[i] |= ITEM_CONTESTED;
        q->state = CASES_ESCALATED;
    }
    return CASES_TAKEN;
}

static uint8_t do_withdraw(struct step *x)
{
    end(x, CASES_WITHDRAWN);
    return CASES_TAKEN;
}

static uint8_t do_propose(struct step *x)
{
    cite(x, 0, CITE_STOPS, 0);
    if (!x->s->terms->stop_suspend)
        return CASES_V_NOT_AGREED;
    if ((x->s->clock.suspend_from == CASES_NEVER) != (x->r->kind == CASES_REQUEST_SUSPEND))
        return CASES_V_TWICE;
    x->s->request.proposal = x->r->number;
    return CASES_TAKEN;
}

static void suspend(struct step *x, int64_t until)
{
    struct clock *k = &x->s->clock;

    if (k->clarify_from != CASES_NEVER)
        k->clarified_ms += stop_length(x->cases, x->s, k->clarify_from, x->at);
    k->suspend_from = x->at;
    k->suspend_until = until;
    note_add(x->notes, NOTE_SUSPEND_STOP, 0, (uint32_t)x->r->index, x->at, until);
}

static void resume(const struct cases *c, struct state *s, int64_t at, struct notes *notes)
{
    struct clock *k = &s->clock;
    int64_t ms = stop_length(c, s, k->suspend_from, at);

    k->suspended_ms += ms;
    /* A clarification that waits goes on waiting; its own stop begins anew. */
    if (k->clarify_from != CASES_NEVER) {
        k->clarify_until += k->clarify_until == CASES_NEVER ? 0 : at - k->suspend_from;
        k->clarify_from = at;
    }
    k->suspend_from = k->suspend_until = CASES_NEVER;
    note_add(notes, NOTE_SUSPEND_RUN, 0, 0, at, ms);
    clock_refresh(c, s, s->request.type);
}

static uint8_t do_agree(struct step *x)
{
    struct request *q = &x->s->request;
    const struct rec *p;

    if (!proposal_open(x, q->proposal))
        return CASES_V_PROPOSAL;
    p = rec_at(x->cases, q->proposal);
    q->proposal = NONE;
    if (p->kind == CASES_REQUEST_EXTEND)
        extend_apply(x, p->op->term);
    else if (p->kind == CASES_REQUEST_COMPLEX)
        go_complex(x, p->op->when);
    else if (p->kind == CASES_REQUEST_SUSPEND)
        suspend(x, p->op->when);
    else
        resume(x->cases, x->s, x->at, x->notes);
    return CASES_TAKEN;
}

/* The arbiter found against the responder: what was refused or contested is to be answered, and the
 * clock starts again with the ruling. */
static void reopen(struct step *x)
{
    struct request *q = &x->s->request;

    for (unsigned i = 0; i < q->items_n; i++)
        if (q->items[i] & ITEM_CONTESTED || item_status_of(q, i) == CASES_ITEM_REFUSED) {
            q->items[i] &= (uint8_t)~ITEM_CONTESTED;
            q->items[i] = (uint8_t)((q->items[i] & ITEM_STATUS) | ITEM_CONTESTED);
            item_set(q, i, CASES_ITEM_PENDING, false);
        }
    clock_start(x, x->at, false);
    q->state = open_state(q);
    note_add(x->notes, NOTE_REOPENED, 0, (uint32_t)x->r->index, x->at, 0);
}

static uint8_t do_ruling(struct step *x)
{
    struct request *q = &x->s->request;
    const struct cases_terms *t = x->s->terms;

    cite(x, 0, CITE_LADDER, q->rung ? q->rung - 1 : 0);
    if (!q->rung || t->rungs[q->rung - 1].arbiter != x->r->author)
        return CASES_V_RUNG;
    if (x->op->choice == ON_GROUND && (q->ground >= CASES_GROUNDS || !t->ground[q->ground].review))
        return cite(x, CASES_V_REVIEW, CITE_GROUND, q->ground % CASES_GROUNDS);
    q->ruled = true;
    q->question = x->op->choice;
    q->upheld = x->op->flags & OP_UPHELD;
    if (q->question == ON_DEADLINE)
        return CASES_TAKEN;
    if (q->upheld)
        end(x, CASES_CLOSED);
    else
        reopen(x);
    return CASES_TAKEN;
}

static uint8_t do_comment(struct step *x)
{
    (void)x;
    return CASES_TAKEN;
}

static const struct {
    uint8_t by;
    uint16_t in;
    uint8_t (*act)(struct step *x);
} rows[CASES_KINDS] = {
    [CASES_REQUEST_ACK] = {BY_RESPONDER, OPEN_STATES | IN(WAITING), do_ack},
    [CASES_REQUEST_CLARIFY] = {BY_RESPONDER, OPEN_STATES, do_clarify},
    [CASES_REQUEST_CLARIFIED] = {BY_REQUESTER, IN(WAITING), do_clarified},
    [CASES_REQUEST_STATUS] = {BY_RESPONDER,
                              OPEN_STATES | IN(WAITING) | IN(CONTESTED) | IN(ESCALATED), do_status},
    [CASES_REQUEST_EXTEND] = {BY_REQUESTER | BY_RESPONDER,
                              OPEN_STATES | IN(WAITING) | IN(ANSWERED) | IN(CLOSED), do_extend},
    [CASES_REQUEST_COMPLEX] = {BY_RESPONDER, OPEN_STATES, do_complex},
    [CASES_REQUEST_REFUSE] = {BY_RESPONDER, OPEN_STATES | IN(WAITING), do_refuse},
    [CASES_REQUEST_ANSWER] = {BY_RESPONDER,
                              OPEN_STATES | IN(WAITING) | IN(CONTESTED) | IN(ESCALATED), do_answer},
    [CASES_REQUEST_ACCEPT] = {BY_REQUESTER,
                              IN(ANSWERED) | IN(REFUSED) | IN(CONTESTED) | IN(ESCALATED),
                              do_accept},
    [CASES_REQUEST_CONTEST] = {BY_REQUESTER, IN(ANSWERED) | IN(REFUSED), do_contest},
    [CASES_REQUEST_ESCALATE] = {BY_REQUESTER,
                                OPEN_STATES | IN(REFUSED) | IN(CONTESTED) | IN(ESCALATED),
                                do_escalate},
    [CASES_REQUEST_WITHDRAW] = {BY_REQUESTER, (uint16_t)~ENDED_STATES, do_withdraw},
    [CASES_REQUEST_SUSPEND] = {BY_REQUESTER | BY_RESPONDER, OPEN_STATES | IN(WAITING), do_propose},
    [CASES_REQUEST_RESUME] = {BY_REQUESTER | BY_RESPONDER, OPEN_STATES | IN(WAITING), do_propose},
    [CASES_AGREE] = {BY_REQUESTER | BY_RESPONDER, OPEN_STATES | IN(WAITING), do_agree},
    [CASES_REQUEST_RULING] = {BY_ARBITER, IN(ESCALATED) | OPEN_STATES, do_ruling},
    [CASES_COMMENT] = {BY_REQUESTER | BY_RESPONDER | BY_ARBITER, UINT16_MAX, do_comment},
};

static uint8_t role_of(const struct state *s, uint16_t author)
{
    if (author == s->from)
        return BY_REQUESTER;
    if (author == s->to)
        return BY_RESPONDER;
    return s->terms->parties[author].arbiter ? BY_ARBITER : 0;
}

/* The responder's first word on a request is its acknowledgement, whatever else it says. An act
 * that has no effect is no word. */
static void first_word(struct step *x, uint8_t state_before)
{
    struct request *q = &x->s->request;

    if (x->r->author != x->s->to || q->acked != CASES_NEVER)
        return;
    q->acked = x->at;
    q->ack_timing = timing_of(x->s, x->r, x->s->clock.ack_due);
    if (!x->out->timing)
        x->out->timing = q->ack_timing;
    if (state_before == CASES_DELIVERED && q->state == CASES_DELIVERED)
        q->state = CASES_OPEN;
}

static uint8_t allowed(struct step *x)
{
    struct request *q = &x->s->request;
    uint8_t kind = x->r->kind;

    cite(x, 0, CITE_REQUEST, q->type);
    if (x->op->flags & OP_EXERCISE_SAID &&
        (x->op->flags & OP_EXERCISE) != (x->s->exercise ? OP_EXERCISE : 0))
        return CASES_V_EXERCISE;
    if (!rows[kind].act)
        return CASES_V_STATE;
    if (!(rows[kind].by & role_of(x->s, x->r->author)))
        return CASES_V_NOT_YOURS;
    if (kind == CASES_COMMENT)
        return CASES_TAKEN;
    if (q->state == CASES_VOID)
        return CASES_V_VOID;
    if (q->state == CASES_LAPSED)
        return cite(x, CASES_V_LAPSED, CITE_LAPSE, 0);
    if (!(rows[kind].in >> q->state & 1))
        return CASES_V_STATE;
    if (x->s->terms->two_officers >> kind & 1 && x->r->signatures < 2)
        return cite(x, CASES_V_TWO_OFFICERS, CITE_SIGNING, 0);
    return CASES_TAKEN;
}

/* An act of the responder shows that it holds the request: that is receipt enough, and the act is
 * judged as one on a delivered request. A clock that waits for its turn by the quota goes on
 * waiting, unless the responder takes the request up before. */
static void show_delivery(struct step *x)
{
    struct request *q = &x->s->request;
    int64_t from = later(x->at, q->queue_until);

    if (q->state != CASES_SENT || x->r->author != x->s->to)
        return;
    if (from < x->s->clock.started) {
        clock_start(x, from, false);
        x->s->clock.wished = rec_at(x->cases, x->matter->opener)->op->when;
        clock_refresh(x->cases, x->s, q->type);
    }
    q->state = CASES_DELIVERED;
}

/* Delivered is what has a clock that runs: if the act did nothing, the request waits as before. */
static void wait_on(struct step *x)
{
    struct request *q = &x->s->request;

    if (q->state == CASES_DELIVERED && x->s->clock.started > x->at)
        q->state = CASES_SENT;
}

void request_step(struct step *x)
{
    uint8_t before;

    request_advance(x->cases, x->s, x->at, x->notes);
    show_delivery(x);
    before = x->s->request.state;
    x->out->verdict = allowed(x);
    if (x->out->verdict == CASES_TAKEN)
        x->out->verdict = rows[x->r->kind].act(x);
    if (x->out->verdict <= CASES_NO_STOP && x->r->kind != CASES_COMMENT)
        first_word(x, before);
    wait_on(x);
}

bool request_live(const struct request *q)
{
    return (OPEN_STATES | IN(WAITING) | IN(SENT)) >> q->state & 1;
}

/* ---- what time does by itself ---------------------------------------------------------------- */

static int64_t suspension_end(const struct state *s)
{
    const struct clock *k = &s->clock;
    int64_t used = k->suspended_ms + k->clarified_ms, left = s->terms->cap_ms - used;
    int64_t by_cap = s->terms->cap_ms ? k->suspend_from + (left > 0 ? left : 0) : CASES_NEVER;

    return by_cap < k->suspend_until ? by_cap : k->suspend_until;
}

void request_advance(const struct cases *c, struct state *s, int64_t now, struct notes *notes)
{
    struct request *q = &s->request;
    struct clock *k = &s->clock;

    if (q->state == CASES_SENT && k->started <= now)
        q->state = CASES_DELIVERED;
    if (k->suspend_from != CASES_NEVER && suspension_end(s) <= now)
        resume(c, s, suspension_end(s), notes);
    if (k->suspend_from != CASES_NEVER)
        return;
    if (q->state == CASES_WAITING && k->clarify_until < now) {
        q->state = CASES_LAPSED;
        q->ended = k->clarify_until;
        k->clarify_from = CASES_NEVER;
        note_add(notes, NOTE_LAPSED, 1, 0, q->ended, 0);
    } else if (OPEN_STATES >> q->state & 1 && k->lapse_at < now && !q->rung) {
        q->state = CASES_LAPSED;
        q->ended = k->lapse_at;
        note_add(notes, NOTE_LAPSED, 0, 0, q->ended, 0);
    } else if (q->state == CASES_ANSWERED && q->accept_at < now) {
        q->state = CASES_CLOSED;
        q->ended = q->accept_at;
        note_add(notes, NOTE_SILENCE, 0, 0, q->ended, 0);
    }
}
