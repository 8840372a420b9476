/* entente request ack, clarify, status, answer, refuse, extend, accept, contest, escalate,
 * withdraw, suspend, resume, agree, rule: what is said on a request. One path for all: name it,
 * fill the body, check, send; a row per command says how its body is filled. */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/matter.h"

#define TEXT_ROW                                                                                   \
    {                                                                                              \
        "text", 0, "TEXT", "words to go with it"                                                   \
    }
#define COMMON_ROWS                                                                                \
    {"attach", 0, "SPEC", ATTACH_SPEC}, {"tlp", 0, "LABEL", "marking; amber if not given"},        \
        {"body", 0, "FILE", "JSON with any member of the act (doc/formats/case-acts.md)"},         \
        {"under", 0, "AGREEMENT", "where the request is; found by its id if not given"},           \
        {"dry-run", 'n', NULL, "say whether it would be sent, and send nothing"},                  \
        {"json", 0, NULL, "say it for machines"}, {NULL},

/* ---- the way of every command here ---- */

typedef bool fill_fn(struct saying *x, struct matter *q, struct err *e);

static bool report_json(struct saying *x, const struct matter *q, const struct record_placed *p,
                        struct err *e)
{
    struct json_maker m = json_maker(x->c->arena);
    struct json *o = json_new_object(&m);
    bool sent = !option_given(x->c, "dry-run");

    json_set_text(&m, o, "agreement", x->agreement);
    json_set_text(&m, o, "id", shown_hash(x->c, &q->id, 64));
    json_set_text(&m, o, "kind", cases_kind_words[x->s.kind]);
    json_set_bool(&m, o, "sent", sent);
    if (sent) {
        json_set_text(&m, o, "act", shown_hash(x->c, &p->text_hash, 64));
        json_set_integer(&m, o, "index", (int64_t)p->index);
        json_set_text(&m, o, "state", cases_state_words[q->v.request.state]);
    }
    return print_json(x->c, &m, o, e);
}

static bool report(struct saying *x, struct matter *q, const struct record_placed *p, struct err *e)
{
    struct matter now;
    char hex[65] = {0};

    hex_encode(hex, q->id.b, 32);
    if (option_given(x->c, "dry-run")) {
        if (!x->c->json)
            remark(x->c, "It would be sent.\n");
        return !x->c->json || report_json(x, q, p, e);
    }
    if (!matter_in(x->c, x->agreement, bytes_of(hex, 64), DESK_REQUESTS, &now, e))
        return false;
    if (x->c->json)
        return report_json(x, &now, p, e);
    say(x->c, "Said %s on request %.12s; its state is now: %s.\n", cases_kind_words[x->s.kind], hex,
        cases_said(x->c->words, "state", cases_state_words[now.v.request.state]));
    return true;
}

static bool speak(struct cli *c, enum cases_kind kind, fill_fn *fill, struct err *e)
{
    struct matter *q = arena_get(c->arena, sizeof *q, e);
    struct saying *x = arena_get(c->arena, sizeof *x, e);
    struct record_placed placed = {0};

    if (!q || !x || !matter_named(c, c->operands[0], DESK_REQUESTS, q, e))
        return false;
    /* One word, two acts: who asks clarifies what the other side did not understand. */
    if (kind == CASES_REQUEST_CLARIFY && q->self == q->v.from)
        kind = CASES_REQUEST_CLARIFIED;
    if (kind == CASES_REQUEST_EXTEND && option_given(c, "complex"))
        kind = CASES_REQUEST_COMPLEX;
    if (!saying_start(x, c, q->agreement, q, kind, e))
        return false;
    saying_text(x, "text", "text");
    if ((fill && !fill(x, q, e)) || !saying_attach(x, e))
        return refused(c, e);
    return saying_send(x, &placed, e) && report(x, q, &placed, e);
}

/* ---- pieces of bodies ---- */

/* "2: text" or "2=word": a number, and what is behind it; without one it is the first item. */
static bool numbered(struct cli *c, const char *text, char separator, size_t items, uint64_t *n,
                     const char **rest, struct err *e)
{
    const char *end = separator ? strchr(text, separator) : NULL;
    struct bytes head = bytes_of(text, end ? (size_t)(end - text) : strlen(text));

    *rest = end ? end + 1 : "";
    while (**rest == ' ')
        ++*rest;
    if (decimal_parse(bytes_trim(head), n) && *n >= 1 && *n <= items)
        return true;
    if (items == 1 && separator == ':') {
        *n = 1;
        *rest = text;
        return true;
    }
    return misuse(c, e, "\"%s\" does not begin with the number of an item, 1 to %zu",
                  shown_short(c, bytes_text(text), 40), items);
}

static bool item_numbers(struct saying *x, const struct matter *q, struct json *list, struct err *e)
{
    size_t n;
    const char *const *items = option_all(x->c, "item", &n);
    const char *rest;
    uint64_t number;

    for (size_t i = 0; i < n; i++) {
        if (!numbered(x->c, items[i], '\0', q->v.request.items_n, &number, &rest, e))
            return false;
        json_add(&x->m, list, json_new_integer(&x->m, (int64_t)number));
    }
    return true;
}

/* ---- clarify ---- */

static void add_ask(struct saying *x, struct json *list, const char *member, struct json *value)
{
    struct json *o = json_new_object(&x->m);

    json_set(&x->m, o, member, value);
    if (option(x->c, "text"))
        json_set_text(&x->m, o, "text", option(x->c, "text"));
    json_add(&x->m, list, o);
}

/* The asker fills in what was missing, member by member. */
static bool fill_clarified(struct saying *x, struct err *e)
{
    size_t n;
    const char *const *fields = option_all(x->c, "field", &n);
    struct json *answers;

    for (size_t i = 0; i < n; i++) {
        const char *equal = strchr(fields[i], '=');
        struct bytes key = bytes_of(fields[i], equal ? (size_t)(equal - fields[i]) : 0);
        if (!equal)
            return misuse(x->c, e, "who asked gives what was missing as --field NAME=TEXT");
        json_set_bytes(&x->m, x->body, key, json_new_string(&x->m, bytes_text(equal + 1)));
    }
    if (option(x->c, "text")) {
        answers = json_set_array(&x->m, x->body, "answers");
        json_add_string(&x->m, answers, bytes_text(option(x->c, "text")));
    }
    return true;
}

static bool fill_clarify(struct saying *x, struct matter *q, struct err *e)
{
    size_t items_n, fields_n;
    const char *const *items = option_all(x->c, "item", &items_n), *const *fields = option_all(
                                                                       x->c, "field", &fields_n);
    struct json *list;
    const char *rest;
    uint64_t n;

    if (x->s.kind == CASES_REQUEST_CLARIFIED)
        return fill_clarified(x, e);
    list = json_set_array(&x->m, x->body, "asks");
    for (size_t i = 0; i < items_n; i++) {
        if (!numbered(x->c, items[i], '\0', q->v.request.items_n, &n, &rest, e))
            return false;
        add_ask(x, list, "item", json_new_integer(&x->m, (int64_t)n));
    }
    for (size_t i = 0; i < fields_n; i++)
        add_ask(x, list, "field", json_new_string(&x->m, bytes_text(fields[i])));
    return true;
}

/* ---- answer ---- */

static bool settled_here(const struct json *list, uint64_t number)
{
    for (size_t i = 0; i < json_count(list); i++) {
        int64_t n;
        if (json_as_integer(json_find(json_at(list, i), "item"), &n) && (uint64_t)n == number)
            return true;
    }
    return false;
}

static struct json *add_item(struct saying *x, struct json *list, uint64_t n, const char *status,
                             const char *text)
{
    struct json *o = json_new_object(&x->m);

    json_set_integer(&x->m, o, "item", (int64_t)n);
    json_set_text(&x->m, o, "status", status);
    if (text && *text)
        json_set_text(&x->m, o, "text", text);
    json_add(&x->m, list, o);
    return o;
}

static bool item_rows(struct saying *x, const struct matter *q, const char *name,
                      const char *status, struct json *list, struct err *e)
{
    size_t n;
    const char *const *rows = option_all(x->c, name, &n);

    for (size_t i = 0; i < n; i++) {
        const char *rest;
        uint64_t number;
        if (!numbered(x->c, rows[i], ':', q->v.request.items_n, &number, &rest, e))
            return false;
        add_item(x, list, number, status, rest);
    }
    return true;
}

static bool refused_rows(struct saying *x, const struct matter *q, struct json *list, struct err *e)
{
    size_t n;
    const char *const *rows = option_all(x->c, "refuse", &n);

    for (size_t i = 0; i < n; i++) {
        const char *ground;
        uint64_t number;
        if (!numbered(x->c, rows[i], '=', q->v.request.items_n, &number, &ground, e))
            return false;
        json_set_text(&x->m, add_item(x, list, number, "refused", NULL), "ground", ground);
    }
    return true;
}

static bool has_final(const struct matter *q, const struct json *list)
{
    for (uint64_t i = 1; i <= q->v.request.items_n; i++)
        if (!settled_here(list, i) && q->v.request.open[i - 1])
            return false;
    for (size_t i = 0; i < json_count(list); i++)
        if (json_is(json_find(json_at(list, i), "status"), "later"))
            return false;
    return true;
}

static bool fill_answer(struct saying *x, struct matter *q, struct err *e)
{
    struct json *list;
    bool final, words_alone;

    if (json_find(x->body, "items"))
        return true; /* from --body */
    list = json_set_array(&x->m, x->body, "items");
    if (!item_rows(x, q, "item", "answered", list, e) ||
        !item_rows(x, q, "not-held", "not-held", list, e) ||
        !item_rows(x, q, "later", "later", list, e) || !refused_rows(x, q, list, e))
        return false;
    /* Words alone answer what is open. */
    words_alone = !json_count(list) && option(x->c, "text");
    for (uint64_t i = 1; words_alone && i <= q->v.request.items_n; i++)
        if (q->v.request.open[i - 1])
            add_item(x, list, i, "answered", NULL);
    if (!json_count(list))
        return misuse(x->c, e, "say what the answer is: --item N:TEXT, --not-held N, --text TEXT");
    final = !option_given(x->c, "partial") && has_final(q, list);
    json_set_bool(&x->m, x->body, "final", final);
    return true;
}

/* ---- refuse ---- */

/* The member that the agreement wants of a refusal on this ground gets the words of --because. */
static bool fill_need(struct saying *x, const char *ground, struct err *e)
{
    const char *because = option(x->c, "because");
    char *pointer = arena_format(x->c->arena, e, "/clauses/ground/%s/needs", ground);
    struct bytes member;
    const char *name;
    struct view v;

    if (!pointer || !view_open(x->c, x->agreement, &v, e))
        return false;
    if (!json_as_string(json_point(v.g->root, pointer), &member)) {
        if (because && !option(x->c, "text"))
            json_set_text(&x->m, x->body, "text", because);
        return true;
    }
    if (!(name = arena_string(x->c->arena, member, e)))
        return false;
    if (because)
        json_set_text(&x->m, x->body, name, because);
    if (!json_find(x->body, name)) {
        err_fail(e, ERR_DENIED, "clauses.ground.%s.needs: the refusal must say its \"%s\"", ground,
                 name);
        return err_hint(e, "say it with --because TEXT");
    }
    return true;
}

static bool fill_refuse(struct saying *x, struct matter *q, struct err *e)
{
    const char *ground = option(x->c, "ground");
    struct bytes word;
    size_t n;

    option_all(x->c, "item", &n);
    if (!ground && json_as_string(json_find(x->body, "ground"), &word))
        ground = arena_string(x->c->arena, word, NULL);
    if (!ground)
        return misuse(x->c, e, "a refusal has a ground: --ground GROUND");
    json_set_text(&x->m, x->body, "ground", ground);
    if (n && !item_numbers(x, q, json_set_array(&x->m, x->body, "scope"), e))
        return false;
    if (!n && !json_find(x->body, "scope"))
        json_set_text(&x->m, x->body, "scope", "all");
    if (option_given(x->c, "consult"))
        json_set_bool(&x->m, x->body, "consult_offer", true);
    return fill_need(x, ground, e);
}

/* ---- the smaller ones ---- */

static bool fill_extend(struct saying *x, struct matter *q, struct err *e)
{
    (void)q;
    saying_text(x, "by", "extend_by");
    saying_text(x, "reason", "reason");
    if (x->s.kind == CASES_REQUEST_EXTEND && !json_find(x->body, "extend_by"))
        return misuse(x->c, e, "say by how much: --by \"5 days\"");
    return instant_option(x->c, "expected", &x->m, x->body, "expected_date", e);
}

static bool fill_accept(struct saying *x, struct matter *q, struct err *e)
{
    size_t n;
    const char *const *rates = option_all(x->c, "rate", &n);
    struct json *rating = n ? json_set_object(&x->m, x->body, "rating") : NULL;

    (void)q;
    for (size_t i = 0; i < n; i++) {
        const char *equal = strchr(rates[i], '=');
        struct bytes key = bytes_of(rates[i], equal ? (size_t)(equal - rates[i]) : 0);
        uint64_t value;
        if (!equal || !decimal_parse(bytes_text(equal + 1), &value) || value < 1 || value > 5)
            return misuse(x->c, e, "a rating is WORD=1 to WORD=5, not \"%s\"",
                          shown_short(x->c, bytes_text(rates[i]), 40));
        json_set_bytes(&x->m, rating, key, json_new_integer(&x->m, (int64_t)value));
    }
    return true;
}

static bool fill_contest(struct saying *x, struct matter *q, struct err *e)
{
    size_t n;

    option_all(x->c, "item", &n);
    saying_text(x, "reason", "reason");
    if (!json_find(x->body, "reason"))
        return misuse(x->c, e, "say why: --reason TEXT");
    return n == 0 || item_numbers(x, q, json_set_array(&x->m, x->body, "items"), e);
}

static bool may_enter(struct saying *x, uint64_t rung)
{
    json_set_integer(&x->m, x->body, "rung", (int64_t)rung);
    return json_made(&x->m, x->body, &x->s.body, NULL) && desk_may(x->desk, &x->s, NULL);
}

/* The next rung; or the one we stand on by the clock alone, to have it said by an act. */
static bool fill_escalate(struct saying *x, struct matter *q, struct err *e)
{
    uint64_t rung;

    if (option(x->c, "rung")) {
        if (!decimal_parse(bytes_text(option(x->c, "rung")), &rung) || rung < 1 || rung > 16)
            return misuse(x->c, e, "--rung is a number from 1 on");
        json_set_integer(&x->m, x->body, "rung", (int64_t)rung);
        return true;
    }
    if (may_enter(x, q->v.rung + 1u) || (q->v.rung && may_enter(x, q->v.rung)))
        return true;
    json_set_integer(&x->m, x->body, "rung", q->v.rung + 1);
    return true;
}

static bool fill_until(struct saying *x, struct matter *q, struct err *e)
{
    (void)q;
    return instant_option(x->c, "until", &x->m, x->body, "until", e);
}

static bool is_proposal(uint8_t kind)
{
    return kind == CASES_REQUEST_EXTEND || kind == CASES_REQUEST_COMPLEX ||
           kind == CASES_REQUEST_SUSPEND || kind == CASES_REQUEST_RESUME;
}

/* Yes to the other side's last proposal. */
static bool fill_agree(struct saying *x, struct matter *q, struct err *e)
{
    struct hash *found = arena_get(x->c->arena, sizeof *found, e);
    struct cases *cases = found ? desk_begin(x->desk, e) : NULL;
    struct cases_act_view *acts;
    bool any = false, ok;
    size_t n;

    if (!cases)
        return false;
    ok = cases_acts(cases, &q->id, x->c->arena, &acts, &n, e);
    for (size_t i = 0; ok && i < n; i++)
        if (is_proposal(acts[i].kind) && acts[i].author != q->self &&
            acts[i].verdict == CASES_TAKEN) {
            *found = acts[i].id;
            any = true;
        }
    desk_end(x->desk);
    x->s.answers = found;
    return ok && (any || err_fail(e, ERR_DENIED, "the other side has proposed nothing"));
}

static bool fill_rule(struct saying *x, struct matter *q, struct err *e)
{
    (void)q;
    saying_text(x, "question", "question");
    if (option_given(x->c, "upheld") == option_given(x->c, "not-upheld"))
        return misuse(x->c, e, "say either --upheld or --not-upheld");
    json_set_bool(&x->m, x->body, "upheld", option_given(x->c, "upheld"));
    return true;
}

/* ---- the commands ---- */

#define COMMAND(id, word, kind_, fill_, synopsis_, sentence_, more_, ...)                          \
    static const struct option_row id##_options[] = {__VA_ARGS__ TEXT_ROW, COMMON_ROWS};           \
    static bool run_##id(struct cli *c, struct err *e)                                             \
    {                                                                                              \
        return speak(c, kind_, fill_, e);                                                          \
    }                                                                                              \
    const struct command cmd_request_##id = {.name = "request " word,                              \
                                             .synopsis = synopsis_,                                \
                                             .sentence = sentence_,                                \
                                             .more = more_,                                        \
                                             .options = id##_options,                              \
                                             .least = 1,                                           \
                                             .most = 1,                                            \
                                             .needs = NEEDS_NODE,                                  \
                                             .run = run_##id};

#define ROW(...) {__VA_ARGS__},

COMMAND(ack, "ack", CASES_REQUEST_ACK, NULL, "ID [--text TEXT]",
        "Say that a person has seen the request: stops its clock of acknowledgement.", NULL, )
COMMAND(clarify, "clarify", CASES_REQUEST_CLARIFY, fill_clarify,
        "ID [--item N]... [--field NAME]... [--text TEXT]",
        "Ask what is meant; or, by who asked, say it.",
        "The clock of the final answer stops only if a mandatory field is missing or a numbered "
        "item is\nnamed, once for each. Who asked answers with --text and --field NAME=TEXT; then "
        "it runs again.\n",
        ROW("item", 0, "N", "an item that is not clear")
            ROW("field", 0, "NAME[=TEXT]", "a member of the request that is missing"))
COMMAND(status, "status", CASES_REQUEST_STATUS, NULL, "ID --text TEXT",
        "Report how far the work on a request is.", NULL, )
COMMAND(answer, "answer", CASES_REQUEST_ANSWER, fill_answer,
        "ID [--item N:TEXT]... [--not-held N]... [--refuse N=GROUND]... [--later N]... "
        "[--attach SPEC]...",
        "Answer a request, item by item; final when no item is left.",
        "Where there is one item, --item TEXT is enough. With --text alone all open items are "
        "answered.\nEach item ends in one status: answered, not held, or refused with a ground.\n",
        ROW("item", 0, "N:TEXT", "the answer to item N")
            ROW("not-held", 0, "N[:TEXT]", "we do not have what item N asks for")
                ROW("refuse", 0, "N=GROUND", "item N is refused on that ground")
                    ROW("later", 0, "N[:TEXT]", "item N will be answered later")
                        ROW("partial", 0, NULL, "more will follow even if no item is left open"))
COMMAND(refuse, "refuse", CASES_REQUEST_REFUSE, fill_refuse,
        "ID --ground GROUND [--item N]... [--because TEXT] [--consult]",
        "Refuse a request, or items of it, on an agreed ground.",
        "The ground is one of the agreement's (entente agreement show); some want more, which "
        "--because\nsays: a date, what was searched, a provision, an authority, a counter-offer. "
        "Where the clause\nsays so, partial help has to be offered (--consult) or asked about "
        "(clarify) first.\n",
        ROW("ground", 0, "GROUND",
            "sovereignty-security, public-order, ongoing-case, not-held, no-legal-power, "
            "authorisation-denied, privilege-immunity, fundamental-rights, third-party-origin, "
            "disproportionate, out-of-scope, malformed, quota, conflict-of-law or duplicate")
            ROW("item", 0, "N", "only this item; may be given again; all if not given")
                ROW("because", 0, "TEXT", "what the ground needs by the agreement")
                    ROW("consult", 0, NULL, "we offer to talk about partial or conditional help"))
COMMAND(extend, "extend", CASES_REQUEST_EXTEND, fill_extend,
        "ID --by TERM | ID --complex --expected WHEN",
        "Take more time, as of right or by consent, as the agreement says.",
        "Where the clause wants consent, nothing changes until the other side says entente "
        "request agree.\n",
        ROW("by", 0, "TERM", "such as \"5 days\" or \"12 hours\"") ROW("reason", 0, "TEXT", "why")
            ROW("complex", 0, NULL, "a court step is needed: the request becomes complex")
                ROW("expected", 0, "WHEN", "when that is expected"))
COMMAND(
    accept, "accept", CASES_REQUEST_ACCEPT, fill_accept, "ID [--rate WORD=N]... [--text TEXT]",
    "Accept an answer, and rate it: the request is closed.",
    "Silence for the agreed time is acceptance without rating.\n",
    ROW("rate", 0, "WORD=N",
        "relevance, accuracy, timeliness, clarity, specificity, usefulness, format or evidence, "
        "from 1 to 5; may be given again"))
COMMAND(contest, "contest", CASES_REQUEST_CONTEST, fill_contest, "ID --reason TEXT [--item N]...",
        "Contest an answer or a refusal.", NULL,
        ROW("reason", 0, "TEXT", "what is wrong with it")
            ROW("item", 0, "N", "only this item; may be given again; all if not given"))
COMMAND(escalate, "escalate", CASES_REQUEST_ESCALATE, fill_escalate, "ID [--rung N] [--text TEXT]",
        "Take the next rung of the ladder: point of contact, hotline, senior officials, arbiter.",
        "A rung opens by what the agreement says: overdue, refused, contested, or the time of the "
        "rung\nbelow has passed.\n",
        ROW("rung", 0, "N", "from 1; the next one if not given"))
COMMAND(withdraw, "withdraw", CASES_REQUEST_WITHDRAW, NULL, "ID [--text TEXT]",
        "Withdraw a request of ours.",
        "What was received already stays under the clause on use.\n", )
COMMAND(suspend, "suspend", CASES_REQUEST_SUSPEND, fill_until, "ID [--until WHEN] [--text TEXT]",
        "Propose to stop all clocks of a request for a while.",
        "They stop when the other side says entente request agree.\n",
        ROW("until", 0, "WHEN", "no longer than this"))
COMMAND(resume, "resume", CASES_REQUEST_RESUME, NULL, "ID [--text TEXT]",
        "Propose that the clocks of a suspended request run again.", NULL, )
COMMAND(agree, "agree", CASES_AGREE, fill_agree, "ID [--text TEXT]",
        "Say yes to what the other side has proposed: an extension, a suspension, its end.", NULL, )
COMMAND(rule, "rule", CASES_REQUEST_RULING, fill_rule,
        "ID --question ground|deadline|completeness --upheld|--not-upheld [--text TEXT]",
        "Rule on a request, as its arbiter.",
        "Only the arbiter of the rung on which the request stands may, and only on the ground, the "
        "deadline\nor completeness. Not upheld: what was refused or contested is to be answered, "
        "and the clock starts\nagain.\n",
        ROW("question", 0, "WORD", "ground, deadline or completeness")
            ROW("upheld", 0, NULL, "the responder was right")
                ROW("not-upheld", 0, NULL, "it was not"))
