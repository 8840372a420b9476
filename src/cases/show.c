/* A matter as text for people, and as canonical JSON. The words are the parties' acts and what the
 * agreement makes of them. */
#include "base/catalogue.h"
#include "cases/show_impl.h"

static const char *const timing_words[] = {"", "in time", "late", "not decidable"};

/* A text that is being written. */
struct show {
    struct buf b;
    const struct catalogue *words;
    const struct cases_terms *terms;
};

static const char *instant(struct show *s, int64_t ms)
{
    return said_instant(&s->b, s->words, ms);
}

static void show_label(struct show *s, const char *text)
{
    buf_label(&s->b, s->words, text, 10);
}

static void show_line(struct show *s, const char *name, int64_t ms)
{
    if (ms == CASES_NEVER || ms == 0)
        return;
    show_label(s, name);
    buf_format(&s->b, "%s\n", instant(s, ms));
}

static void put_timing(struct show *s, uint8_t timing)
{
    buf_say(&s->b, s->words,
            timing == CASES_IN_TIME ? N_("in time")
            : timing == CASES_LATE  ? N_("late")
                                    : N_("not decidable"));
}

static void show_timed(struct show *s, const char *name, int64_t at, uint8_t timing, int64_t due)
{
    const char *span;

    if (at == CASES_NEVER)
        return;
    show_label(s, name);
    buf_puts(&s->b, instant(s, at));
    if (timing) {
        buf_puts(&s->b, " ");
        put_timing(s, timing);
    }
    if (timing && due != CASES_NEVER && at != due) {
        span = said_span(&s->b, s->words, at > due ? at - due : due - at);
        buf_say(&s->b, s->words, at > due ? N_(", %s after due") : N_(", %s before due"), span);
    }
    buf_puts(&s->b, "\n");
}

static const char *word(const struct show *s, const char *table, const char *w)
{
    return cases_said(s->words, table, w);
}

static void request_head(struct show *s, const struct cases_view *v)
{
    const char *type = word(s, "type", cases_type_words[v->request.type]),
               *urgency = word(s, "urgency", cases_urgency_words[v->request.urgency]),
               *asked = word(s, "urgency", cases_urgency_words[v->request.asked_urgency]);

    show_label(s, "request");
    if (v->request.urgency != v->request.asked_urgency)
        buf_say(&s->b, s->words, "%s, %s (asked as %s)", type, urgency, asked);
    else
        buf_say(&s->b, s->words, "%s, %s", type, urgency);
    if (v->request.confidential)
        buf_say(&s->b, s->words, ", keep confidential");
    buf_puts(&s->b, "\n");
    show_label(s, "state");
    buf_puts(&s->b, word(s, "state", cases_state_words[v->request.state]));
    if (v->overdue)
        buf_say(&s->b, s->words, ", OVERDUE");
    buf_puts(&s->b, "\n");
}

static void show_request(struct show *s, const struct cases_view *v)
{
    request_head(s, v);
    show_line(s, "queued", v->request.queued_until);
    show_timed(s, "ack", v->acked_at, v->ack_timing, v->ack_due);
    show_timed(s, "status", v->request.first_status_at, v->status_timing, v->status_due);
    show_timed(s, "answered", v->request.answered_at, v->final_timing, v->final_due);
    show_timed(s, "refused", v->request.refused_at, v->final_timing, v->final_due);
    if (v->request.ground < CASES_GROUNDS) {
        show_label(s, "ground");
        buf_format(&s->b, "%s\n", word(s, "ground", cases_ground_words[v->request.ground]));
    }
    for (unsigned i = 0; i < v->request.items_n; i++)
        buf_say(&s->b, s->words, "item %-4u %s\n", i + 1,
                word(s, "item", cases_item_words[v->request.item[i]]));
    show_line(s, "held to", v->request.hold_until);
}

static void claim_reply(struct show *s, const struct cases_view *v)
{
    if (v->claim.replied_at != CASES_NEVER) {
        show_label(s, "reply");
        buf_format(&s->b, "%s\n", word(s, "reply", cases_reply_words[v->claim.reply]));
        show_timed(s, "replied", v->claim.replied_at, v->final_timing, v->final_due);
    } else if (v->claim.unanswered) {
        show_label(s, "reply");
        buf_say(&s->b, s->words, "no reply by %s\n", instant(s, v->final_due));
    }
    if (v->claim.obligations) {
        show_label(s, "settled");
        buf_say(&s->b, s->words, "%u obligations, %u open, %u not kept\n", v->claim.obligations,
                v->claim.obligations_open, v->claim.obligations_broken);
    }
}

static void show_claim(struct show *s, const struct cases_view *v)
{
    const struct cases_likelihood *l = &cases_likelihoods[v->claim.likelihood];

    show_label(s, "claim");
    buf_say(&s->b, s->words, "%s: the claimant's, not this program's\n",
            word(s, "predicate", cases_predicate_words[v->claim.predicate]));
    show_label(s, "state");
    buf_format(&s->b, "%s\n", word(s, "claim_state", cases_claim_state_words[v->claim.state]));
    if (v->claim.counter) {
        show_label(s, "counter to");
        buf_hex(&s->b, v->claim.counter_to.b, 32);
        buf_puts(&s->b, "\n");
    }
    show_label(s, "likely");
    buf_say(&s->b, s->words, "%s (%u to %u %%)\n", word(s, "likelihood", l->word), l->low, l->high);
    show_label(s, "confident");
    buf_format(&s->b, "%s\n", word(s, "confidence", cases_confidence_words[v->claim.confidence]));
    show_label(s, "evidence");
    buf_say(&s->b, s->words,
            "%u, of them %u attached or in escrow, %u withheld and counted as nothing\n",
            v->claim.evidence, v->claim.held, v->claim.withheld);
    show_label(s, "history");
    buf_say(&s->b, s->words, "%u hypotheses, %u revisions, %u rebuttals\n", v->claim.hypotheses,
            v->claim.revisions, v->claim.rebuts);
    claim_reply(s, v);
}

static void contradiction(struct show *s, const struct cases_act_view *x)
{
    const char *claimed = instant(s, x->claimed);

    if (x->claimed < x->after)
        buf_say(&s->b, s->words, "; time contradicted: claimed %s, cannot be earlier than %s",
                claimed, instant(s, x->after));
    else
        buf_say(&s->b, s->words, "; time contradicted: claimed %s, cannot be later than %s",
                claimed, instant(s, x->seen));
}

static void show_act(struct show *s, const struct cases_act_view *x)
{
    const char *who = said_party(&s->b, s->words, s->terms, x->author);

    show_label(s, "act");
    if (x->settled)
        buf_puts(&s->b, instant(s, x->at));
    else
        buf_say(&s->b, s->words,
                x->waits ? N_("what it answers is not here") : N_("nobody has signed for it yet"));
    buf_format(&s->b, " %s %llu %s", who, (unsigned long long)x->index,
               x->kind ? cases_kind_words[x->kind] : "?");
    if (x->timing) {
        buf_puts(&s->b, ", ");
        put_timing(s, x->timing);
    }
    if (x->verdict && x->clause[0])
        buf_say(&s->b, s->words, ": %s, by clause %s",
                word(s, "verdict", cases_verdict_words[x->verdict]), x->clause);
    else if (x->verdict)
        buf_format(&s->b, ": %s", word(s, "verdict", cases_verdict_words[x->verdict]));
    if (x->contradicted)
        contradiction(s, x);
    buf_puts(&s->b, "\n");
}

/* The act's words; without them where the body is not here. */
static bool body_of(const struct cases_bodies *bodies, const struct cases_act_view *x,
                    struct arena *a, const struct json **out, struct err *e)
{
    struct bytes text = {0};

    *out = NULL;
    if (!bodies)
        return true;
    if (!bodies->read(bodies->self, x->locator, a, &text, e))
        return false;
    *out = text.n ? json_parse(text, a, NULL) : NULL;
    return true;
}

static bool gather(struct cases *c, const struct hash *id, int64_t now, struct arena *a,
                   struct cases_view *v, struct cases_act_view **acts, size_t *n, struct err *e)
{
    return cases_view(c, id, now, a, v, e) && cases_acts(c, id, a, acts, n, e);
}

static void show_head(struct show *s, const struct hash *id, const struct cases_view *v)
{
    show_label(s, "id");
    buf_hex(&s->b, id->b, 32);
    buf_puts(&s->b, "\n");
    show_label(s, "from");
    buf_format(&s->b, "%s\n", said_party(&s->b, s->words, s->terms, v->from));
    show_label(s, "to");
    buf_format(&s->b, "%s\n", said_party(&s->b, s->words, s->terms, v->to));
    if (v->exercise)
        buf_say(&s->b, s->words, "EXERCISE\n");
    show_line(s, v->pending ? N_("claimed") : N_("sent"), v->sent_at);
    show_line(s, v->deemed ? N_("deemed") : N_("delivered"), v->delivered_at);
    show_line(s, "due", v->final_due);
    show_line(s, "stopped", v->stopped_since);
    if (v->rung) {
        show_label(s, "rung");
        buf_format(&s->b, "%u, %s\n", v->rung, (const char *)s->terms->rungs[v->rung - 1].name.p);
    }
}

bool cases_show(struct cases *c, const struct hash *id, int64_t now, const struct catalogue *words,
                struct arena *a, struct bytes *out, struct err *e)
{
    return cases_show_bodies(c, id, now, NULL, words, a, out, e);
}

bool cases_show_bodies(struct cases *c, const struct hash *id, int64_t now,
                       const struct cases_bodies *bodies, const struct catalogue *words,
                       struct arena *a, struct bytes *out, struct err *e)
{
    const struct json *body;
    struct show s = {.b = buf_in(a), .words = words, .terms = terms_last(c)};
    struct cases_act_view *acts;
    struct cases_view v;
    size_t n;

    if (!s.terms || !gather(c, id, now, a, &v, &acts, &n, e))
        return false;
    show_head(&s, id, &v);
    if (v.verdict) {
        show_label(&s, "void");
        buf_format(&s.b, "%s\n", word(&s, "verdict", cases_verdict_words[v.verdict]));
    } else if (v.kind == CASES_IS_REQUEST) {
        show_request(&s, &v);
    } else if (v.kind == CASES_IS_CLAIM) {
        show_claim(&s, &v);
    }
    for (size_t i = 0; i < n; i++) {
        show_act(&s, &acts[i]);
        if (!body_of(bodies, &acts[i], a, &body, e))
            return false;
        if (body)
            put_body(&s.b, words, body);
        else if (bodies)
            buf_say(&s.b, words, "          what it says is not here: withheld or erased\n");
    }
    return buf_end(&s.b, out, e);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void set_instant(struct json_maker *m, struct json *o, const char *key, int64_t ms)
{
    struct buf b = buf_in(m->arena);

    if (ms == CASES_NEVER || ms == 0)
        return;
    put_instant(&b, ms);
    json_set_string(m, o, key, buf_view(&b));
}

static void set_hex(struct json_maker *m, struct json *o, const char *key, const struct hash *h)
{
    struct buf b = buf_in(m->arena);

    buf_hex(&b, h->b, 32);
    json_set_string(m, o, key, buf_view(&b));
}

static void set_timing(struct json_maker *m, struct json *o, const char *key, uint8_t timing)
{
    if (timing)
        json_set_text(m, o, key, timing_words[timing]);
}

static void json_request(struct json_maker *m, struct json *o, const struct cases_view *v)
{
    struct json *items;

    json_set_text(m, o, "request_type", cases_type_words[v->request.type]);
    json_set_text(m, o, "urgency", cases_urgency_words[v->request.urgency]);
    json_set_text(m, o, "asked_urgency", cases_urgency_words[v->request.asked_urgency]);
    json_set_text(m, o, "state", cases_state_words[v->request.state]);
    if (v->request.ground < CASES_GROUNDS)
        json_set_text(m, o, "ground", cases_ground_words[v->request.ground]);
    items = json_set_array(m, o, "items");
    for (unsigned i = 0; i < v->request.items_n; i++)
        json_add_string(m, items, bytes_text(cases_item_words[v->request.item[i]]));
    set_instant(m, o, "queued_until", v->request.queued_until);
    set_instant(m, o, "first_status", v->request.first_status_at);
    set_instant(m, o, "answered", v->request.answered_at);
    set_instant(m, o, "refused", v->request.refused_at);
    set_instant(m, o, "held_until", v->request.hold_until);
}

static void json_claim(struct json_maker *m, struct json *o, const struct cases_view *v)
{
    struct json *l = json_set_object(m, o, "likelihood");

    json_set_text(m, o, "predicate", cases_predicate_words[v->claim.predicate]);
    json_set_text(m, o, "state", cases_claim_state_words[v->claim.state]);
    json_set_integer(m, l, "low", cases_likelihoods[v->claim.likelihood].low);
    json_set_integer(m, l, "high", cases_likelihoods[v->claim.likelihood].high);
    json_set_text(m, o, "confidence", cases_confidence_words[v->claim.confidence]);
    json_set_integer(m, o, "evidence", v->claim.evidence);
    json_set_integer(m, o, "evidence_held", v->claim.held);
    json_set_integer(m, o, "evidence_withheld", v->claim.withheld);
    json_set_integer(m, o, "revisions", v->claim.revisions);
    if (v->claim.counter)
        set_hex(m, o, "counter_to", &v->claim.counter_to);
    if (v->claim.replied_at != CASES_NEVER)
        json_set_text(m, o, "reply", cases_reply_words[v->claim.reply]);
    json_set_bool(m, o, "unanswered", v->claim.unanswered);
    set_instant(m, o, "replied", v->claim.replied_at);
}

static void json_act(struct json_maker *m, struct json *list, const struct cases_terms *t,
                     const struct cases_act_view *x, const struct json *body)
{
    struct json *o = json_new_object(m);

    set_hex(m, o, "id", &x->id);
    json_set_string(m, o, "author", cases_party_slug(t, x->author));
    json_set_integer(m, o, "index", (int64_t)(x->index & ((UINT64_C(1) << 53) - 1)));
    json_set_text(m, o, "kind", cases_kind_words[x->kind]);
    json_set_text(m, o, "verdict", cases_verdict_words[x->verdict]);
    set_timing(m, o, "timing", x->timing);
    if (x->clause[0]) {
        struct bytes copy;
        if (arena_copy(m->arena, bytes_text(x->clause), &copy, &m->e))
            json_set_string(m, o, "clause", copy);
    }
    set_instant(m, o, "claimed", x->claimed);
    set_instant(m, o, "after", x->after);
    set_instant(m, o, "seen", x->seen);
    set_instant(m, o, "counts", x->at);
    json_set_bool(m, o, "contradicted", x->contradicted);
    if (body)
        json_set(m, o, "body", body);
    json_add(m, list, o);
}

bool cases_show_json(struct cases *c, const struct hash *id, int64_t now, struct arena *a,
                     struct bytes *out, struct err *e)
{
    return cases_show_json_bodies(c, id, now, NULL, a, out, e);
}

bool cases_show_json_bodies(struct cases *c, const struct hash *id, int64_t now,
                            const struct cases_bodies *bodies, struct arena *a, struct bytes *out,
                            struct err *e)
{
    const struct json *body;
    static const char *const kinds[] = {"act", "request", "claim", "ping", "remedy"};
    const struct cases_terms *t = terms_last(c);
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m), *list;
    struct cases_act_view *acts;
    struct cases_view v;
    size_t n;

    if (!t || !gather(c, id, now, a, &v, &acts, &n, e))
        return false;
    set_hex(&m, o, "id", id);
    json_set_text(&m, o, "kind", kinds[v.kind]);
    json_set_string(&m, o, "from", cases_party_slug(t, v.from));
    if (v.to != NOBODY)
        json_set_string(&m, o, "to", cases_party_slug(t, v.to));
    json_set_bool(&m, o, "exercise", v.exercise);
    json_set_bool(&m, o, "pending", v.pending);
    json_set_bool(&m, o, "deemed", v.deemed);
    json_set_bool(&m, o, "overdue", v.overdue);
    json_set_integer(&m, o, "rung", v.rung);
    json_set_text(&m, o, "verdict", cases_verdict_words[v.verdict]);
    set_instant(&m, o, "sent", v.sent_at);
    set_instant(&m, o, "delivered", v.delivered_at);
    set_instant(&m, o, "ack_due", v.ack_due);
    set_instant(&m, o, "status_due", v.status_due);
    set_instant(&m, o, "final_due", v.final_due);
    set_instant(&m, o, "acknowledged", v.acked_at);
    set_instant(&m, o, "ended", v.ended_at);
    set_timing(&m, o, "ack_timing", v.ack_timing);
    set_timing(&m, o, "final_timing", v.final_timing);
    if (!v.verdict && v.kind == CASES_IS_REQUEST)
        json_request(&m, o, &v);
    else if (!v.verdict && v.kind == CASES_IS_CLAIM)
        json_claim(&m, o, &v);
    list = json_set_array(&m, o, "acts");
    for (size_t i = 0; i < n; i++) {
        if (!body_of(bodies, &acts[i], a, &body, e))
            return false;
        json_act(&m, list, t, &acts[i], body);
    }
    return json_made(&m, o, out, e);
}
