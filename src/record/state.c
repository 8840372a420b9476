/* The state of an agreement is a fold over the acts that bear on it: signatures under it,
 * amendments, suspensions, withdrawals, changes of keys. Few acts, so it is folded anew each time.
 */
#include "record/record_impl.h"

#define STATE_ARENA ((size_t)64 << 20)

bool state_is_special(struct bytes kind)
{
    return bytes_start_with(kind, "agreement.") || bytes_start_with(kind, "key.");
}

struct fold {
    struct record *r;
    struct arena *arena;   /* what stays */
    struct arena *scratch; /* one act at a time */
    struct record_state *s;
    struct {
        struct hash digest;
        struct agreement *g;
        bool by[LIMIT_PARTIES];
        uint64_t seq[LIMIT_PARTIES];
    } versions[64];
    size_t versions_n;
    int64_t withdrawn_at; /* cosigned time of the earliest withdrawal; 0: not known */
};

/* ---- one act ---- */

static void fold_sign(struct fold *f, size_t party, const struct act *act)
{
    if (act->seq == 0 && hash_equal(&act->body.sha256, &f->r->first.digest))
        f->s->signed_by[party] = true;
}

static void fold_amend(struct fold *f, size_t party, const struct act *act, struct bytes payload)
{
    struct agreement *g;
    size_t i = 0;

    while (i < f->versions_n && !hash_equal(&f->versions[i].digest, &act->body.sha256))
        i++;
    if (i == f->versions_n) {
        struct arena_mark m = arena_mark(f->arena);
        if (i == sizeof f->versions / sizeof *f->versions)
            return; /* it amends nothing */
        g = arena_get(f->arena, sizeof *g, NULL);
        if (!g || !arena_copy(f->arena, payload, &payload, NULL) ||
            !agreement_read(payload, f->r->first.id, f->arena, g, NULL)) {
            arena_reset(f->arena, m);
            return; /* nor does this */
        }
        f->versions[i].digest = act->body.sha256;
        f->versions[f->versions_n++].g = g;
    }
    if (!f->versions[i].by[party])
        f->versions[i].seq[party] = act->seq;
    f->versions[i].by[party] = true;
}

/* Nobody fills the list of what is suspended with what is not agreed. */
static bool is_clause(const struct fold *f, struct bytes clause)
{
    return bytes_are(clause, "all") ||
           json_find_bytes(json_find(f->r->first.root, "clauses"), clause);
}

static void fold_clauses(struct fold *f, struct bytes payload, bool suspend)
{
    const struct json *body = json_parse(payload, f->scratch, NULL), *list;
    struct bytes clause;

    list = json_find(body, "clauses");
    for (size_t i = 0; i < json_count(list); i++) {
        size_t at = 0;
        if (!json_as_string(json_at(list, i), &clause) || !is_clause(f, clause))
            continue;
        while (at < f->s->suspended_n && !bytes_equal(f->s->suspended[at], clause))
            at++;
        if (suspend && at == f->s->suspended_n &&
            at < sizeof f->s->suspended / sizeof *f->s->suspended &&
            arena_copy(f->arena, clause, &clause, NULL))
            f->s->suspended[f->s->suspended_n++] = clause;
        else if (!suspend && at < f->s->suspended_n)
            f->s->suspended[at] = f->s->suspended[--f->s->suspended_n];
    }
}

static void fold_withdraw(struct fold *f, struct log *l, const struct act *act)
{
    int64_t after, before;

    if (f->s->withdrawing.n == 0)
        f->s->withdrawing = l->slug;
    if (record_bracket(f->r, l->slug, act->seq, &after, &before, NULL) && before != INT64_MAX &&
        (f->withdrawn_at == 0 || before < f->withdrawn_at)) {
        f->withdrawn_at = before;
        f->s->withdrawing = l->slug;
    }
}

static void fold_act(struct fold *f, struct log *l, size_t party, const struct act *act,
                     struct bytes payload)
{
    if (bytes_are(act->kind, "agreement.sign"))
        fold_sign(f, party, act);
    else if (bytes_are(act->kind, "agreement.amend"))
        fold_amend(f, party, act, payload);
    else if (bytes_are(act->kind, "agreement.suspend"))
        fold_clauses(f, payload, true);
    else if (bytes_are(act->kind, "agreement.resume"))
        fold_clauses(f, payload, false);
    else if (bytes_are(act->kind, "agreement.withdraw"))
        fold_withdraw(f, l, act);
    else if (bytes_start_with(act->kind, "key."))
        keys_apply(&l->keys, l->origin, act, payload, f->scratch, NULL);
}

/* ---- all acts of a log ---- */

static bool fold_one(struct fold *f, struct log *l, size_t party, uint64_t index, struct err *e)
{
    struct arena_mark m = arena_mark(f->scratch);
    struct payload_place place;
    struct bytes payload = {0};
    struct act *act = arena_get(f->scratch, sizeof *act, e);
    struct err missing = {0};
    bool here;

    if (!act)
        return false;
    here = read_act(f->r, l, index, f->scratch, act, &missing) &&
           (act->body.media_type.n == 0 || act->body.size > LIMIT_AGREEMENT_BYTES ||
            (find_payload(f->r, l, &act->body.sha256, f->scratch, &place, &missing) &&
             read_at(l, place.position, 0, f->scratch, &payload, &missing)));
    if (here) /* a payload too large for any of these is none */
        fold_act(f, l, party, act, payload);
    arena_reset(f->scratch, m);
    return here || missing.code == ERR_MISSING || err_pass(e, &missing);
}

static bool special_indices(struct record *r, struct log *l, struct arena *a, uint64_t **out,
                            size_t *n, struct err *e)
{
    struct index_snapshot *v = index_snapshot_open(r->index, e);
    struct index_cursor *c =
        v ? index_cursor_open(v, T_SPECIAL, bytes_of(l->tag, sizeof l->tag), e) : NULL;
    struct bytes key, value;
    size_t cap = 64;
    bool ok = c && (*out = arena_get_array(a, cap, 8, e));

    *n = 0;
    while (ok && (ok = index_cursor_next(c, &key, &value, e)) && key.p) {
        if (*n == cap) {
            uint64_t *more = arena_get_array(a, cap * 2, 8, e);
            if (!(ok = more != NULL))
                break;
            memcpy(more, *out, cap * 8);
            *out = more;
            cap *= 2;
        }
        (*out)[(*n)++] = get_be64(key.p + 4);
    }
    index_cursor_close(c);
    index_snapshot_close(v);
    return ok;
}

bool record_changes(struct record *r, struct bytes slug, struct arena *a, uint64_t **out, size_t *n,
                    struct err *e)
{
    struct log *l = log_of(r, slug);
    bool ok;

    if (!l)
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    record_lock(r);
    ok = index_fresh(r, e) && special_indices(r, l, a, out, n, e);
    record_unlock(r);
    return ok;
}

static bool fold_log(struct fold *f, struct log *l, size_t party, struct err *e)
{
    uint64_t *index;
    size_t n;

    keys_start(&l->keys, &f->r->first.parties[party]);
    if (!special_indices(f->r, l, f->arena, &index, &n, e))
        return false;
    l->changes = n;
    for (size_t i = 0; i < n; i++)
        if (!fold_one(f, l, party, index[i], e))
            return false;
    return true;
}

/* ---- the whole ---- */

static bool all_of(const bool *by, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!by[i])
            return false;
    return true;
}

static bool add_version(struct fold *f, const struct agreement *g, const uint64_t *seq,
                        size_t parties, struct err *e)
{
    struct record *r = f->r;
    struct version_place *v;

    if (!r->versions &&
        (!(r->versions = arena_get_array(f->arena, 65, sizeof *r->versions, e)) ||
         !(r->outsiders = arena_get_array(f->arena, (size_t)65 * AGREEMENT_WITNESSES,
                                          sizeof *r->outsiders, e))))
        return false;
    v = &r->versions[r->versions_n++];
    v->g = g;
    for (size_t i = 0; seq && i < parties; i++)
        v->seq[i] = seq[i];
    for (size_t i = 0; i < g->witnesses_n; i++) {
        size_t k = 0;
        while (k < r->outsiders_n && !note_key_same(&r->outsiders[k]->key, &g->witnesses[i].key))
            k++;
        if (k == r->outsiders_n)
            r->outsiders[r->outsiders_n++] = &g->witnesses[i];
    }
    return true;
}

/* The newest version that every party has signed, each step following the one before. */
static bool choose_version(struct fold *f, size_t parties, struct err *e)
{
    bool went_on = true;

    f->r->versions = NULL;
    f->r->outsiders = NULL;
    f->r->versions_n = f->r->outsiders_n = 0;
    f->s->agreement = &f->r->first;
    if (!add_version(f, &f->r->first, NULL, parties, e))
        return false;
    while (went_on) {
        went_on = false;
        for (size_t i = 0; i < f->versions_n && !went_on; i++)
            if (all_of(f->versions[i].by, parties) &&
                hash_equal(&f->versions[i].g->previous, &f->s->agreement->digest)) {
                f->s->agreement = f->versions[i].g;
                went_on = true;
                if (!add_version(f, f->versions[i].g, f->versions[i].seq, parties, e))
                    return false;
            }
    }
    for (size_t i = 0; i < f->versions_n; i++)
        if (hash_equal(&f->versions[i].g->previous, &f->s->agreement->digest)) {
            f->s->amendment = f->versions[i].g;
            memcpy(f->s->amended_by, f->versions[i].by, sizeof f->s->amended_by);
        }
    return true;
}

/* "30 days" as seconds: a notice needs no working days. */
static int64_t term_seconds(struct bytes term)
{
    size_t space = bytes_find_byte(term, ' ');
    struct bytes unit = bytes_part(term, space + 1, SIZE_MAX);
    uint64_t n = 0;

    decimal_parse(bytes_part(term, 0, space), &n);
    if (bytes_start_with(unit, "minute"))
        return (int64_t)n * 60;
    if (bytes_start_with(unit, "hour"))
        return (int64_t)n * 3600;
    if (bytes_start_with(unit, "working"))
        return (int64_t)n * 86400 * 7 / 5;
    return (int64_t)n * 86400;
}

static void end_of_notice(struct fold *f)
{
    struct bytes notice;

    if (f->withdrawn_at &&
        json_as_string(json_point(f->s->agreement->root, "/clauses/change/withdraw_notice"),
                       &notice))
        f->s->withdrawn_from = f->withdrawn_at + term_seconds(notice);
}

bool state_fold(struct record *r, struct err *e)
{
    struct arena *a = arena_new(STATE_ARENA);
    struct record_state *s = a ? arena_get(a, sizeof *s, e) : NULL;
    struct fold *f = s ? arena_get(a, sizeof *f, e) : NULL;
    bool ok = f != NULL;

    if (ok) {
        *f = (struct fold){.r = r, .arena = a, .s = s, .scratch = arena_new(STATE_ARENA)};
        s->agreement = &r->first;
        ok = f->scratch || err_fail(e, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; ok && i < r->logs_n; i++)
        ok = fold_log(f, &r->logs[i], i, e);
    if (f)
        arena_free(f->scratch);
    ok = ok && choose_version(f, r->first.parties_n, e);
    if (!ok) {
        r->versions_n = r->outsiders_n = 0;
        arena_free(a);
        return err_within(e, "state of agreement %s", r->first.id);
    }
    end_of_notice(f);
    s->stage = all_of(s->signed_by, r->first.parties_n) ? STAGE_IN_FORCE : STAGE_PROPOSED;
    arena_free(r->state_arena);
    r->state_arena = a;
    for (size_t i = 0; i < r->logs_n; i++)
        dates_free(&r->logs[i].dates); /* keys may have changed: read again who signed what */
    r->state = *s;
    r->now = s->agreement;
    return true;
}

bool state_fold_if_waiting(struct record *r, struct err *e)
{
    return r->state.withdrawing.n == 0 || r->state.withdrawn_from || state_fold(r, e);
}

void record_state(const struct record *r, int64_t now, struct record_state *out)
{
    record_lock(r);
    *out = r->state;
    record_unlock(r);
    if (out->stage == STAGE_IN_FORCE && out->withdrawn_from && now >= out->withdrawn_from)
        out->stage = STAGE_WITHDRAWN;
}
