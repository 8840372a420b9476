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
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

/* What comes next for a request, and whose turn it is. */
enum next { NEXT_NOTHING, NEXT_ACK, NEXT_STATUS, NEXT_FINAL, NEXT_CLARIFIED, NEXT_ACCEPT };

struct row {
    struct hash id;
    const char *agreement;
    const char *from, *to, *due_zoned;
    uint8_t type, urgency, state, final_timing;
    bool exercise, overdue, pending, deemed, we_ask, we_act;
    enum next next;
    int64_t sent, delivered, next_at, final_due, done_at, queued_until;
    uint8_t rung;
    unsigned queue; /* its place; 0: not queued */
};

struct listing {
    struct cli *c;
    struct row *rows;
    size_t n, cap;
    int64_t now;
};

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

static bool fill_row(struct listing *l, const char *agreement, const struct cases_terms *t,
                     uint16_t self, const struct cases_view *v, struct row *r, struct err *e)
{
    *r = (struct row){.id = v->id,
                      .agreement = agreement,
                      .from = arena_string(l->c->arena, cases_party_slug(t, v->from), e),
                      .to = arena_string(l->c->arena, cases_party_slug(t, v->to), e),
                      .due_zoned = shown_zoned(l->c, t, v, v->final_due),
                      .type = v->request.type,
                      .urgency = v->request.urgency,
                      .state = v->request.state,
                      .final_timing = v->final_timing,
                      .exercise = v->exercise,
                      .overdue = v->overdue,
                      .pending = v->pending,
                      .deemed = v->deemed,
                      .we_ask = v->from == self,
                      .sent = v->sent_at,
                      .delivered = v->delivered_at,
                      .final_due = v->final_due,
                      .rung = v->rung,
                      .queued_until =
                          v->request.queued_until > l->now ? v->request.queued_until : 0};
    r->done_at =
        v->request.answered_at != CASES_NEVER ? v->request.answered_at : v->request.refused_at;
    next_of(v, r);
    r->we_act =
        r->next == NEXT_CLARIFIED || r->next == NEXT_ACCEPT ? r->we_ask : v->to == self && r->next;
    return r->from && r->to;
}

static bool wanted(const struct listing *l, const struct row *r)
{
    struct cli *c = l->c;

    return (option_given(c, "all") || !has_ended(r->state)) &&
           (!option_given(c, "to-us") || !r->we_ask) &&
           (!option_given(c, "from-us") || r->we_ask) && (!option_given(c, "due") || r->we_act);
}

static bool room(struct listing *l, struct err *e)
{
    struct row *more;

    if (l->n < l->cap)
        return true;
    l->cap = l->cap ? l->cap * 2 : 64;
    more = arena_get_array(l->c->arena, l->cap, sizeof *more, e);
    if (!more)
        return false;
    if (l->n)
        memcpy(more, l->rows, l->n * sizeof *more);
    l->rows = more;
    return true;
}

static bool gather_one(struct listing *l, const char *agreement, struct desk *d,
                       struct cases *cases, const struct hash *id, struct arena *scratch,
                       struct err *e)
{
    struct cases_view *v = arena_get(scratch, sizeof *v, e);
    struct row r;

    if (!v || !cases_view(cases, id, l->now, scratch, v, e))
        return false;
    if (v->kind != CASES_IS_REQUEST || v->verdict)
        return true;
    if (!fill_row(l, agreement, desk_terms(d), desk_self(d), v, &r, e))
        return false;
    if (!wanted(l, &r))
        return true;
    if (!room(l, e))
        return false;
    l->rows[l->n++] = r;
    return true;
}

static bool gather(struct listing *l, const char *agreement, struct err *e)
{
    struct desk *d = node_desk(l->c->node, agreement, e);
    struct cases *cases = d ? desk_begin(d, e) : NULL;
    struct arena *scratch = cases ? arena_new((size_t)64 << 20) : NULL;
    struct cases_opening o;
    bool ok = scratch != NULL;

    if (!cases)
        return false;
    if (desk_now(d) > l->now)
        l->now = desk_now(d);
    for (size_t i = 0; ok && i < cases_count(cases); i++) {
        struct arena_mark m = arena_mark(scratch);
        if (cases_opening(cases, i, &o) && o.kind == CASES_IS_REQUEST)
            ok = gather_one(l, agreement, d, cases, &o.id, scratch, e);
        arena_reset(scratch, m);
    }
    desk_end(d);
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

/* Whose turn comes by the quota: the place among those of one side, type and addressee. */
static void count_queue(struct listing *l)
{
    for (size_t i = 0; i < l->n; i++) {
        struct row *r = &l->rows[i];
        unsigned before = 0;
        for (size_t k = 0; r->queued_until && k < l->n; k++) {
            const struct row *o = &l->rows[k];
            before += o != r && o->queued_until && o->type == r->type &&
                      !strcmp(o->from, r->from) && !strcmp(o->to, r->to) &&
                      (o->queued_until < r->queued_until ||
                       (o->queued_until == r->queued_until && by_due(o, r) < 0));
        }
        r->queue = r->queued_until ? before + 1 : 0;
    }
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
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);

    json_set_text(&m, o, "id", shown_hash(c, &r->id, 64));
    json_set_text(&m, o, "agreement", r->agreement);
    json_set_text(&m, o, "from", r->from);
    json_set_text(&m, o, "to", r->to);
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
    return print_json(c, &m, o, e);
}

static bool print_rows(struct listing *l, struct err *e)
{
    struct cli *c = l->c;
    struct table t;

    for (size_t i = 0; c->json && i < l->n; i++)
        if (!row_json(l, &l->rows[i], e))
            return false;
    if (c->json)
        return true;
    table_start(&t, c, tr(c, "REQUEST|FROM|TO|TYPE|URGENCY|STATE|NEXT|DUE"));
    for (size_t i = 0; i < l->n; i++) {
        const struct row *r = &l->rows[i];
        const char *kind = cases_said(c->words, "type", cases_type_words[r->type]);
        const char *type =
            r->exercise ? arena_format(c->arena, NULL, "%s (%s)", kind, tr(c, "exercise")) : kind;
        table_add(&t, shown_hash(c, &r->id, 12), r->from, r->to, type ? type : "?",
                  cases_said(c->words, "urgency", cases_urgency_words[r->urgency]), state(l, r),
                  left(l, r), r->due_zoned);
    }
    table_print(&t, "");
    if (l->n == 0)
        remark(c, option_given(c, "all")
                      ? N_("There is no request.\n")
                      : N_("There is no open request; --all shows what has ended.\n"));
    return true;
}

static bool run_list(struct cli *c, struct err *e)
{
    struct listing l = {.c = c, .now = os_now_us(c->os) / 1000};
    const char **ids;
    size_t n;

    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!gather(&l, ids[i], e))
            return false;
    if (l.n)
        qsort(l.rows, l.n, sizeof *l.rows, by_due);
    count_queue(&l);
    return print_rows(&l, e);
}

const struct command cmd_request_list = {
    .name = "request list",
    .synopsis = "[--to-us | --from-us] [--due] [--all] [--under AGREEMENT] [--json]",
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
