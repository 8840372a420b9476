/* A matter as text for people, and as canonical JSON. The words are the parties' acts and what the
 * agreement makes of them. */
#include "cases/show_impl.h"

static const char *const timing_words[] = {"", "in time", "late", "not decidable"};

static void line(struct buf *b, const char *name, int64_t ms)
{
    if (ms == CASES_NEVER || ms == 0)
        return;
    buf_format(b, "%-10s", name);
    put_instant(b, ms);
    buf_puts(b, "\n");
}

static void timed(struct buf *b, const char *name, int64_t at, uint8_t timing, int64_t due)
{
    if (at == CASES_NEVER)
        return;
    buf_format(b, "%-10s", name);
    put_instant(b, at);
    if (timing) {
        buf_format(b, " %s", timing_words[timing]);
        if (due != CASES_NEVER && at != due) {
            buf_puts(b, ", ");
            put_span(b, at > due ? at - due : due - at);
            buf_puts(b, at > due ? " after due" : " before due");
        }
    }
    buf_puts(b, "\n");
}

static void show_request(struct buf *b, const struct cases_view *v)
{
    buf_format(b, "request   %s, %s", cases_type_words[v->request.type],
               cases_urgency_words[v->request.urgency]);
    if (v->request.urgency != v->request.asked_urgency)
        buf_format(b, " (asked as %s)", cases_urgency_words[v->request.asked_urgency]);
    buf_format(b, "%s\nstate     %s%s\n", v->request.confidential ? ", keep confidential" : "",
               cases_state_words[v->request.state], v->overdue ? ", OVERDUE" : "");
    line(b, "queued", v->request.queued_until);
    timed(b, "ack", v->acked_at, v->ack_timing, v->ack_due);
    timed(b, "status", v->request.first_status_at, v->status_timing, v->status_due);
    timed(b, "answered", v->request.answered_at, v->final_timing, v->final_due);
    timed(b, "refused", v->request.refused_at, v->final_timing, v->final_due);
    if (v->request.ground < CASES_GROUNDS)
        buf_format(b, "ground    %s\n", cases_ground_words[v->request.ground]);
    for (unsigned i = 0; i < v->request.items_n; i++)
        buf_format(b, "item %-4u %s\n", i + 1, cases_item_words[v->request.item[i]]);
    line(b, "held to", v->request.hold_until);
}

static void show_claim(struct buf *b, const struct cases_view *v)
{
    const struct cases_likelihood *l = &cases_likelihoods[v->claim.likelihood];

    buf_format(b, "claim     %s: the claimant's, not this program's\n",
               cases_predicate_words[v->claim.predicate]);
    buf_format(b, "state     %s\n", cases_claim_state_words[v->claim.state]);
    if (v->claim.counter) {
        buf_puts(b, "counter to ");
        buf_hex(b, v->claim.counter_to.b, 32);
        buf_puts(b, "\n");
    }
    buf_format(b, "likely    %s (%u to %u %%)\nconfident %s\n", l->word, l->low, l->high,
               cases_confidence_words[v->claim.confidence]);
    buf_format(
        b, "evidence  %u, of them %u attached or in escrow, %u withheld and counted as nothing\n",
        v->claim.evidence, v->claim.held, v->claim.withheld);
    buf_format(b, "history   %u hypotheses, %u revisions, %u rebuttals\n", v->claim.hypotheses,
               v->claim.revisions, v->claim.rebuts);
    if (v->claim.replied_at != CASES_NEVER) {
        buf_format(b, "reply     %s\n", cases_reply_words[v->claim.reply]);
        timed(b, "replied", v->claim.replied_at, v->final_timing, v->final_due);
    } else if (v->claim.unanswered) {
        buf_puts(b, "reply     no reply by ");
        put_instant(b, v->final_due);
        buf_puts(b, "\n");
    }
    if (v->claim.obligations)
        buf_format(b, "settled   %u obligations, %u open, %u not kept\n", v->claim.obligations,
                   v->claim.obligations_open, v->claim.obligations_broken);
}

static void show_act(struct buf *b, const struct cases_terms *t, const struct cases_act_view *x)
{
    buf_puts(b, "act       ");
    if (x->settled)
        put_instant(b, x->at);
    else
        buf_puts(b, x->waits ? "what it answers is not here" : "nobody has signed for it yet");
    buf_puts(b, " ");
    put_party(b, t, x->author);
    buf_format(b, " %llu %s", (unsigned long long)x->index,
               x->kind ? cases_kind_words[x->kind] : "?");
    if (x->timing)
        buf_format(b, ", %s", timing_words[x->timing]);
    if (x->verdict)
        buf_format(b, ": %s%s%s", cases_verdict_words[x->verdict],
                   x->clause[0] ? ", by clause " : "", x->clause);
    if (x->contradicted) {
        buf_puts(b, "; time contradicted: claimed ");
        put_instant(b, x->claimed);
        buf_puts(b,
                 x->claimed < x->after ? ", cannot be earlier than " : ", cannot be later than ");
        put_instant(b, x->claimed < x->after ? x->after : x->seen);
    }
    buf_puts(b, "\n");
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

bool cases_show(struct cases *c, const struct hash *id, int64_t now, struct arena *a,
                struct bytes *out, struct err *e)
{
    return cases_show_bodies(c, id, now, NULL, a, out, e);
}

bool cases_show_bodies(struct cases *c, const struct hash *id, int64_t now,
                       const struct cases_bodies *bodies, struct arena *a, struct bytes *out,
                       struct err *e)
{
    const struct cases_terms *t = terms_last(c);
    const struct json *body;
    struct buf b = buf_in(a);
    struct cases_act_view *acts;
    struct cases_view v;
    size_t n;

    if (!t || !gather(c, id, now, a, &v, &acts, &n, e))
        return false;
    buf_puts(&b, "id        ");
    buf_hex(&b, id->b, 32);
    buf_puts(&b, "\nfrom      ");
    put_party(&b, t, v.from);
    buf_puts(&b, "\nto        ");
    put_party(&b, t, v.to);
    buf_puts(&b, v.exercise ? "\nEXERCISE\n" : "\n");
    line(&b, v.pending ? "claimed" : "sent", v.sent_at);
    line(&b, v.deemed ? "deemed" : "delivered", v.delivered_at);
    line(&b, "due", v.final_due);
    line(&b, "stopped", v.stopped_since);
    if (v.rung)
        buf_format(&b, "rung      %u, %s\n", v.rung, (const char *)t->rungs[v.rung - 1].name.p);
    if (v.verdict)
        buf_format(&b, "void      %s\n", cases_verdict_words[v.verdict]);
    else if (v.kind == CASES_IS_REQUEST)
        show_request(&b, &v);
    else if (v.kind == CASES_IS_CLAIM)
        show_claim(&b, &v);
    for (size_t i = 0; i < n; i++) {
        show_act(&b, t, &acts[i]);
        if (!body_of(bodies, &acts[i], a, &body, e))
            return false;
        if (body)
            put_body(&b, body);
        else if (bodies)
            buf_puts(&b, "          what it says is not here: withheld or erased\n");
    }
    return buf_end(&b, out, e);
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
    static const char *const kinds[] = {"act", "request", "claim", "ping", "remedy"};
    const struct cases_terms *t = terms_last(c);
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m), *list;
    const struct json *body;
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
