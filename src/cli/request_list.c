/* entente request list, request show, why: what is asked, what is due first, and how that came
 * about. */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/matter.h"

#include <stdlib.h>

/* ---- list ---- */

static const struct option_row list_options[] = {
    {"to-us", 0, NULL, "only what we are asked"},
    {"from-us", 0, NULL, "only what we ask"},
    {"all", 'a', NULL, "also what has ended"},
    {"due", 0, NULL, "only what waits for us"},
    {"overdue", 0, NULL, "only what is overdue"},
    {"from", 0, "PARTY", "only what that party asks"},
    {"limit", 0, "N", "no more than N; 0: all; 100 if not given, with --json all"},
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

/* What comes next for a request, and whose turn it is. */
enum next { NEXT_NOTHING, NEXT_ACK, NEXT_STATUS, NEXT_FINAL, NEXT_CLARIFIED, NEXT_ACCEPT };

struct row {
    struct hash id;
    const char *agreement;
    struct desk *desk;
    const char *const *parties; /* their slugs, by place */
    uint16_t from, to;
    uint32_t number; /* in the order they came, which is that of each party's log */
    uint8_t type, urgency, state, final_timing;
    bool exercise, overdue, pending, deemed, we_ask, we_act;
    enum next next;
    int64_t sent, delivered, next_at, final_due, done_at, queued_until;
    uint8_t rung;
    unsigned queue; /* its place; 0: not queued */
};

struct listing {
    struct cli *c;
    struct arena *arena; /* of the rows, who may be a hundred thousand and are no secret */
    struct row *rows;
    size_t n, cap, shown;
    int64_t now;
};

/* An agreement that is being read. Its terms may go as soon as others have the desk. */
struct source {
    const char *agreement;
    struct desk *desk;
    uint16_t self;
    const char *const *parties;
    uint32_t parties_n;
};

#define ROWS_ARENA ((size_t)512 << 20)
#define ROWS_SHOWN 100

static bool is_live(uint8_t state)
{
    return state <= CASES_PART_REFUSED || state == CASES_CONTESTED || state == CASES_ESCALATED;
}

static bool has_ended(uint8_t state)
{
    return state >= CASES_CLOSED;
}

static void next_of(const struct cases_view *v, struct row *r)
{
    r->next_at = CASES_NEVER;
    if (v->request.state == CASES_WAITING) {
        r->next = NEXT_CLARIFIED;
    } else if (is_live(v->request.state)) {
        r->next = NEXT_FINAL;
        r->next_at = v->final_due;
        if (v->request.first_status_at == CASES_NEVER && v->status_due < r->next_at) {
            r->next = NEXT_STATUS;
            r->next_at = v->status_due;
        }
        if (v->acked_at == CASES_NEVER && v->ack_due < r->next_at) {
            r->next = NEXT_ACK;
            r->next_at = v->ack_due;
        }
    } else if (v->request.state == CASES_ANSWERED || v->request.state == CASES_REFUSED) {
        r->next = NEXT_ACCEPT;
        r->next_at = v->request.accept_at;
    }
    if (v->overdue) {
        r->next = NEXT_FINAL;
        r->next_at = v->final_due;
    }
}

static struct row row_of(const struct listing *l, const struct source *x, size_t i,
                         const struct cases_view *v)
{
    struct row r = {.id = v->id,
                    .agreement = x->agreement,
                    .desk = x->desk,
                    .parties = x->parties,
                    .number = (uint32_t)i,
                    .from = v->from,
                    .to = v->to,
                    .type = v->request.type,
                    .urgency = v->request.urgency,
                    .state = v->request.state,
                    .final_timing = v->final_timing,
                    .exercise = v->exercise,
                    .overdue = v->overdue,
                    .pending = v->pending,
                    .deemed = v->deemed,
                    .we_ask = v->from == x->self,
                    .sent = v->sent_at,
                    .delivered = v->delivered_at,
                    .final_due = v->final_due,
                    .rung = v->rung,
                    .queued_until = v->request.queued_until > l->now && !has_ended(v->request.state)
                                        ? v->request.queued_until
                                        : 0};

    r.done_at =
        v->request.answered_at != CASES_NEVER ? v->request.answered_at : v->request.refused_at;
    next_of(v, &r);
    r.we_act =
        r.next == NEXT_CLARIFIED || r.next == NEXT_ACCEPT ? r.we_ask : v->to == x->self && r.next;
    return r;
}

static bool wanted(const struct listing *l, const struct row *r)
{
    struct cli *c = l->c;

    return (option_given(c, "all") || !has_ended(r->state)) &&
           (!option_given(c, "to-us") || !r->we_ask) &&
           (!option_given(c, "from-us") || r->we_ask) && (!option_given(c, "due") || r->we_act) &&
           (!option_given(c, "overdue") || r->overdue) &&
           (!option_given(c, "from") || !strcmp(r->parties[r->from], option(c, "from")));
}

static bool room(struct listing *l, struct err *e)
{
    struct row *more;

    if (l->n < l->cap)
        return true;
    l->cap = l->cap ? l->cap * 2 : 64;
    more = arena_get_array(l->arena, l->cap, sizeof *more, e);
    if (!more)
        return false;
    if (l->n)
        memcpy(more, l->rows, l->n * sizeof *more);
    l->rows = more;
    return true;
}

static bool gather_one(struct listing *l, const struct source *x, struct cases *cases, size_t i,
                       struct arena *scratch, struct err *e)
{
    struct arena_mark m = arena_mark(scratch);
    struct cases_view v;
    struct cases_opening o;
    bool ok;

    if (!cases_opening(cases, i, &o) || o.kind != CASES_IS_REQUEST)
        return true;
    ok = cases_view(cases, &o.id, l->now, scratch, &v, e);
    arena_reset(scratch, m);
    if (!ok || v.kind != CASES_IS_REQUEST || v.verdict || v.from >= x->parties_n ||
        v.to >= x->parties_n)
        return ok;
    if (!room(l, e))
        return false;
    l->rows[l->n++] = row_of(l, x, i, &v);
    return true;
}

static bool source_open(struct listing *l, const char *agreement, struct source *x,
                        struct cases **cases, struct err *e)
{
    struct desk *d = node_desk(l->c->node, agreement, e);
    const struct cases_terms *t;
    const char **parties;
    bool ok;

    if (!d || !(*cases = desk_begin(d, e)))
        return false;
    t = desk_terms(d);
    parties = arena_get_array(l->arena, cases_parties(t), sizeof *parties, e);
    ok = parties != NULL;
    for (uint32_t i = 0; ok && i < cases_parties(t); i++)
        ok = (parties[i] = arena_string(l->arena, cases_party_slug(t, i), e)) != NULL;
    *x = (struct source){agreement, d, desk_self(d), parties, cases_parties(t)};
    if (desk_now(d) > l->now)
        l->now = desk_now(d);
    if (!ok)
        desk_end(d);
    return ok;
}

/* Others get their turn at the desk meanwhile, however many requests there are. */
static bool gather_all(struct listing *l, const struct source *x, struct cases *cases,
                       struct arena *scratch, struct err *e)
{
    size_t before = l->n;
    bool ok = true, anew;

    for (size_t i = 0; ok && i < cases_count(cases); i++) {
        ok = !is_cancelled(l->c) || err_fail(e, ERR_DENIED, "nobody waits for this any more");
        ok = ok && gather_one(l, x, cases, i, scratch, e);
        if (ok && !(cases = desk_yield(x->desk, &anew, e)))
            return false;
        if (ok && anew) {
            l->n = before;
            i = SIZE_MAX; /* from the first */
        }
    }
    desk_end(x->desk);
    return ok;
}

static bool gather(struct listing *l, const char *agreement, struct err *e)
{
    struct arena *scratch = arena_new((size_t)64 << 20);
    struct cases *cases;
    struct source x;
    bool ok = scratch || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && source_open(l, agreement, &x, &cases, e) && gather_all(l, &x, cases, scratch, e);
    arena_free(scratch);
    return ok;
}

/* What is due first; what is due at no instant last; then as they came. */
static int by_due(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->next_at != y->next_at)
        return x->next_at < y->next_at ? -1 : 1;
    if (x->sent != y->sent)
        return x->sent < y->sent ? -1 : 1;
    return memcmp(x->id.b, y->id.b, sizeof x->id.b);
}

/* Those of one queue are neighbours, in the order of their turns: the quota is by agreement, side,
 * type and addressee, and drills have their own. */
static int by_queue(const struct row *x, const struct row *y)
{
    int order = strcmp(x->agreement, y->agreement);

    if (order)
        return order;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    return x->exercise - y->exercise;
}

static int by_turn(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
    int order = by_queue(x, y);

    if (order)
        return order;
    if (x->queued_until != y->queued_until)
        return x->queued_until < y->queued_until ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Each one's place in its queue, whatever is shown of the queue. */
static bool count_queue(struct listing *l, struct err *e)
{
    struct row **queued = arena_get_array(l->arena, l->n + 1, sizeof *queued, e);
    size_t n = 0;

    if (!queued)
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (l->rows[i].queued_until)
            queued[n++] = &l->rows[i];
    qsort(queued, n, sizeof(struct row *), by_turn);
    for (size_t i = 0; i < n; i++)
        queued[i]->queue =
            i && by_queue(queued[i - 1], queued[i]) == 0 ? queued[i - 1]->queue + 1 : 1;
    return true;
}

/* Leave out what is not asked for, then what is due later than the first so many. */
static void choose(struct listing *l, size_t limit)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++)
        if (wanted(l, &l->rows[i]))
            l->rows[n++] = l->rows[i];
    l->n = n;
    if (n)
        qsort(l->rows, n, sizeof *l->rows, by_due);
    l->shown = limit && limit < n ? limit : n;
}

static const char *next_word(struct cli *c, enum next n)
{
    switch (n) {
    case NEXT_ACK:
        return tr(c, "acknowledge");
    case NEXT_STATUS:
        return tr(c, "report a status");
    case NEXT_FINAL:
        return tr(c, "answer");
    case NEXT_CLARIFIED:
        return tr(c, "clarify");
    case NEXT_ACCEPT:
        return tr(c, "accept or contest");
    case NEXT_NOTHING:
        break;
    }
    return "";
}

static const char *left(struct listing *l, const struct row *r)
{
    struct cli *c = l->c;
    const char *s = "";

    if (r->queue)
        s = arena_format(c->arena, NULL, tr(c, "queued, number %u"), r->queue);
    else if (r->overdue)
        s = arena_format(c->arena, NULL, tr(c, "OVERDUE by %s"),
                         shown_span(c, l->now - r->final_due));
    else if (r->next && r->next_at == CASES_NEVER)
        s = next_word(c, r->next);
    else if (r->next && r->next_at < l->now)
        s = arena_format(c->arena, NULL, tr(c, "%s: %s late"), next_word(c, r->next),
                         shown_span(c, l->now - r->next_at));
    else if (r->next)
        s = arena_format(c->arena, NULL, tr(c, "%s: %s left"), next_word(c, r->next),
                         shown_span(c, r->next_at - l->now));
    return s ? s : "?";
}

/* "answered, 3 d 4 h before due". */
static const char *state(struct listing *l, const struct row *r)
{
    struct cli *c = l->c;
    const char *word = cases_said(c->words, "state", cases_state_words[r->state]), *s = word;

    if (r->done_at == CASES_NEVER || r->done_at == 0 || r->final_due == CASES_NEVER)
        return r->pending ? tr(c, "sent, not yet signed for") : word;
    if (r->done_at <= r->final_due)
        s = arena_format(c->arena, NULL, tr(c, "%s, %s before due"), word,
                         shown_span(c, r->final_due - r->done_at));
    else
        s = arena_format(c->arena, NULL, tr(c, "%s, %s after due"), word,
                         shown_span(c, r->done_at - r->final_due));
    return s ? s : "?";
}

static void set_instant(struct cli *c, struct json_maker *m, struct json *o, const char *key,
                        int64_t ms)
{
    char *text = ms == CASES_NEVER || ms == 0 ? NULL : arena_get(c->arena, TIME_TEXT_MAX, NULL);

    if (!text)
        return;
    time_print(text, ms / 1000);
    json_set_text(m, o, key, text);
}

static bool row_json(struct listing *l, const struct row *r, struct err *e)
{
    static const char *const words[] = {"nothing", "ack", "status", "answer", "clarify", "accept"};
    struct cli *c = l->c;
    struct arena_mark mark = arena_mark(c->arena);
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);
    bool ok;

    json_set_text(&m, o, "id", shown_hash(c, &r->id, 64));
    json_set_text(&m, o, "agreement", r->agreement);
    json_set_text(&m, o, "from", r->parties[r->from]);
    json_set_text(&m, o, "to", r->parties[r->to]);
    json_set_text(&m, o, "type", cases_type_words[r->type]);
    json_set_text(&m, o, "urgency", cases_urgency_words[r->urgency]);
    json_set_text(&m, o, "state", cases_state_words[r->state]);
    json_set_bool(&m, o, "overdue", r->overdue);
    json_set_bool(&m, o, "exercise", r->exercise);
    json_set_bool(&m, o, "pending", r->pending);
    json_set_bool(&m, o, "deemed", r->deemed);
    json_set_integer(&m, o, "rung", r->rung);
    json_set_text(&m, o, "next", words[r->next]);
    json_set_bool(&m, o, "waits_for_us", r->we_act);
    if (r->queue)
        json_set_integer(&m, o, "queue", r->queue);
    set_instant(c, &m, o, "sent", r->sent);
    set_instant(c, &m, o, "delivered", r->delivered);
    set_instant(c, &m, o, "next_due", r->next_at);
    set_instant(c, &m, o, "due", r->final_due);
    set_instant(c, &m, o, "done", r->done_at);
    set_instant(c, &m, o, "queued_until", r->queued_until);
    ok = print_json(c, &m, o, e);
    arena_reset(c->arena, mark);
    return ok;
}

static const char *due(struct listing *l, const struct row *r)
{
    const struct cases_view sides = {.from = r->from, .to = r->to};
    const char *text;

    if (!desk_begin(r->desk, NULL))
        return "?";
    text = shown_zoned(l->c, desk_terms(r->desk), &sides, r->final_due);
    desk_end(r->desk);
    return text;
}

static bool print_rows(struct listing *l, struct err *e)
{
    struct cli *c = l->c;
    struct table t;

    for (size_t i = 0; c->json && i < l->shown; i++)
        if (!row_json(l, &l->rows[i], e))
            return false;
    if (c->json)
        return true;
    table_start(&t, c, tr(c, "REQUEST|FROM|TO|TYPE|URGENCY|STATE|NEXT|DUE"));
    for (size_t i = 0; i < l->shown; i++) {
        const struct row *r = &l->rows[i];
        const char *kind = cases_said(c->words, "type", cases_type_words[r->type]);
        const char *type =
            r->exercise ? arena_format(c->arena, NULL, "%s (%s)", kind, tr(c, "exercise")) : kind;
        table_add(&t, shown_hash(c, &r->id, 12), r->parties[r->from], r->parties[r->to],
                  type ? type : "?",
                  cases_said(c->words, "urgency", cases_urgency_words[r->urgency]), state(l, r),
                  left(l, r), due(l, r));
    }
    table_print(&t, "");
    if (l->shown < l->n)
        remark(c,
               trn(c, "%s more is due later; --limit 0 shows all.\n",
                   "%s more are due later; --limit 0 shows all.\n", l->n - l->shown),
               shown_count(c, l->n - l->shown));
    if (l->n == 0)
        remark(c, option_given(c, "all")
                      ? N_("There is no request.\n")
                      : N_("There is no open request; --all shows what has ended.\n"));
    return true;
}

static bool list_all(struct listing *l, uint64_t limit, struct err *e)
{
    const char **ids;
    size_t n;

    if (!agreements_named(l->c, option(l->c, "under"), &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!gather(l, ids[i], e))
            return false;
    if (!count_queue(l, e))
        return false;
    choose(l, (size_t)limit);
    return print_rows(l, e);
}

static bool run_list(struct cli *c, struct err *e)
{
    struct listing l = {.c = c, .arena = arena_new(ROWS_ARENA), .now = os_now_us(c->os) / 1000};
    uint64_t limit = c->json ? 0 : ROWS_SHOWN;
    bool ok;

    if (option(c, "limit") && !decimal_parse(bytes_text(option(c, "limit")), &limit))
        ok = misuse(c, e, "--limit is a number; 0: all");
    else
        ok = l.arena ? list_all(&l, limit, e) : err_fail(e, ERR_NOMEM, "out of memory");
    arena_free(l.arena);
    return ok;
}

const struct command cmd_request_list = {
    .name = "request list",
    .synopsis = "[--to-us | --from-us | --from PARTY] [--due] [--overdue] [--all] [--limit N] "
                "[--under AGREEMENT] [--json]",
    .sentence = "List requests, what is due first.",
    .more =
        "NEXT is what comes next and how long there is left for it; DUE is when the final answer "
        "is due, in\nUTC and in the zones of both sides where they are others. entente why "
        "shows how that was counted.\n",
    .options = list_options,
    .needs = NEEDS_NODE,
    .run = run_list,
};

/* ---- show ---- */

static const struct option_row show_options[] = {
    {"at", 0, "WHEN", "as it stood then; now if not given"},
    {"under", 0, "AGREEMENT", "where it is; found by its id if not given"},
    {"json", 0, NULL, "one JSON line"},
    {NULL},
};

static bool instant(struct cli *c, const struct desk *d, int64_t *ms, struct err *e)
{
    const char *at = option(c, "at");
    int64_t us;

    *ms = desk_now(d);
    if (!at)
        return true;
    if (!time_parse_us(bytes_text(at), &us))
        return misuse(c, e, "--at is an instant, 2026-01-31T12:00:00Z");
    *ms = us / 1000;
    return true;
}

static bool shows(struct cli *c, unsigned kinds, struct err *e)
{
    struct matter *q = arena_get(c->arena, sizeof *q, e);
    struct bytes text;
    int64_t now;
    bool ok;

    if (!q || !matter_named(c, c->operands[0], kinds, q, e) || !instant(c, q->desk, &now, e) ||
        !desk_begin(q->desk, e))
        return false;
    ok = c->json ? desk_show_json(q->desk, &q->id, now, c->arena, &text, e)
                 : desk_show(q->desk, &q->id, now, c->words, c->arena, &text, e);
    desk_end(q->desk);
    if (!ok)
        return false;
    fprintf(c->out, "%.*s%s", BYTES_FMT(text), c->json ? "\n" : "");
    return true;
}

static bool run_show(struct cli *c, struct err *e)
{
    return shows(c, DESK_REQUESTS, e);
}

const struct command cmd_request_show = {
    .name = "request show",
    .synopsis = "ID [--at WHEN] [--json]",
    .sentence = "Show a request: its state, its clocks, and every act on it with what it says.",
    .more = "Both sides print the same bytes for what somebody else than its author has signed "
            "for.\nID is the beginning of the request's id, or \"last\".\n",
    .options = show_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_show,
};

/* ---- why ---- */

static const struct option_row why_options[] = {
    {"at", 0, "WHEN", "as it stood then; now if not given"},
    {"under", 0, "AGREEMENT", "where it is; found by its id if not given"},
    {NULL},
};

/* The derivation is the same everywhere; where we stand now is not, so it goes to stderr. */
static bool run_why(struct cli *c, struct err *e)
{
    struct matter *q = arena_get(c->arena, sizeof *q, e);
    struct cases *cases;
    struct bytes text = {0}, rest;
    size_t at;
    int64_t now;
    bool ok;

    if (!q || !matter_named(c, c->operands[0], DESK_ANY, q, e) || !instant(c, q->desk, &now, e) ||
        !(cases = desk_begin(q->desk, e)))
        return false;
    ok = cases_why(cases, &q->id, now, c->words, c->arena, &text, e);
    desk_end(q->desk);
    if (!ok)
        return false;
    at = option(c, "at") ? SIZE_MAX : bytes_find_last(text, BYTES("\nat "));
    rest = at == SIZE_MAX ? bytes_of(NULL, 0) : bytes_part(text, at + 1, SIZE_MAX);
    fprintf(c->out, "%.*s", BYTES_FMT(bytes_part(text, 0, text.n - rest.n)));
    fprintf(words(c), "%.*s", BYTES_FMT(rest));
    return true;
}

const struct command cmd_why = {
    .name = "why",
    .synopsis = "ID [--at WHEN]",
    .sentence = "Print how the due instants of a request, claim or ping came about.",
    .more =
        "Start, clause, stops, extensions, calendar and the due instants in UTC and both zones: a "
        "function\nof the agreement and the logs alone, so both sides and a dossier print the same "
        "bytes. Where it\nstands now goes to stderr; with --at it is part of the text.\n",
    .options = why_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_why,
};
