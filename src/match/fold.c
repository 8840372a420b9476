/* Sessions, from the acts of all logs. */
#include "match/acts_impl.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdlib.h>

#define SESSIONS_MOST 16384 /* of one agreement: a dozen a day for years */

struct folding {
    struct record *r;
    struct arena *a;
    struct match_sessions *all;
    size_t room;
    unsigned stage; /* which kinds this pass takes: each depends on those of earlier ones alone */
    struct err e;
};

/* When it was in the log at the latest, if that is signed by another; else as its speaker says. */
static int64_t time_of(struct folding *f, const struct act *act)
{
    int64_t after = 0, before = INT64_MAX, claimed = 0;

    if (record_bracket(f->r, act->from, act->seq, &after, &before, NULL) && before != INT64_MAX)
        return before;
    if (!time_parse(act->time, &claimed))
        claimed = 0;
    return claimed > after ? claimed : after;
}

static const struct json *object_of(struct folding *f, struct bytes payload)
{
    struct bytes kept;

    if (payload.n == 0 || !arena_copy(f->a, payload, &kept, &f->e))
        return NULL;
    return json_parse(kept, f->a, NULL);
}

static struct match_session *session_of(struct folding *f, const struct act *act)
{
    for (size_t i = f->all->n; act->refs_n && i-- > 0;)
        if (hash_equal(&f->all->of[i].offer, &act->refs[0]))
            return &f->all->of[i];
    return NULL;
}

static bool is_known(const struct match_sessions *all, const char *id)
{
    for (size_t i = 0; i < all->n; i++)
        if (!strcmp(all->of[i].id, id))
            return true;
    return false;
}

static bool take_offer(struct folding *f, const struct act *act, const struct json *v)
{
    struct match_session s = {0};
    struct match_session *grown;

    if (!arena_copy(f->a, act->from, &s.party[MATCH_ASKER], &f->e) ||
        !match_read_offer(v, &s, NULL) || is_known(f->all, s.id) ||
        bytes_equal(s.party[0], s.party[1]) || f->all->n == SESSIONS_MOST)
        return false;
    if (f->all->n == f->room) {
        f->room = f->room ? f->room * 2 : 64;
        grown = arena_get_array(f->a, f->room, sizeof *grown, &f->e);
        if (!grown)
            return false;
        if (f->all->n)
            memcpy(grown, f->all->of, f->all->n * sizeof *grown);
        f->all->of = grown;
    }
    s.offer = act->text_hash;
    s.offer_index = act->seq;
    s.offered_at = time_of(f, act);
    f->all->of[f->all->n++] = s;
    return true;
}

static bool take_accept(struct folding *f, struct match_session *s, const struct act *act,
                        const struct json *v, enum match_side side)
{
    struct match_session next = *s;

    if (side != MATCH_ASKED || s->state != MATCH_OFFERED || !match_read_accept(v, &next, NULL))
        return false;
    next.accept = act->text_hash;
    next.accept_index = act->seq;
    next.accepted_at = time_of(f, act);
    next.state = MATCH_ACCEPTED;
    *s = next;
    return true;
}

static bool take_refuse(struct match_session *s, const struct json *v, enum match_side side)
{
    if (side != MATCH_ASKED || s->state != MATCH_OFFERED ||
        !match_read_reason(v, "match.refuse", &s->ground, NULL))
        return false;
    s->state = MATCH_REFUSED;
    return true;
}

static bool take_result(struct folding *f, struct match_session *s, const struct act *act,
                        const struct json *v, enum match_side side)
{
    struct match_outcome o = {0};

    if (s->state != MATCH_ACCEPTED || s->outcome[side].said || !match_read_result(v, &o, NULL))
        return false;
    o.at = time_of(f, act);
    s->outcome[side] = o;
    return true;
}

static bool take_abort(struct match_session *s, const struct json *v)
{
    struct bytes why;

    if (s->state != MATCH_ACCEPTED || !match_read_reason(v, "match.abort", &why, NULL))
        return false;
    s->abort_reason = why;
    s->aborts++;
    s->fatal |= bytes_are(why, psi_reason_name(PSI_REASON_ENDED)) ||
                bytes_are(why, psi_reason_name(PSI_REASON_CANARY));
    return true;
}

/* What failed a check, and what breaks again and again, is over: a new session counts anew. */
static void settle(struct match_session *s)
{
    if (s->state != MATCH_ACCEPTED)
        return;
    if (s->outcome[0].said || s->outcome[1].said)
        s->state = MATCH_COMPARED;
    else if (s->fatal || s->aborts >= 2 * MATCH_ATTEMPTS)
        s->state = MATCH_ENDED;
    s->differ = s->outcome[0].said && s->outcome[1].said &&
                !hash_equal(&s->outcome[0].transcript, &s->outcome[1].transcript);
}

static bool take_audit(struct folding *f, struct match_session *s, const struct act *act,
                       const struct json *v)
{
    struct match_audit_ask ask = {.index = act->seq};
    unsigned of_them = 0;

    if (!match_read_audit(v, &ask, NULL) || !arena_copy(f->a, act->from, &ask.by, &f->e))
        return false;
    for (unsigned i = 0; i < s->audits; i++)
        of_them += bytes_equal(s->audit[i].by, ask.by);
    if (of_them == MATCH_AUDITS || s->audits == 2 * MATCH_AUDITS || s->accepted_at == 0)
        return false;
    s->audit[s->audits++] = ask;
    return true;
}

static bool take(struct folding *f, const struct act *act, const struct json *v)
{
    struct match_session *s = session_of(f, act);
    enum match_side side;

    if (!s || !match_session_side(s, act->from, &side))
        return false;
    if (bytes_are(act->kind, "match.accept"))
        return take_accept(f, s, act, v, side);
    if (bytes_are(act->kind, "match.refuse"))
        return take_refuse(s, v, side);
    if (bytes_are(act->kind, "match.result"))
        return take_result(f, s, act, v, side);
    if (bytes_are(act->kind, "match.abort"))
        return take_abort(s, v);
    return bytes_are(act->kind, "match.audit") && take_audit(f, s, act, v);
}

static unsigned stage_of(struct bytes kind)
{
    return bytes_are(kind, "match.offer")                                       ? 0
           : bytes_are(kind, "match.accept") || bytes_are(kind, "match.refuse") ? 1
                                                                                : 2;
}

static bool each(void *self, const struct act *act, struct bytes payload)
{
    struct folding *f = self;
    const struct json *v;

    if (!bytes_start_with(act->kind, "match.") || stage_of(act->kind) != f->stage)
        return true;
    v = object_of(f, payload);
    if (!v || !(f->stage ? take(f, act, v) : take_offer(f, act, v)))
        f->all->ignored++;
    return f->e.code == ERR_NONE;
}

/* Ours first: nobody else's offer can take an id from one of ours. */
static bool pass(struct folding *f, unsigned stage, struct err *e)
{
    struct bytes self = record_self(f->r), slug[LIMIT_PARTIES];
    const struct agreement *g = record_agreement(f->r);
    size_t n = 0, parties = g->parties_n;

    if (self.n)
        slug[n++] = self;
    for (size_t i = 0; i < parties; i++)
        if (!bytes_equal(g->parties[i].slug, self))
            slug[n++] = g->parties[i].slug;
    f->stage = stage;
    for (size_t i = 0; i < n; i++) {
        bool ok = record_said(f->r, slug[i], 0, each, f, e);
        if (f->e.code != ERR_NONE)
            return err_pass(e, &f->e);
        if (!ok)
            return false;
    }
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct match_session *x = a, *y = b;

    if (x->offered_at != y->offered_at)
        return x->offered_at < y->offered_at ? -1 : 1;
    if (x->offer_index != y->offer_index) /* of one party in one second: in the log's order */
        return x->offer_index < y->offer_index ? -1 : 1;
    return strcmp(x->id, y->id);
}

bool match_fold(struct record *r, struct arena *a, struct match_sessions *out, struct err *e)
{
    struct match_sessions all = {0};
    struct folding f = {.r = r, .a = a, .all = &all};

    for (unsigned stage = 0; stage < 3; stage++)
        if (!pass(&f, stage, e))
            return false;
    for (size_t i = 0; i < all.n; i++)
        settle(&all.of[i]);
    if (all.n)
        qsort(all.of, all.n, sizeof *all.of, by_time);
    *out = all;
    return true;
}

/* ---- asking the fold ---- */

const char *match_state_name(enum match_state s)
{
    static const char *const names[] = {"offered", "refused", "accepted", "compared", "ended"};
    return names[s];
}

struct match_session *match_session_find(struct match_sessions *all, struct bytes name,
                                         struct err *e)
{
    struct match_session *found = NULL;

    if (bytes_are(name, "last") && all->n)
        return &all->of[all->n - 1];
    for (size_t i = 0; name.n >= 4 && i < all->n; i++) {
        if (!bytes_equal(bytes_part(bytes_text(all->of[i].id), 0, name.n), name))
            continue;
        if (found) {
            err_fail(e, ERR_INPUT, "several comparisons begin like this: say more of the id");
            return NULL;
        }
        found = &all->of[i];
    }
    if (!found) {
        err_fail(e, ERR_MISSING, "there is no such comparison");
        err_hint(e, "entente match list shows them; 4 digits of the id or more are needed");
    }
    return found;
}

bool match_session_side(const struct match_session *s, struct bytes slug, enum match_side *out)
{
    for (int i = 0; i < 2; i++)
        if (bytes_equal(s->party[i], slug)) {
            *out = (enum match_side)i;
            return true;
        }
    return false;
}

bool match_session_learns(const struct match_session *s, enum match_side side)
{
    return match_leg_runs(s->who, side == MATCH_ASKER ? 0 : 1);
}
