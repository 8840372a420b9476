/* Acts and their payloads: the gate stands here. */
#include "dossier/dossier_impl.h"

#define UNMARKED 5 /* stricter than TLP:RED: never leaves */

/* What the act says; else the strictest that the payload's own bytes show. */
static int marking(struct making *k, const struct act *act, struct bytes payload)
{
    struct arena_mark m = arena_mark(k->a);
    int rank = act->tlp.n ? tlp_rank(act->tlp) : -1;
    const struct json *body, *refs;

    if (bytes_start_with(act->kind, "agreement.") || bytes_start_with(act->kind, "key.") ||
        bytes_start_with(act->kind, "officer."))
        return 0; /* what was agreed, and whose keys count, are no information under a marking */
    if (bytes_start_with(act->body.media_type, MEDIA_STIX)) {
        body = json_parse(payload, k->a, NULL);
        refs = json_find(body, "object_marking_refs");
        for (size_t i = 0; i < json_count(refs); i++) {
            struct bytes id;
            int own = json_as_string(json_at(refs, i), &id) ? (int)stix_tlp_of_id(id) - 1 : -1;
            rank = own > rank ? own : rank;
        }
    }
    arena_reset(k->a, m);
    return rank < 0 ? UNMARKED : rank;
}

static bool withhold(struct making *k, const struct act *act, bool of_case, const char *why)
{
    char *hex = arena_get(k->a, 65, &k->m.e);

    if (!hex)
        return false;
    hex_encode(hex, act->body.sha256.b, 32);
    json_set_text(&k->m, k->withheld, hex, why);
    k->made->withheld++;
    k->made->redacted |= of_case;
    return true;
}

static bool named(const struct making *k, const struct act *act)
{
    char *place =
        arena_format(k->a, NULL, "%.*s/%llu", BYTES_FMT(act->from), (unsigned long long)act->seq);

    for (size_t i = 0; place && i < k->x->withhold_n; i++)
        if (bytes_are(k->x->withhold[i], place))
            return true;
    return false;
}

/* Clause and reason, or NULL if it may go. */
static const char *barred(struct making *k, int rank)
{
    int most = k->x->redact >= 0 ? k->x->redact : tlp_rank(BYTES("amber+strict"));

    if (rank == UNMARKED)
        return "unmarked: what is not marked is not shareable";
    if (rank <= most)
        return NULL;
    return arena_format(k->a, NULL, "TLP:%s is stricter than TLP:%s (TLP 2.0; clause use.onward)",
                        tlp_word(rank), tlp_word(most));
}

static bool put_payload(struct making *k, const struct act *act, bool of_case, struct err *e)
{
    struct err missing = {0};
    struct bytes payload;
    const char *why;
    char hex[64];
    int rank;

    if (act->body.media_type.n == 0)
        return true;
    if (bytes_are(act->body.media_type, MEDIA_LIST) || bytes_are(act->body.media_type, MEDIA_LISTS))
        return withhold(k, act, of_case, "a list of shared objects: entente export log has them");
    if (!record_payload(k->r, act, k->a, &payload, &missing)) {
        if (missing.code != ERR_MISSING)
            return err_pass(e, &missing);
        return withhold(k, act, of_case, "not held by the exporter: erased, or not for it");
    }
    if (named(k, act))
        return withhold(k, act, of_case, "withheld by the exporter");
    rank = marking(k, act, payload);
    if ((why = barred(k, rank))) {
        if (k->x->redact >= 0)
            return withhold(k, act, of_case, why);
        err_fail(e, ERR_DENIED, "%.*s/%llu (%.*s): %s", BYTES_FMT(act->from),
                 (unsigned long long)act->seq, BYTES_FMT(act->kind), why);
        return err_hint(e, "--redact amber leaves such payloads out; they stay proved by hash");
    }
    if (rank > k->made->tlp)
        k->made->tlp = rank;
    hex_encode(hex, act->body.sha256.b, 32);
    return put_file(k, payload, e, "payloads/%.64s", hex);
}

static bool put_act(struct making *k, struct part *p, const struct pick *what, struct err *e)
{
    struct act *act = arena_get(k->a, sizeof *act, e);
    struct err missing = {0};

    if (!act)
        return false;
    if (!record_act(k->r, p->slug, what->index, k->a, act, &missing))
        return missing.code == ERR_MISSING || err_pass(e, &missing);
    k->made->acts++;
    return put_file(k, act->note, e, "acts/%.*s/%llu.note", BYTES_FMT(p->slug),
                    (unsigned long long)what->index) &&
           put_payload(k, act, what->of_case, e);
}

bool put_acts(struct making *k, struct err *e)
{
    for (size_t i = 0; i < k->parts; i++)
        for (size_t j = 0; j < k->part[i].n; j++)
            if (!put_act(k, &k->part[i], &k->part[i].picks[j], e))
                return false;
    return true;
}
