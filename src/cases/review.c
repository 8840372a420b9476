/* The periodic review: one walk over the matters emits (cell, value, act); adding the values up
 * gives the report, listing them explains it. So a number can't differ from its reasons. */
#include "base/catalogue.h"
#include "cases/review_impl.h"

#include <stdlib.h>

/* ---- metrics --------------------------------------------------------------------------------- */

enum {
    T_RECEIVED,
    T_ACK_KEPT,
    T_ACK_LATE,
    T_ACK_OPEN,
    T_ACK_TIME,
    T_STATUS_TIME,
    T_FINAL_KEPT,
    T_FINAL_LATE,
    T_FINAL_OPEN,
    T_FINAL_TIME,
    T_OVERDUE,
    T_LONGEST,
    T_EXTENSIONS,
    T_CLARIFIED,
    T_SUSPENDED,
    T_LAPSED,
    T_WITHDRAWN,
    T_N
};
static const struct metric timeliness[T_N] = {
    [T_RECEIVED] = {"received", N_("received"), METRIC_COUNT, T_RECEIVED},
    [T_ACK_KEPT] = {"ack_in_time", N_("acknowledged in time"), METRIC_COUNT, T_RECEIVED},
    [T_ACK_LATE] = {"ack_late", N_("acknowledged late"), METRIC_COUNT, T_RECEIVED},
    [T_ACK_OPEN] = {"ack_not_decidable", N_("acknowledged, time not decidable"), METRIC_COUNT,
                    T_RECEIVED},
    [T_ACK_TIME] = {"time_to_ack", N_("time to acknowledgement"), METRIC_SPANS, T_ACK_TIME},
    [T_STATUS_TIME] = {"time_to_status", N_("time to first status"), METRIC_SPANS, T_STATUS_TIME},
    [T_FINAL_KEPT] = {"final_in_time", N_("final answer or refusal in time"), METRIC_COUNT,
                      T_RECEIVED},
    [T_FINAL_LATE] = {"final_late", N_("final answer or refusal late"), METRIC_COUNT, T_RECEIVED},
    [T_FINAL_OPEN] = {"final_not_decidable", N_("final, time not decidable"), METRIC_COUNT,
                      T_RECEIVED},
    [T_FINAL_TIME] = {"time_to_final", N_("time to final answer or refusal"), METRIC_SPANS,
                      T_FINAL_TIME},
    [T_OVERDUE] = {"overdue", N_("overdue at the end"), METRIC_COUNT, T_RECEIVED},
    [T_LONGEST] = {"longest_overdue", N_("longest overdue"), METRIC_MOST, T_LONGEST},
    [T_EXTENSIONS] = {"extensions", N_("extensions used"), METRIC_COUNT, T_EXTENSIONS},
    [T_CLARIFIED] = {"stopped_by_clarification", N_("clock stopped for clarification"),
                     METRIC_SUM_MS, T_CLARIFIED},
    [T_SUSPENDED] = {"stopped_by_suspension", N_("clock stopped by suspension"), METRIC_SUM_MS,
                     T_SUSPENDED},
    [T_LAPSED] = {"lapsed", N_("lapsed"), METRIC_COUNT, T_RECEIVED},
    [T_WITHDRAWN] = {"withdrawn", N_("withdrawn by who asked"), METRIC_COUNT, T_RECEIVED},
};

enum {
    Q_ASKED,
    Q_ANSWERED,
    Q_NOT_HELD,
    Q_REFUSED,
    Q_OPEN,
    Q_LATE,
    Q_FINAL,
    Q_CONTESTED,
    Q_RULED,
    Q_UPHELD,
    Q_CONSULTED,
    Q_RATED,
    Q_EVIDENCE,
    Q_CUSTODY,
    Q_CORRECTED,
    Q_N
};
static const struct metric quality[Q_N] = {
    [Q_ASKED] = {"items_asked", N_("items asked"), METRIC_COUNT, Q_ASKED},
    [Q_ANSWERED] = {"items_answered", N_("items answered"), METRIC_COUNT, Q_ASKED},
    [Q_NOT_HELD] = {"items_not_held", N_("items not held"), METRIC_COUNT, Q_ASKED},
    [Q_REFUSED] = {"items_refused", N_("items refused"), METRIC_COUNT, Q_ASKED},
    [Q_OPEN] = {"items_open", N_("items open"), METRIC_COUNT, Q_ASKED},
    [Q_LATE] = {"items_late", N_("items answered late"), METRIC_COUNT, Q_ASKED},
    [Q_FINAL] = {"finally_answered", N_("finally answered"), METRIC_COUNT, Q_FINAL},
    [Q_CONTESTED] = {"contested", N_("contested"), METRIC_COUNT, Q_FINAL},
    [Q_RULED] = {"ruled_on", N_("ruled on by the arbiter"), METRIC_COUNT, Q_RULED},
    [Q_UPHELD] = {"answer_upheld", N_("answer upheld"), METRIC_COUNT, Q_RULED},
    [Q_CONSULTED] = {"consulted", N_("consultations held"), METRIC_COUNT, Q_CONSULTED},
    [Q_RATED] = {"rated", N_("rated by the requester"), METRIC_COUNT, Q_FINAL},
    [Q_EVIDENCE] = {"evidence", N_("pieces of evidence"), METRIC_COUNT, Q_EVIDENCE},
    [Q_CUSTODY] = {"evidence_with_custody", N_("evidence with custody record"), METRIC_COUNT,
                   Q_EVIDENCE},
    [Q_CORRECTED] = {"answers_after_the_final_one", N_("corrections after the final answer"),
                     METRIC_COUNT, Q_CORRECTED},
};

/* Of one rating word: how often each mark was given, by the requester and of oneself. */
enum { M_GIVEN, M_SELF = M_GIVEN + 5, M_N = M_SELF + 5 };
static const struct metric ratings[M_N] = {
    {"given_1", N_("requester: 1 of 5"), METRIC_COUNT, 0},
    {"given_2", N_("requester: 2 of 5"), METRIC_COUNT, 1},
    {"given_3", N_("requester: 3 of 5"), METRIC_COUNT, 2},
    {"given_4", N_("requester: 4 of 5"), METRIC_COUNT, 3},
    {"given_5", N_("requester: 5 of 5"), METRIC_COUNT, 4},
    {"self_1", N_("responder of itself: 1 of 5"), METRIC_COUNT, 5},
    {"self_2", N_("responder of itself: 2 of 5"), METRIC_COUNT, 6},
    {"self_3", N_("responder of itself: 3 of 5"), METRIC_COUNT, 7},
    {"self_4", N_("responder of itself: 4 of 5"), METRIC_COUNT, 8},
    {"self_5", N_("responder of itself: 5 of 5"), METRIC_COUNT, 9},
};

enum { R_REFUSALS, R_OFFERED, R_N };
static const struct metric refusals[R_N] = {
    [R_REFUSALS] = {"refusals", N_("refusals"), METRIC_COUNT, R_REFUSALS},
    [R_OFFERED] = {"partial_help_offered", N_("partial help offered"), METRIC_COUNT, R_REFUSALS},
};

static const struct metric balance[B_N] = {
    [B_ASKED] = {"requests_made", N_("requests made"), METRIC_COUNT, B_ASKED},
    [B_GOT] = {"answers_got", N_("final answers got"), METRIC_COUNT, B_ASKED},
    [B_GOT_KEPT] = {"answers_got_in_time", N_("final answers got in time"), METRIC_COUNT, B_ASKED},
    [B_WAS_ASKED] = {"requests_received", N_("requests received"), METRIC_COUNT, B_WAS_ASKED},
    [B_GAVE] = {"answers_given", N_("final answers given"), METRIC_COUNT, B_WAS_ASKED},
    [B_GAVE_KEPT] = {"answers_given_in_time", N_("final answers given in time"), METRIC_COUNT,
                     B_WAS_ASKED},
    [B_ITEMS_GOT] = {"items_got", N_("items got"), METRIC_COUNT, B_ITEMS_GOT},
    [B_ITEMS_GAVE] = {"items_given", N_("items given"), METRIC_COUNT, B_ITEMS_GAVE},
    [B_EVIDENCE_GAVE] = {"evidence_given", N_("pieces of evidence given"), METRIC_COUNT,
                         B_EVIDENCE_GAVE},
    [B_HELD] = {"preserved", N_("preservations honoured"), METRIC_COUNT, B_HELD},
    [B_FEEDBACK] = {"feedback_given", N_("feedback given"), METRIC_COUNT, B_FEEDBACK},
};

enum {
    C_LODGED,
    C_KEPT,
    C_LATE,
    C_OPEN,
    C_SILENT,
    C_REVISED,
    C_WITHDRAWN,
    C_FOUND,
    C_SETTLED,
    C_DISAGREED,
    C_OBLIGED,
    C_OBLIGED_OPEN,
    C_OBLIGED_BROKEN,
    C_N
};
static const struct metric claims[C_N] = {
    [C_LODGED] = {"lodged", N_("lodged"), METRIC_COUNT, C_LODGED},
    [C_KEPT] = {"replied_in_time", N_("replied in time"), METRIC_COUNT, C_LODGED},
    [C_LATE] = {"replied_late", N_("replied late"), METRIC_COUNT, C_LODGED},
    [C_OPEN] = {"replied_not_decidable", N_("replied, time not decidable"), METRIC_COUNT, C_LODGED},
    [C_SILENT] = {"no_reply_by_due", N_("no reply by the due instant"), METRIC_COUNT, C_LODGED},
    [C_REVISED] = {"revised", N_("revised"), METRIC_COUNT, C_LODGED},
    [C_WITHDRAWN] = {"withdrawn", N_("withdrawn by who claimed"), METRIC_COUNT, C_LODGED},
    [C_FOUND] = {"found", N_("joint or arbiter's finding"), METRIC_COUNT, C_LODGED},
    [C_SETTLED] = {"settled", N_("settled"), METRIC_COUNT, C_LODGED},
    [C_DISAGREED] = {"disagreed", N_("closed in disagreement"), METRIC_COUNT, C_LODGED},
    [C_OBLIGED] = {"obligations", N_("obligations agreed"), METRIC_COUNT, C_OBLIGED},
    [C_OBLIGED_OPEN] = {"obligations_open", N_("obligations open"), METRIC_COUNT, C_OBLIGED},
    [C_OBLIGED_BROKEN] = {"obligations_broken", N_("obligations not kept"), METRIC_COUNT,
                          C_OBLIGED},
};

enum {
    H_PINGS,
    H_KEPT,
    H_LATE,
    H_SILENT,
    H_ESCALATED,
    H_QUEUED,
    H_DOWNGRADED,
    H_MALFORMED,
    H_NO_EFFECT,
    H_CONTRADICTED,
    H_OUTAGES,
    H_N
};
static const struct metric channel[H_N] = {
    [H_PINGS] = {"pings_received", N_("pings received"), METRIC_COUNT, H_PINGS},
    [H_KEPT] = {"pings_answered_in_time", N_("pings answered in time"), METRIC_COUNT, H_PINGS},
    [H_LATE] = {"pings_answered_late", N_("pings answered late"), METRIC_COUNT, H_PINGS},
    [H_SILENT] = {"pings_unanswered", N_("pings unanswered"), METRIC_COUNT, H_PINGS},
    [H_ESCALATED] = {"escalations", N_("entries to a rung of the ladder"), METRIC_COUNT,
                     H_ESCALATED},
    [H_QUEUED] = {"requests_queued_by_quota", N_("requests queued by quota"), METRIC_COUNT,
                  H_QUEUED},
    [H_DOWNGRADED] = {"emergencies_over_quota", N_("emergencies over quota"), METRIC_COUNT,
                      H_DOWNGRADED},
    [H_MALFORMED] = {"malformed_or_unknown_acts", N_("malformed or unknown acts"), METRIC_COUNT,
                     H_MALFORMED},
    [H_NO_EFFECT] = {"acts_without_effect", N_("acts without effect"), METRIC_COUNT, H_NO_EFFECT},
    [H_CONTRADICTED] = {"times_contradicted", N_("claimed times contradicted"), METRIC_COUNT,
                        H_CONTRADICTED},
    [H_OUTAGES] = {"outages_declared", N_("outages declared"), METRIC_COUNT, H_OUTAGES},
};

_Static_assert((int)T_FINAL_KEPT == (int)REVIEW_T_KEPT && (int)T_FINAL_LATE == (int)REVIEW_T_LATE &&
                   (int)T_OVERDUE == (int)REVIEW_T_OVERDUE &&
                   (int)T_LAPSED == (int)REVIEW_T_LAPSED &&
                   (int)Q_ANSWERED == (int)REVIEW_Q_ANSWERED &&
                   (int)Q_NOT_HELD == (int)REVIEW_Q_NOT_HELD &&
                   (int)Q_REFUSED == (int)REVIEW_Q_REFUSED && (int)Q_OPEN == (int)REVIEW_Q_OPEN,
               "what is drawn is where the plots look");
_Static_assert((int)H_ESCALATED == H_OF_PARTY, "contact points come first");
_Static_assert((int)T_N <= METRICS && (int)Q_N <= METRICS && (int)B_N <= METRICS,
               "a row holds them");

const struct section_form section_forms[SECTIONS] = {
    {"timeliness", 2, timeliness, T_N}, {"quality", 2, quality, Q_N},
    {"ratings", 2, ratings, M_N},       {"refusals", 2, refusals, R_N},
    {"gave-and-got", 1, balance, B_N},  {"claims", 2, claims, C_N},
    {"channel", 1, channel, H_N},
};

/* ---- rows ------------------------------------------------------------------------------------ */

bool row_same(const struct row_key *a, const struct row_key *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static struct row *row_of(struct cases_review *v, const struct row_key *k)
{
    uint32_t h = (uint32_t)(((k->from * 67u + k->to) * 31u + k->a) * 17u + k->b * 5u +
                            k->section * 2u + k->drill) %
                 ROW_HASH;
    struct row *r = v->hash[h];

    while (r && !row_same(&r->key, k))
        r = r->next;
    if (r)
        return r;
    r = arena_get(v->arena, sizeof *r, &v->e);
    if (!r ||
        !array_room(v->arena, (void **)&v->rows, &v->rows_cap, v->rows_n, sizeof *v->rows, &v->e))
        return NULL;
    r->key = *k;
    r->next = v->hash[h];
    v->hash[h] = r;
    v->rows[v->rows_n++] = r;
    return r;
}

static void explain(struct cases_review *v, const struct row_key *k, unsigned metric, int64_t value,
                    const struct hash *id)
{
    if (metric != v->want.metric || !row_same(k, &v->want.key))
        return;
    if (array_room(v->arena, (void **)&v->want.list, &v->want.cap, v->want.n, sizeof *v->want.list,
                   &v->e))
        v->want.list[v->want.n++] = (struct cases_reason){*id, value};
}

static void keep_reason(struct cases_review *v, struct reasons *w, int64_t value,
                        const struct hash *id)
{
    w->all++;
    if (w->n < REVIEW_SHOWN &&
        array_room(v->arena, (void **)&w->list, &w->cap, w->n, sizeof *w->list, &v->e))
        w->list[w->n++] = (struct cases_reason){*id, value};
}

static void emit(struct cases_review *v, struct row_key k, unsigned metric, int64_t value,
                 const struct hash *id)
{
    const struct metric *m = &section_forms[k.section].metrics[metric];
    struct row *r;

    if (v->e.code || (value <= 0 && m->kind != METRIC_SPANS))
        return;
    if (v->want.on) {
        explain(v, &k, metric, value, id);
        return;
    }
    if (!(r = row_of(v, &k)))
        return;
    keep_reason(v, &r->why[metric], value, id);
    if (m->kind == METRIC_MOST) {
        r->count[metric] = (uint64_t)value > r->count[metric] ? (uint64_t)value : r->count[metric];
    } else if (m->kind == METRIC_SPANS) {
        struct spans *s = &r->spans[metric];
        if (array_room(v->arena, (void **)&s->list, &s->cap, s->n, sizeof *s->list, &v->e))
            s->list[s->n++] = value;
        r->count[metric]++;
    } else {
        r->count[metric] += (uint64_t)value;
    }
}

/* ---- what one matter counts for ----------------------------------------------------------------
 */

static void span(struct cases_review *v, struct row_key k, unsigned metric, int64_t from,
                 int64_t to, const struct hash *id)
{
    if (from != CASES_NEVER && to != CASES_NEVER)
        emit(v, k, metric, to > from ? to - from : 0, id);
}

static void emit_timeliness(struct cases_review *v, const struct state *s, struct row_key k,
                            const struct hash *id)
{
    const struct request *q = &s->request;
    bool overdue = is_overdue(s, v->until);
    int64_t end = q->answered != CASES_NEVER ? q->answered : q->refused;

    emit(v, k, T_RECEIVED, 1, id);
    emit(v, k, T_ACK_KEPT, q->ack_timing == TIMING_KEPT, id);
    emit(v, k, T_ACK_LATE, q->ack_timing == TIMING_LATE, id);
    emit(v, k, T_ACK_OPEN, q->ack_timing == TIMING_OPEN, id);
    span(v, k, T_ACK_TIME, s->clock.started, q->acked, id);
    span(v, k, T_STATUS_TIME, s->clock.started, q->first_status, id);
    emit(v, k, T_FINAL_KEPT, q->final_timing == TIMING_KEPT, id);
    emit(v, k, T_FINAL_LATE, q->final_timing == TIMING_LATE, id);
    emit(v, k, T_FINAL_OPEN, q->final_timing == TIMING_OPEN, id);
    span(v, k, T_FINAL_TIME, s->clock.started, end, id);
    emit(v, k, T_OVERDUE, overdue, id);
    emit(v, k, T_LONGEST, overdue ? v->until - s->clock.final_due : 0, id);
    emit(v, k, T_EXTENSIONS, s->clock.extensions, id);
    emit(v, k, T_CLARIFIED, s->clock.clarified_ms, id);
    emit(v, k, T_SUSPENDED, s->clock.suspended_ms, id);
    emit(v, k, T_LAPSED, q->state == CASES_LAPSED, id);
    emit(v, k, T_WITHDRAWN, q->state == CASES_WITHDRAWN, id);
}

static void emit_quality(struct cases_review *v, const struct state *s, const struct hash *id)
{
    const struct request *q = &s->request;
    struct row_key k = {SECTION_QUALITY, s->exercise, (uint8_t)s->from, (uint8_t)s->to, 0, 0};

    emit(v, k, Q_ASKED, q->items_n, id);
    emit(v, k, Q_ANSWERED, q->count[CASES_ITEM_ANSWERED], id);
    emit(v, k, Q_NOT_HELD, q->count[CASES_ITEM_NOT_HELD], id);
    emit(v, k, Q_REFUSED, q->count[CASES_ITEM_REFUSED], id);
    emit(v, k, Q_OPEN, q->count[CASES_ITEM_PENDING] + q->count[CASES_ITEM_LATER], id);
    emit(v, k, Q_LATE, q->late_items, id);
    emit(v, k, Q_FINAL, q->answered != CASES_NEVER, id);
    emit(v, k, Q_CONTESTED, q->contests > 0, id);
    emit(v, k, Q_RULED, q->ruled, id);
    emit(v, k, Q_UPHELD, q->ruled && q->upheld, id);
    emit(v, k, Q_CONSULTED, q->consulted, id);
    emit(v, k, Q_RATED, q->rated, id);
}

static void emit_balance(struct cases_review *v, const struct state *s, const struct hash *id)
{
    const struct request *q = &s->request;
    struct row_key asked = {SECTION_BALANCE, s->exercise, (uint8_t)s->from, 0, 0, 0};
    struct row_key gave = {SECTION_BALANCE, s->exercise, (uint8_t)s->to, 0, 0, 0};
    bool final = q->answered != CASES_NEVER, kept = final && q->final_timing == TIMING_KEPT;

    emit(v, asked, B_ASKED, 1, id);
    emit(v, gave, B_WAS_ASKED, 1, id);
    emit(v, asked, B_GOT, final, id);
    emit(v, gave, B_GAVE, final, id);
    emit(v, asked, B_GOT_KEPT, kept, id);
    emit(v, gave, B_GAVE_KEPT, kept, id);
    emit(v, asked, B_ITEMS_GOT, q->count[CASES_ITEM_ANSWERED], id);
    emit(v, gave, B_ITEMS_GAVE, q->count[CASES_ITEM_ANSWERED], id);
    emit(v, gave, B_HELD, q->hold_until != CASES_NEVER, id);
    emit(v, asked, B_FEEDBACK, q->rated, id);
}

static struct row_key timeliness_key(const struct state *s, uint8_t type, uint8_t urgency)
{
    return (struct row_key){SECTION_TIMELINESS, s->exercise, (uint8_t)s->from,
                            (uint8_t)s->to,     type,        urgency};
}

/* A settlement's obligation is a request that names the claim. */
static void emit_obligation(struct cases_review *v, const struct state *s, const struct hash *id)
{
    struct row_key k = {SECTION_CLAIMS, s->exercise, (uint8_t)s->from, (uint8_t)s->to, 0, 0};
    bool broken = is_overdue(s, v->until) || s->request.state == CASES_REFUSED ||
                  s->request.state == CASES_LAPSED;

    emit(v, k, C_OBLIGED, 1, id);
    emit(v, k, C_OBLIGED_BROKEN, broken, id);
    emit(v, k, C_OBLIGED_OPEN, !broken && request_live(&s->request), id);
}

static void emit_request(struct cases_review *v, const struct state *s, const struct hash *id)
{
    struct row_key k = {SECTION_CHANNEL, s->exercise, (uint8_t)s->from, 0, 0, 0};

    emit_timeliness(v, s, timeliness_key(s, s->request.type, s->request.urgency), id);
    emit_timeliness(v, s, timeliness_key(s, CASES_TYPES, CASES_URGENCIES), id);
    emit_quality(v, s, id);
    emit_balance(v, s, id);
    emit(v, k, H_QUEUED, s->request.queued, id);
    emit(v, k, H_DOWNGRADED,
         s->request.asked_urgency == CASES_EMERGENCY && s->request.urgency != CASES_EMERGENCY &&
             s->request.urgency != CASES_COMPLEX,
         id);
}

static void emit_claim(struct cases_review *v, const struct state *s, const struct hash *id)
{
    const struct claim *l = &s->claim;
    struct row_key k = {SECTION_CLAIMS, s->exercise, (uint8_t)s->from, (uint8_t)s->to, 0, 0};

    emit(v, k, C_LODGED, 1, id);
    emit(v, k, C_KEPT, l->reply_timing == TIMING_KEPT, id);
    emit(v, k, C_LATE, l->reply_timing == TIMING_LATE, id);
    emit(v, k, C_OPEN, l->reply_timing == TIMING_OPEN, id);
    emit(v, k, C_SILENT, is_overdue(s, v->until), id);
    emit(v, k, C_REVISED, l->revisions > 0, id);
    emit(v, k, C_WITHDRAWN, l->state == CASES_CLAIM_WITHDRAWN, id);
    emit(v, k, C_FOUND, l->found != CASES_NEVER, id);
    emit(v, k, C_SETTLED, l->state == CASES_SETTLED, id);
    emit(v, k, C_DISAGREED, l->state == CASES_CLOSED_DISAGREED, id);
}

static void emit_ping(struct cases_review *v, const struct state *s, const struct hash *id)
{
    struct row_key k = {
        SECTION_CHANNEL, s->exercise, (uint8_t)s->to, 0, (uint8_t)(s->ping.role + 1), 0};

    emit(v, k, H_PINGS, 1, id);
    emit(v, k, H_KEPT, s->ping.timing == TIMING_KEPT, id);
    emit(v, k, H_LATE, s->ping.timing == TIMING_LATE, id);
    emit(v, k, H_SILENT, is_overdue(s, v->until), id);
}

/* ---- what single acts count for ----------------------------------------------------------------
 */

static void emit_refusal(struct cases_review *v, const struct state *s, const struct rec *r)
{
    struct row_key k = {SECTION_REFUSALS, s->exercise,   (uint8_t)s->from,
                        (uint8_t)s->to,   r->op->choice, 0};

    for (int all = 0; all < 2; all++) {
        k.a = all ? CASES_GROUNDS : r->op->choice;
        emit(v, k, R_REFUSALS, 1, &r->id);
        emit(v, k, R_OFFERED, !!(r->op->flags & OP_CONSULT_OFFER), &r->id);
    }
}

static void emit_ratings(struct cases_review *v, const struct state *s, const struct rec *r,
                         unsigned first)
{
    struct row_key k = {SECTION_RATINGS, s->exercise, (uint8_t)s->from, (uint8_t)s->to, 0, 0};

    for (k.a = 0; k.a < RATINGS; k.a++)
        if (r->op->rating[k.a])
            emit(v, k, first + r->op->rating[k.a] - 1u, 1, &r->id);
}

static void emit_answer(struct cases_review *v, const struct state *s, const struct rec *r)
{
    struct row_key k = {SECTION_QUALITY, s->exercise, (uint8_t)s->from, (uint8_t)s->to, 0, 0};
    struct row_key gave = {SECTION_BALANCE, s->exercise, (uint8_t)s->to, 0, 0, 0};

    emit(v, k, Q_EVIDENCE, r->op->evidence, &r->id);
    emit(v, k, Q_CUSTODY, r->op->custody, &r->id);
    emit(v, k, Q_CORRECTED, s->request.answered < r->at, &r->id);
    emit(v, gave, B_EVIDENCE_GAVE, r->op->evidence, &r->id);
}

static void emit_act(struct cases_review *v, const struct state *s, const struct rec *r)
{
    struct row_key k = {SECTION_CHANNEL, s->exercise, (uint8_t)r->author, 0, 0, 0};
    uint8_t verdict = r->out.verdict;

    emit(v, k, H_MALFORMED, r->fault != 0, &r->id);
    emit(v, k, H_NO_EFFECT, verdict > CASES_NO_STOP && !r->fault, &r->id);
    emit(v, k, H_CONTRADICTED, rec_contradicted(v->c, r), &r->id);
    emit(v, k, H_OUTAGES, r->kind == CASES_OUTAGE && !r->fault, &r->id);
    if (verdict != CASES_TAKEN || !r->op)
        return;
    emit(v, k, H_ESCALATED, r->kind == CASES_REQUEST_ESCALATE || r->kind == CASES_CLAIM_ESCALATE,
         &r->id);
    if (s->kind == MATTER_REQUEST && r->kind == CASES_REQUEST_REFUSE)
        emit_refusal(v, s, r);
    if (s->kind == MATTER_REQUEST && r->kind == CASES_REQUEST_ANSWER) {
        emit_answer(v, s, r);
        emit_ratings(v, s, r, M_SELF);
    }
    if (s->kind == MATTER_REQUEST && r->kind == CASES_REQUEST_ACCEPT)
        emit_ratings(v, s, r, M_GIVEN);
}

static void walk_matter(struct cases_review *v, const struct matter *m)
{
    struct arena *scratch = v->c->scratch;
    struct arena_mark mark = arena_mark(scratch);
    struct state *s;

    if (!m->state || !matter_as_of(v->c, m, v->until - 1, false, NULL, scratch, &s, &v->e) || !s) {
        arena_reset(scratch, mark);
        return;
    }
    if (rec_at(v->c, m->opener)->at >= v->from && !s->void_) {
        if (s->kind == MATTER_REQUEST)
            emit_request(v, s, &m->id);
        if (s->kind == MATTER_REQUEST && rec_at(v->c, m->opener)->op->linked)
            emit_obligation(v, s, &m->id);
        if (s->kind == MATTER_CLAIM)
            emit_claim(v, s, &m->id);
        else if (s->kind == MATTER_PING)
            emit_ping(v, s, &m->id);
    }
    for (uint32_t i = m->first; i != NONE; i = rec_at(v->c, i)->next) {
        const struct rec *r = rec_at(v->c, i);
        if (r->at >= v->from && r->at < v->until)
            emit_act(v, s, r);
    }
    arena_reset(scratch, mark);
}

void review_walk(struct cases_review *v)
{
    for (uint32_t i = 0; i < v->c->matters_n && !v->e.code; i++)
        walk_matter(v, matter_of(v->c, i));
}

static int by_key(const void *a, const void *b)
{
    const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;

    if (x->key.drill != y->key.drill)
        return x->key.drill ? 1 : -1;
    return memcmp(&x->key, &y->key, sizeof x->key);
}

static int by_span(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* What is zero is said, too: the totals of each direction and party are there whatever happened. */
static void empty_rows(struct cases_review *v)
{
    const struct cases_terms *t = terms_last(v->c);

    for (uint32_t from = 0; from < t->parties_n; from++) {
        struct row_key one = {SECTION_BALANCE, 0, (uint8_t)from, 0, 0, 0};
        if (t->parties[from].arbiter)
            continue;
        row_of(v, &one);
        one.section = SECTION_CHANNEL;
        row_of(v, &one);
        for (uint32_t to = 0; to < t->parties_n; to++) {
            struct row_key k[] = {
                {SECTION_TIMELINESS, 0, (uint8_t)from, (uint8_t)to, CASES_TYPES, CASES_URGENCIES},
                {SECTION_QUALITY, 0, (uint8_t)from, (uint8_t)to, 0, 0},
                {SECTION_REFUSALS, 0, (uint8_t)from, (uint8_t)to, CASES_GROUNDS, 0},
                {SECTION_CLAIMS, 0, (uint8_t)from, (uint8_t)to, 0, 0}};
            bool both = from != to && !t->parties[to].arbiter;
            for (size_t i = 0; both && i < sizeof k / sizeof *k; i++)
                row_of(v, &k[i]);
        }
    }
}

static void finish(struct cases_review *v)
{
    if (v->rows_n)
        qsort(v->rows, v->rows_n, sizeof *v->rows, by_key);
    for (uint32_t i = 0; i < v->rows_n; i++)
        for (unsigned m = 0; m < METRICS; m++)
            if (v->rows[i]->spans[m].n)
                qsort(v->rows[i]->spans[m].list, v->rows[i]->spans[m].n, sizeof(int64_t), by_span);
}

struct cases_review *cases_review(struct cases *c, int64_t from_ms, int64_t until_ms,
                                  const struct hash *peer_root, const struct cases_counter *others,
                                  size_t others_n, struct arena *a, struct err *e)
{
    struct cases_review *v = arena_get(a, sizeof *v, e);
    struct hash root;

    if (!v || !cases_root(c, &root, e))
        return NULL;
    if (!c->versions_n || from_ms >= until_ms) {
        err_fail(e, ERR_INPUT, "no agreement, or a period that ends before it begins");
        return NULL;
    }
    if (peer_root && !hash_equal(peer_root, &root)) {
        err_fail(e, ERR_PROOF, "the state roots differ");
        err_hint(e, "find the first act on which the nodes disagree before reviewing anything");
        return NULL;
    }
    *v = (struct cases_review){.c = c,
                               .arena = a,
                               .from = from_ms,
                               .until = until_ms,
                               .others = others,
                               .others_n = others_n};
    empty_rows(v);
    review_walk(v);
    if (v->e.code) {
        err_pass(e, &v->e);
        return NULL;
    }
    finish(v);
    return v;
}
