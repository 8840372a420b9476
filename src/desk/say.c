/* Saying something: made, judged by the rows that judge what comes in, and only then appended. */
#include "desk/desk_impl.h"

#define LAST_BYTES ((size_t)64 << 20) /* the acts of one matter */

/* The party as a STIX identity: the same id as in what `entente share` makes (decision 0142). */
static bool identity(struct desk *d, struct arena *a, struct bytes *out, struct err *e)
{
    const struct agreement_party *p;
    struct uuid nil = {{0}}, u;
    char hex[65] = {0}, *id = arena_get(a, STIX_ID_MAX, e), *name;

    p = agreement_party(record_agreement(d->record), record_self(d->record));
    if (!id || !p)
        return false;
    hex_encode(hex, p->id.b, 32);
    name = arena_format(a, e, "entente/v1/party/%s", hex);
    if (!name)
        return false;
    uuid_v5(&nil, bytes_text(name), &u);
    stix_id_print(id, "identity", &u);
    *out = bytes_text(id);
    return true;
}

struct json *desk_body(struct desk *d, struct json_maker *m, enum cases_kind kind,
                       enum stix_tlp tlp)
{
    struct cases_making how = {.created_ms = desk_now(d), .tlp = tlp};

    os_random(d->os, how.uuid.b, sizeof how.uuid.b);
    how.uuid.b[6] = (uint8_t)((how.uuid.b[6] & 0x0f) | 0x40);
    how.uuid.b[8] = (uint8_t)((how.uuid.b[8] & 0x3f) | 0x80);
    if (m->e.code == ERR_NONE && !identity(d, m->arena, &how.created_by_ref, &m->e) &&
        m->e.code == ERR_NONE)
        err_fail(&m->e, ERR_DENIED, "we are not a party of this agreement");
    return cases_body(m, kind, &how);
}

/* ---- who may read it ---- */

bool desk_audience(struct desk *d, const struct hash *matter, struct arena *a,
                   struct bytes to[LIMIT_PARTIES], size_t *n, struct err *e)
{
    char hex[65] = {0};
    struct act *act = arena_get(a, sizeof *act, e);
    struct bytes self = record_self(d->record);

    hex_encode(hex, matter->b, 32);
    *n = 0;
    if (!act || !record_find(d->record, bytes_of(hex, 64), a, act, e))
        return false;
    for (size_t i = 0; i < act->to_n; i++)
        if (!bytes_equal(act->to[i], self))
            to[(*n)++] = act->to[i];
    if (act->to_n && !bytes_equal(act->from, self))
        to[(*n)++] = act->from;
    return true;
}

static bool last_of_others(struct desk *d, const struct hash *matter, struct arena *a,
                           struct hash *out, bool *there, struct err *e)
{
    uint16_t self = desk_self(d);
    struct cases_act_view *acts;
    size_t n;

    if (!cases_acts(d->cases, matter, a, &acts, &n, e))
        return false;
    while (n > 0 && acts[n - 1].author == self)
        n--;
    if ((*there = n > 0))
        *out = acts[n - 1].id;
    return true;
}

bool desk_last(struct desk *d, const struct hash *matter, struct hash *out, struct err *e)
{
    struct arena *a = arena_new(LAST_BYTES);
    bool there = false;

    if (!a)
        return err_fail(e, ERR_NOMEM, "out of memory");
    if (desk_begin(d, e)) {
        there = last_of_others(d, matter, a, out, &there, e) && there;
        desk_end(d);
    }
    arena_free(a);
    return there;
}

/* What it answers: the last act of somebody else in the matter. Two acts may be signed for in the
 * same second, and then this says which came first. */
static bool answered(struct desk *d, const struct desk_saying *s, struct record_draft *out,
                     struct arena *a, struct err *e)
{
    bool there = s->answers != NULL;

    if (there)
        out->refs[out->refs_n] = *s->answers;
    else if (!s->as_given && !last_of_others(d, s->matter, a, &out->refs[out->refs_n], &there, e))
        return false;
    out->refs_n += there;
    return true;
}

static bool draft_of(struct desk *d, const struct desk_saying *s, struct record_draft *out,
                     struct arena *a, struct err *e)
{
    out->kind = bytes_text(cases_kind_words[s->kind]);
    out->tlp = s->tlp == STIX_TLP_NONE ? bytes_of(NULL, 0) : bytes_text(tlp_word((int)s->tlp - 1));
    out->media_type = BYTES(MEDIA_STIX);
    out->payload = s->body;
    out->salted = true; /* "yes" to a known question could be guessed */
    if (s->matter)
        out->refs[out->refs_n++] = *s->matter;
    if (s->matter && !answered(d, s, out, a, e))
        return false;
    for (size_t i = 0; i < s->to_n; i++)
        out->to[out->to_n++] = s->to[i];
    return s->to_n || !s->matter || desk_audience(d, s->matter, a, out->to, &out->to_n, e);
}

/* ---- may it be said ---- */

static bool in_force(struct desk *d, struct err *e)
{
    struct record_state s;

    record_state(d->record, os_now(d->os), &s);
    if (s.stage == STAGE_PROPOSED)
        return err_fail(e, ERR_DENIED, "agreement %.8s is not in force: not every party has signed",
                        record_id(d->record));
    return s.stage == STAGE_IN_FORCE ||
           err_fail(e, ERR_DENIED, "agreement %.8s has been withdrawn from", record_id(d->record));
}

static bool judge(struct desk *d, const struct desk_saying *s, const struct record_draft *draft,
                  struct err *e)
{
    struct cases_act act = {.author = desk_self(d),
                            .kind = draft->kind,
                            .refs = draft->refs,
                            .refs_n = draft->refs_n,
                            .claimed_ms = desk_now(d),
                            .body = s->body};
    uint64_t most = gate_max_object_bytes(record_agreement(d->record));

    if (act.author == UINT16_MAX)
        return err_fail(e, ERR_DENIED, "we are not a party of this agreement");
    act.signatures = officers_weight(d->feeds[act.author].officers, draft->kind, draft->refs,
                                     draft->refs_n, s->body);
    if (s->body.n > most)
        return err_fail(e, ERR_DENIED, "clauses.log.max_object_bytes: it is larger than %llu",
                        (unsigned long long)most);
    return cases_check(d->cases, &act, act.claimed_ms, e);
}

static bool may(struct desk *d, const struct desk_saying *s, struct record_draft *draft,
                struct arena *a, struct err *e)
{
    bool ok = in_force(d, e) && desk_begin(d, e);

    if (!ok)
        return false;
    ok = draft_of(d, s, draft, a, e) && judge(d, s, draft, e);
    desk_end(d);
    return ok;
}

bool desk_may(struct desk *d, const struct desk_saying *s, struct err *e)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct record_draft *draft = a ? arena_get(a, sizeof *draft, e) : NULL;
    bool ok = draft && may(d, s, draft, a, e);

    arena_free(a);
    return ok;
}

bool desk_say(struct desk *d, const struct desk_saying *s, struct record_placed *placed,
              struct err *e)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct record_draft *drafts = a ? arena_get_array(a, s->before_n + 1, sizeof *drafts, e) : NULL;
    struct record_placed *places =
        drafts ? arena_get_array(a, s->before_n + 1, sizeof *places, e) : NULL;
    bool ok = places != NULL;

    if (!a)
        err_fail(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; ok && i < s->before_n; i++)
        drafts[i] = s->before[i];
    ok = ok && may(d, s, &drafts[s->before_n], a, e) &&
         record_append(d->record, drafts, s->before_n + 1, places, e);
    if (ok)
        *placed = places[s->before_n];
    arena_free(a);
    return ok;
}
