/* The derivation of due instants (cases.md 3.5): start, rule, stops, extensions, calendar, end. The
 * text is a function of agreement and logs; two nodes and a dossier print the same bytes. */
#include "base/text.h"
#include "cases/fold_impl.h"

struct why {
    struct cases *c;
    const struct matter *m;
    const struct state *s;
    const struct catalogue *words;
    struct notes notes;
    struct buf b;
    int64_t now;
};

void put_instant(struct buf *b, int64_t ms)
{
    char text[TIME_TEXT_MAX];

    instant_print(text, ms);
    buf_puts(b, text);
}

static const char *party(struct why *y, uint16_t who)
{
    return said_party(&y->b, y->words, y->s->terms, who);
}

static const char *instant(struct why *y, int64_t ms)
{
    return said_instant(&y->b, y->words, ms);
}

static const char *span(struct why *y, int64_t ms)
{
    return said_span(&y->b, y->words, ms);
}

/* The first column of a line, and of one that goes on. */
static void why_label(struct why *y, const char *text)
{
    buf_label(&y->b, y->words, text, 10);
}

static void further(struct why *y)
{
    buf_puts(&y->b, "          ");
}

/* In UTC, and as the clocks of both parties show it. */
static void zoned(struct why *y, int64_t ms)
{
    const struct terms_party *p = y->s->terms->parties;
    uint16_t who[2] = {y->s->from, y->s->to};
    bool any = false;

    buf_puts(&y->b, instant(y, ms));
    for (int i = 0; i < 2 && ms != CASES_NEVER; i++) {
        char text[40];
        if (who[i] == NOBODY || !p[who[i]].zone)
            continue;
        cases_zone_print(text, p[who[i]].zone, ms);
        buf_puts(&y->b, any ? ", " : " = ");
        buf_say(&y->b, y->words, "%s in %s", text, p[who[i]].zone->name);
        any = true;
    }
    buf_puts(&y->b, "\n");
}

static void title(struct why *y)
{
    struct buf id = buf_in(y->b.arena);
    const char *from = party(y, y->s->from), *to = party(y, y->s->to), *hex;

    buf_hex(&id, y->m->id.b, 32);
    hex = buf_string(&id, &y->b.e);
    if (!hex)
        return;
    if (y->s->kind == MATTER_REQUEST)
        buf_say(&y->b, y->words, "request %s of %s to %s", hex, from, to);
    else if (y->s->kind == MATTER_CLAIM)
        buf_say(&y->b, y->words, "claim %s of %s to %s", hex, from, to);
    else
        buf_say(&y->b, y->words, "ping %s of %s to %s", hex, from, to);
    if (y->s->exercise)
        buf_say(&y->b, y->words, ", an exercise");
    buf_puts(&y->b, "\n");
}

static void head(struct why *y)
{
    const struct rec *o = rec_at(y->c, y->m->opener);
    unsigned long long index = o->index;
    const char *from = party(y, y->s->from), *claimed = instant(y, o->claimed);

    title(y);
    why_label(y, "agreement");
    buf_hex(&y->b, y->s->terms->id.b, 32);
    buf_puts(&y->b, "\n");
    why_label(y, "sent");
    zoned(y, o->at);
    further(y);
    if (o->after)
        buf_say(&y->b, y->words, "act %llu of %s's log; claimed %s, made after %s\n", index, from,
                claimed, instant(y, o->after));
    else
        buf_say(&y->b, y->words, "act %llu of %s's log; claimed %s\n", index, from, claimed);
}

static void delivery(struct why *y)
{
    const struct rec *o = rec_at(y->c, y->m->opener);
    const struct clock *k = &y->s->clock;

    why_label(y, "delivered");
    zoned(y, k->started);
    further(y);
    if (y->s->kind == MATTER_REQUEST && y->s->request.queued)
        buf_say(&y->b, y->words, "queued until its turn by the quota per day\n");
    else if (y->s->kind == MATTER_REQUEST && y->s->request.ruled && !y->s->request.upheld)
        buf_say(&y->b, y->words, "the clock began again with the arbiter's ruling\n");
    else if (k->deemed)
        buf_say(&y->b, y->words,
                "deemed: first signature of somebody else %s and the grace of %s\n",
                instant(y, o->seen), span(y, y->s->terms->grace_ms));
    else
        buf_say(&y->b, y->words, "by the addressee's own receipt, or its own act\n");
}

static void day_rule(struct why *y, const struct cases_count *k)
{
    const struct terms_party *p = &y->s->terms->parties[y->s->to];
    char event[16], last[16], due[16], hash[17];

    civil_print(event, k->event_day);
    civil_print(last, k->last_day);
    civil_print(due, k->due_day);
    hex_encode(hash, p->calendar->hash.b, 8);
    hash[16] = '\0';
    further(y);
    buf_say(&y->b, y->words, "days by Regulation 1182/71 art. 3 in %s, calendar %s (%s)\n",
            p->zone->name, p->calendar->name, hash);
    further(y);
    buf_say(&y->b, y->words, "the day of the event, %s, is not counted; the last day is %s\n",
            event, last);
    if (k->stopped_days) {
        further(y);
        buf_format(&y->b,
                   catalogue_plural(y->words, "%u begun day of clock stop is in it\n",
                                    "%u begun days of clock stop are in it\n", k->stopped_days),
                   k->stopped_days);
    }
    if (k->filled) {
        further(y);
        buf_say(&y->b, y->words, "%u more, so that it holds two working days (art. 3(5))\n",
                k->filled);
    }
    if (k->moved) {
        further(y);
        buf_say(&y->b, y->words, "moved by %u to the next working day, %s (art. 3(4))\n", k->moved,
                due);
    }
    if (k->beyond) {
        further(y);
        buf_say(&y->b, y->words, "beyond what the calendar covers only weekends are known\n");
    }
}

static void term_line(struct why *y, const char *name, struct cases_term t, int64_t stopped,
                      bool final)
{
    const struct clock *k = &y->s->clock;

    why_label(y, name);
    buf_puts(&y->b, said_term(&y->b, y->words, t));
    if (final && k->extra_days)
        buf_say(&y->b, y->words, " and %u days of extension", k->extra_days);
    if (final && k->extra_ms)
        buf_say(&y->b, y->words, " and an extension of %s", span(y, k->extra_ms));
    if (stopped)
        buf_say(&y->b, y->words, ", stopped for %s", span(y, stopped));
    buf_puts(&y->b, "\n");
}

static void one(struct why *y, const char *name, struct cases_term t, int64_t due, bool final)
{
    const struct terms_party *p = &y->s->terms->parties[y->s->to];
    const struct clock *k = &y->s->clock;
    int64_t stopped = due == CASES_NEVER ? 0 : clock_stopped(y->c, y->s, final, due);
    struct cases_count how;

    term_line(y, name, t, stopped, final);
    if (t.unit == CASES_NOT_AGREED)
        return;
    if (t.unit > CASES_HOURS) {
        t.n += final ? k->extra_days : 0;
        cases_count_term(p->zone, p->calendar, k->started, t, stopped, &how);
        day_rule(y, &how);
    } else {
        further(y);
        buf_say(&y->b, y->words, "hours run on, weekends included\n");
    }
    if (final && k->wished != CASES_NEVER && due == k->wished) {
        further(y);
        buf_say(&y->b, y->words, "the requester wished for a later instant\n");
    }
    further(y);
    buf_say(&y->b, y->words, "due ");
    zoned(y, due);
}

static void event(struct why *y, const struct note *n)
{
    struct buf *b = &y->b;
    const struct catalogue *w = y->words;
    struct cases_term t = {(uint32_t)n->ms, n->a};

    switch (n->what) {
    case NOTE_CLARIFY_STOP:
        buf_say(b, w, "clarification asked: the clock stops\n");
        break;
    case NOTE_CLARIFY_RUN:
        buf_say(b, w, "clarified: the clock runs, stopped for %s\n", span(y, n->ms));
        break;
    case NOTE_SUSPEND_STOP:
        buf_say(b, w, "suspended by both: all clocks stop\n");
        break;
    case NOTE_SUSPEND_RUN:
        buf_say(b, w, "resumed: stopped for %s\n", span(y, n->ms));
        break;
    case NOTE_EXTENDED:
        buf_say(b, w, "extended by %s\n", said_term(b, w, t));
        break;
    case NOTE_COMPLEX:
        buf_say(b, w, "moved to complex\n");
        break;
    case NOTE_REOPENED:
        buf_say(b, w, "the arbiter found against the responder: the clock begins again\n");
        break;
    case NOTE_QUEUED:
        buf_say(b, w, "over the quota of its day: queued until %s\n", instant(y, n->ms));
        break;
    case NOTE_DOWNGRADED:
        buf_say(b, w, "over the month's quota of emergencies: handled as %s\n",
                cases_said(w, "urgency", cases_urgency_words[n->a]));
        break;
    case NOTE_NO_STOP:
        buf_say(b, w, "clarification asked: does not stop the clock: no mandatory field missing\n");
        break;
    case NOTE_LAPSED:
        buf_say(b, w, "lapsed\n");
        break;
    default:
        buf_say(b, w, "accepted by silence, without rating\n");
        break;
    }
}

static void events(struct why *y)
{
    for (size_t i = 0; i < y->notes.n; i++) {
        why_label(y, "event");
        buf_puts(&y->b, instant(y, y->notes.list[i].at));
        buf_puts(&y->b, " ");
        event(y, &y->notes.list[i]);
    }
}

static void where_it_stands(struct why *y)
{
    const struct clock *k = &y->s->clock;
    const struct catalogue *w = y->words;
    bool stopped = k->clarify_from != CASES_NEVER || k->suspend_from != CASES_NEVER;

    why_label(y, "at");
    buf_puts(&y->b, instant(y, y->now));
    buf_puts(&y->b, " ");
    if (stopped)
        buf_say(&y->b, w, "the clock is stopped\n");
    else if (is_overdue(y->s, y->now))
        buf_say(&y->b, w, "overdue by %s\n", span(y, y->now - k->final_due));
    else if (y->s->kind == MATTER_REQUEST && !request_live(&y->s->request))
        buf_format(&y->b, "%s\n", cases_said(w, "state", cases_state_words[y->s->request.state]));
    else if (k->final_due != CASES_NEVER && k->final_due >= y->now)
        buf_say(&y->b, w, "due in %s\n", span(y, k->final_due - y->now));
    else
        buf_say(&y->b, w, "nothing is due\n");
}

static void clause(struct why *y)
{
    why_label(y, "clause");
    if (y->s->kind == MATTER_REQUEST)
        buf_format(&y->b, "request.%s, clock.urgency.%s\n", cases_type_words[y->s->request.type],
                   cases_urgency_words[y->s->request.urgency]);
    else
        buf_puts(&y->b,
                 y->s->kind == MATTER_CLAIM ? "claim, clock.claim\n" : "clock.urgency.ping\n");
}

static void print_all(struct why *y)
{
    const struct terms_clock *t;

    if (y->s->kind == MATTER_LOOSE || y->s->kind == MATTER_REMEDY || y->s->void_) {
        buf_say(&y->b, y->words, "no clock: %s\n",
                cases_said(y->words, "verdict", cases_verdict_words[y->s->opening]));
        return;
    }
    head(y);
    if (y->s->clock.started == CASES_NEVER) {
        why_label(y, "delivered");
        buf_say(&y->b, y->words, "not yet: no receipt, and nobody else has signed for it\n");
        return;
    }
    t = state_terms(y->s);
    clause(y);
    delivery(y);
    events(y);
    one(y, N_("ack"), t->ack, y->s->clock.ack_due, false);
    one(y, N_("status"), t->status, y->s->clock.status_due, false);
    one(y, N_("final"), t->final, y->s->clock.final_due, true);
    where_it_stands(y);
}

bool cases_why(struct cases *c, const struct hash *id, int64_t now, const struct catalogue *words,
               struct arena *a, struct bytes *out, struct err *e)
{
    struct why y = {.c = c, .words = words, .notes = {.arena = a}, .b = buf_in(a), .now = now};
    struct matter *m;
    struct state *s;

    if (!find_matter(c, id, &m, e) || !matter_as_of(c, m, now, false, &y.notes, a, &s, e))
        return false;
    y.m = m;
    y.s = s;
    if (s)
        print_all(&y);
    else
        buf_say(&y.b, words, "no clock: not dated yet at that instant\n");
    return buf_end(&y.b, out, e);
}
