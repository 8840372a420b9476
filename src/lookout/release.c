/* release: sightings as STIX objects, said with one act. */
#include "base/text.h"
#include "lookout/sightings_impl.h"

#define SIGHTED_MOST 999999999 /* STIX 2.1 section 5.2: the largest count */

/* ---- what the agreement says
 * ------------------------------------------------------------------------- */

bool sightings_permitted(const struct agreement *g, int *tlp, bool *officer, struct err *e)
{
    const struct json *own = json_point(g->root, "/clauses/share/sighting"),
                      *clause = own ? own : json_point(g->root, "/clauses/share/other");
    char name[GATE_CLAUSE_MAX];
    struct bytes most = {0}, least = {0};

    /* What we saw tells of us: as strict as the clause lets it be, amber if it leaves it to us. */
    *tlp = 2;
    if (json_as_string(json_find(clause, "max_tlp"), &most) && tlp_rank(most) < *tlp)
        *tlp = tlp_rank(most);
    if (json_as_string(json_find(clause, "min_tlp"), &least) && tlp_rank(least) > *tlp)
        *tlp = tlp_rank(least);
    *officer = json_is(json_find(clause, "release"), "officer");
    return gate_share(g, BYTES("sighting"), *tlp, NULL, name, e);
}

/* ---- the object
 * ----------------------------------------------------------------------------------------- */

void sighting_id(const struct sightings_how *how, const uint8_t release[16],
                 const struct sighting *s, char out[STIX_ID_MAX])
{
    uint8_t name[sizeof LABEL_SIGHTING_ID - 1 + 32];
    struct uuid id;

    memcpy(name, LABEL_SIGHTING_ID, sizeof LABEL_SIGHTING_ID - 1);
    memcpy(name + sizeof LABEL_SIGHTING_ID - 1, release, 16);
    memcpy(name + sizeof LABEL_SIGHTING_ID - 1 + 16, s->uuid, 16);
    uuid_v5(&how->party, bytes_of(name, sizeof name), &id);
    stix_id_print(out, "sighting", &id);
}

static void set_time(struct json_maker *m, struct json *o, const char *key, int64_t us)
{
    char *text = us > 0 ? arena_get(m->arena, STIX_TIME_MAX, &m->e) : NULL;

    if (!text)
        return;
    stix_time_print(text, us);
    json_set_string(m, o, key, bytes_of(text, STIX_TIME_MAX));
}

/* Counts and times, the indicator, and who saw it; of the lines themselves nothing, and so nothing
 * of our own addresses. */
static bool make(const struct sightings_how *how, const uint8_t release[16],
                 const struct sighting *s, int tlp, struct arena *a, struct bytes *id,
                 struct bytes *out, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m);
    char *own = arena_get(a, STIX_ID_MAX, e), *of = arena_get(a, STIX_ID_MAX, e),
         *us = arena_get(a, STIX_ID_MAX, e);
    struct uuid indicator;

    if (!own || !of || !us)
        return false;
    memcpy(indicator.b, s->uuid, sizeof indicator.b);
    sighting_id(how, release, s, own);
    stix_id_print(of, "indicator", &indicator);
    stix_id_print(us, "identity", &how->party);
    json_set_text(&m, o, "type", "sighting");
    json_set_text(&m, o, "spec_version", "2.1");
    json_set_text(&m, o, "id", own);
    set_time(&m, o, "created", how->now_us);
    set_time(&m, o, "modified", how->now_us);
    json_set_text(&m, o, "created_by_ref", us);
    json_add_string(&m, json_set_array(&m, o, "object_marking_refs"),
                    bytes_text(stix_tlp_id((enum stix_tlp)(tlp + 1))));
    set_time(&m, o, "first_seen", s->first_us);
    set_time(&m, o, "last_seen", s->last_us);
    json_set_integer(&m, o, "count",
                     s->count < SIGHTED_MOST ? (int64_t)s->count : (int64_t)SIGHTED_MOST);
    json_set_text(&m, o, "sighting_of_ref", of);
    json_add_string(&m, json_set_array(&m, o, "where_sighted_refs"), bytes_text(us));
    json_set_bool(&m, o, "summary", true);
    *id = bytes_text(own);
    return json_made(&m, o, out, e);
}

/* ---- the act
 * -----------------------------------------------------------------------------------------------
 */

static bool note_there(void *self, const struct record_object *o)
{
    (void)o;
    *(bool *)self = true;
    return false;
}

bool release_was_said(struct record *r, const struct sightings_how *how, const uint8_t release[16],
                      const struct sighting *first, bool *said, struct err *e)
{
    char id[STIX_ID_MAX];

    *said = false;
    sighting_id(how, release, first, id);
    return record_object(r, bytes_text(id), note_there, said, e);
}

static bool add_all(struct record_share *share, const struct sightings_how *how,
                    const uint8_t release[16], const struct sighting *const *rows, size_t n,
                    int tlp, struct err *e)
{
    struct arena *a = arena_new((size_t)1 << 20);
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    for (size_t i = 0; ok && i < n; i++) {
        struct arena_mark m = arena_mark(a);
        struct bytes id, object;
        ok = make(how, release, rows[i], tlp, a, &id, &object, e) &&
             record_share_add(share, object, id, tlp, e);
        arena_reset(a, m);
    }
    arena_free(a);
    return ok;
}

bool release_say(struct record *r, const struct sightings_how *how, const uint8_t release[16],
                 const struct sighting *const *rows, size_t n, struct record_placed *placed,
                 struct err *e)
{
    struct record_draft d = {.kind = BYTES("share")};
    char clause[GATE_CLAUSE_MAX];
    struct record_share *share;
    struct record_state state;
    bool ok, officer;
    int tlp;

    record_state(r, how->now_us / US_PER_S, &state);
    if (state.stage != STAGE_IN_FORCE)
        return err_fail(e, ERR_DENIED, "agreement %.8s is not in force", record_id(r));
    if (!gate_act(state.agreement, d.kind, state.suspended, state.suspended_n, clause, e) ||
        !sightings_permitted(state.agreement, &tlp, &officer, e))
        return false;
    if (state.agreement->parties_n > 2) { /* it is for whom it concerns */
        d.to[0] = bytes_text(rows[0]->slug);
        d.to_n = 1;
    }
    share = record_share_open(r, e);
    ok = share && add_all(share, how, release, rows, n, tlp, e) &&
         record_share_commit(share, &d, placed, e);
    record_share_close(share);
    return ok;
}
