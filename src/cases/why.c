/* The derivation of due instants (cases.md 3.5): start, rule, stops, extensions, calendar, end. The
 * text is a function of agreement and logs; two nodes and a dossier print the same bytes. */
#include "cases/fold_impl.h"

struct why {
    struct cases *c;
    const struct matter *m;
    const struct state *s;
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

/* "3 d 4 h 5 min", never an empty text. */
void put_span(struct buf *b, int64_t ms)
{
    const struct {
        int64_t unit;
        const char *word;
    } units[] = {{MS_PER_DAY, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    unsigned said = 0;

    if (ms < 0)
        buf_puts(b, "-");
    ms = ms < 0 ? -ms : ms;
    for (size_t i = 0; i < 5 && said < 3; i++) {
        int64_t n = ms / units[i].unit;
        ms %= units[i].unit;
        if (!n)
            continue;
        buf_format(b, "%s%lld %s", said ? " " : "", (long long)n, units[i].word);
        said++;
    }
    if (!said)
        buf_puts(b, "0 s");
}

void put_party(struct buf *b, const struct cases_terms *t, uint16_t party)
{
    if (party == NOBODY)
        buf_puts(b, "nobody");
    else
        buf_put(b, cases_party_slug(t, party));
}

static void put_hash(struct buf *b, const struct hash *h)
{
    buf_hex(b, h->b, 8);
}

static void zoned(struct why *y, int64_t ms)
{
    const struct terms_party *p = y->s->terms->parties;
    uint16_t who[2] = {y->s->from, y->s->to};

    put_instant(&y->b, ms);
    for (int i = 0; i < 2 && ms != CASES_NEVER; i++) {
        char text[40];
        if (who[i] == NOBODY || !p[who[i]].zone)
            continue;
        cases_zone_print(text, p[who[i]].zone, ms);
        buf_format(&y->b, "%s%s in %s", i ? ", " : " = ", text, p[who[i]].zone->name);
    }
    buf_puts(&y->b, "\n");
}

static void head(struct why *y)
{
    static const char *const words[] = {"act", "request", "claim", "ping", "remedy"};
    const struct state *s = y->s;
    const struct rec *o = rec_at(y->c, y->m->opener);

    buf_format(&y->b, "%s ", words[s->kind]);
    buf_hex(&y->b, y->m->id.b, 32);
    buf_puts(&y->b, " of ");
    put_party(&y->b, s->terms, s->from);
    buf_puts(&y->b, " to ");
    put_party(&y->b, s->terms, s->to);
    buf_format(&y->b, "%s\nagreement ", s->exercise ? ", an exercise" : "");
    buf_hex(&y->b, s->terms->id.b, 32);
    buf_puts(&y->b, "\nsent      ");
    zoned(y, o->at);
    buf_format(&y->b, "          act %llu of ", (unsigned long long)o->index);
    put_party(&y->b, s->terms, s->from);
    buf_puts(&y->b, "'s log; claimed ");
    put_instant(&y->b, o->claimed);
    if (o->after) {
        buf_puts(&y->b, ", made after ");
        put_instant(&y->b, o->after);
    }
    buf_puts(&y->b, "\n");
}

static void delivery(struct why *y)
{
    const struct rec *o = rec_at(y->c, y->m->opener);
    const struct clock *k = &y->s->clock;

    buf_puts(&y->b, "delivered ");
    zoned(y, k->started);
    buf_puts(&y->b, "          ");
    if (y->s->kind == MATTER_REQUEST && y->s->request.queued)
        buf_puts(&y->b, "queued until its turn by the quota per day");
    else if (y->s->kind == MATTER_REQUEST && y->s->request.ruled && !y->s->request.upheld)
        buf_puts(&y->b, "the clock began again with the arbiter's ruling");
    else if (k->deemed) {
        buf_puts(&y->b, "deemed: first signature of somebody else ");
        put_instant(&y->b, o->seen);
        buf_puts(&y->b, " and the grace of ");
        put_span(&y->b, y->s->terms->grace_ms);
    } else {
        buf_puts(&y->b, "by the addressee's own receipt, or its own act");
    }
    buf_puts(&y->b, "\n");
}

static void day_rule(struct why *y, const struct cases_count *k)
{
    const struct terms_party *p = &y->s->terms->parties[y->s->to];
    char event[16], last[16], due[16];

    civil_print(event, k->event_day);
    civil_print(last, k->last_day);
    civil_print(due, k->due_day);
    buf_format(&y->b, "          days by Regulation 1182/71 art. 3 in %s, calendar %s (",
               p->zone->name, p->calendar->name);
    put_hash(&y->b, &p->calendar->hash);
    buf_format(&y->b, ")\n          the day of the event, %s, is not counted; the last day is %s\n",
               event, last);
    if (k->stopped_days)
        buf_format(&y->b, "          %u begun days of clock stop are in it\n", k->stopped_days);
    if (k->filled)
        buf_format(&y->b, "          %u more, so that it holds two working days (art. 3(5))\n",
                   k->filled);
    if (k->moved)
        buf_format(&y->b, "          moved by %u to the next working day, %s (art. 3(4))\n",
                   k->moved, due);
    if (k->beyond)
        buf_puts(&y->b, "          beyond what the calendar covers only weekends are known\n");
}

static void one(struct why *y, const char *name, struct cases_term t, int64_t due, bool final)
{
    const struct terms_party *p = &y->s->terms->parties[y->s->to];
    const struct clock *k = &y->s->clock;
    int64_t stopped = due == CASES_NEVER ? 0 : clock_stopped(y->c, y->s, final, due);
    struct cases_count how;
    char text[32];

    cases_term_print(text, t);
    buf_format(&y->b, "%-9s %s", name, text);
    if (final && k->extra_days)
        buf_format(&y->b, " and %u days of extension", k->extra_days);
    if (final && k->extra_ms) {
        buf_puts(&y->b, " and an extension of ");
        put_span(&y->b, k->extra_ms);
    }
    if (stopped) {
        buf_puts(&y->b, ", stopped for ");
        put_span(&y->b, stopped);
    }
    buf_puts(&y->b, "\n");
    if (t.unit == CASES_NOT_AGREED)
        return;
    if (t.unit > CASES_HOURS) {
        t.n += final ? k->extra_days : 0;
        cases_count_term(p->zone, p->calendar, k->started, t, stopped, &how);
        day_rule(y, &how);
    } else {
        buf_puts(&y->b, "          hours run on, weekends included\n");
    }
    if (final && k->wished != CASES_NEVER && due == k->wished)
        buf_puts(&y->b, "          the requester wished for a later instant\n");
    buf_puts(&y->b, "          due ");
    zoned(y, due);
}

static void events(struct why *y)
{
    static const char *const words[] = {
        [NOTE_CLARIFY_STOP] = "clarification asked: the clock stops",
        [NOTE_CLARIFY_RUN] = "clarified: the clock runs, stopped for ",
        [NOTE_SUSPEND_STOP] = "suspended by both: all clocks stop",
        [NOTE_SUSPEND_RUN] = "resumed: stopped for ",
        [NOTE_EXTENDED] = "extended by ",
        [NOTE_COMPLEX] = "moved to complex",
        [NOTE_REOPENED] = "the arbiter found against the responder: the clock begins again",
        [NOTE_QUEUED] = "over the quota of its day: queued until ",
        [NOTE_DOWNGRADED] = "over the month's quota of emergencies: handled as ",
        [NOTE_NO_STOP] = "clarification asked: does not stop the clock: no mandatory field missing",
        [NOTE_LAPSED] = "lapsed",
        [NOTE_SILENCE] = "accepted by silence, without rating",
    };

    for (size_t i = 0; i < y->notes.n; i++) {
        const struct note *n = &y->notes.list[i];
        buf_puts(&y->b, "event     ");
        put_instant(&y->b, n->at);
        buf_format(&y->b, " %s", words[n->what]);
        if (n->what == NOTE_CLARIFY_RUN || n->what == NOTE_SUSPEND_RUN)
            put_span(&y->b, n->ms);
        if (n->what == NOTE_EXTENDED) {
            char term[32];
            cases_term_print(term, (struct cases_term){(uint32_t)n->ms, n->a});
            buf_puts(&y->b, term);
        }
        if (n->what == NOTE_QUEUED)
            put_instant(&y->b, n->ms);
        if (n->what == NOTE_DOWNGRADED)
            buf_puts(&y->b, cases_urgency_words[n->a]);
        buf_puts(&y->b, "\n");
    }
}

static void where_it_stands(struct why *y)
{
    const struct clock *k = &y->s->clock;
    bool stopped = k->clarify_from != CASES_NEVER || k->suspend_from != CASES_NEVER;

    buf_puts(&y->b, "at        ");
    put_instant(&y->b, y->now);
    if (stopped)
        buf_puts(&y->b, " the clock is stopped");
    else if (is_overdue(y->s, y->now)) {
        buf_puts(&y->b, " overdue by ");
        put_span(&y->b, y->now - k->final_due);
    } else if (y->s->kind == MATTER_REQUEST && !request_live(&y->s->request)) {
        buf_format(&y->b, " %s", cases_state_words[y->s->request.state]);
    } else if (k->final_due != CASES_NEVER && k->final_due >= y->now) {
        buf_puts(&y->b, " due in ");
        put_span(&y->b, k->final_due - y->now);
    } else {
        buf_puts(&y->b, " nothing is due");
    }
    buf_puts(&y->b, "\n");
}

static void print_all(struct why *y)
{
    const struct terms_clock *t;

    if (y->s->kind == MATTER_LOOSE || y->s->kind == MATTER_REMEDY || y->s->void_) {
        buf_format(&y->b, "no clock: %s\n", cases_verdict_words[y->s->opening]);
        return;
    }
    head(y);
    if (y->s->clock.started == CASES_NEVER) {
        buf_puts(&y->b, "delivered not yet: no receipt, and nobody else has signed for it\n");
        return;
    }
    t = state_terms(y->s);
    if (y->s->kind == MATTER_REQUEST)
        buf_format(&y->b, "clause    request.%s, clock.urgency.%s\n",
                   cases_type_words[y->s->request.type],
                   cases_urgency_words[y->s->request.urgency]);
    else
        buf_puts(&y->b, y->s->kind == MATTER_CLAIM ? "clause    claim, clock.claim\n"
                                                   : "clause    clock.urgency.ping\n");
    delivery(y);
    events(y);
    one(y, "ack", t->ack, y->s->clock.ack_due, false);
    one(y, "status", t->status, y->s->clock.status_due, false);
    one(y, "final", t->final, y->s->clock.final_due, true);
    where_it_stands(y);
}

bool cases_why(struct cases *c, const struct hash *id, int64_t now, struct arena *a,
               struct bytes *out, struct err *e)
{
    struct why y = {.c = c, .notes = {.arena = a}, .b = buf_in(a), .now = now};
    struct matter *m;
    struct state *s;

    if (!find_matter(c, id, &m, e) || !matter_as_of(c, m, now, false, &y.notes, a, &s, e))
        return false;
    y.m = m;
    y.s = s;
    if (s)
        print_all(&y);
    else
        buf_puts(&y.b, "no clock: not dated yet at that instant\n");
    return buf_end(&y.b, out, e);
}
