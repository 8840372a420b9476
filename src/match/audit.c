#include "match/audit.h"
#include "match/acts_impl.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdlib.h>

/* ---- which ones ---- */

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static bool has(const uint64_t *list, size_t n, uint64_t v)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == v)
            return true;
    return false;
}

/* Of 64 bits modulo a size below 2^31 no leaf is likelier than another by more than 2^-33. */
size_t match_audit_indices(const struct match_session *s, const uint8_t nonce[32], unsigned leaves,
                           uint64_t size, uint64_t out[MATCH_AUDIT_MOST])
{
    size_t want = leaves < size ? leaves : (size_t)size, n = 0;
    uint8_t context[36], drawn[8];

    if (want > MATCH_AUDIT_MOST)
        want = MATCH_AUDIT_MOST;
    memcpy(context, s->offer.b, 32);
    for (uint32_t i = 0; n < want; i++) {
        uint64_t v = 0;
        context[32] = (uint8_t)(i >> 24);
        context[33] = (uint8_t)(i >> 16);
        context[34] = (uint8_t)(i >> 8);
        context[35] = (uint8_t)i;
        derive(nonce, LABEL_MATCH_AUDIT, bytes_of(context, sizeof context), drawn, sizeof drawn);
        for (int k = 0; k < 8; k++)
            v = v << 8 | drawn[k];
        if (!has(out, n, v % size))
            out[n++] = v % size;
    }
    qsort(out, n, sizeof *out, by_number);
    return n;
}

static bool digest_of(const struct match_type *t, struct bytes item, struct psi_digest *out,
                      struct err *e)
{
    uint8_t canonical[NORMALISE_MOST];
    struct psi_set *set;
    size_t n;
    bool ok;

    if (normalise_line(normalise_find(bytes_text(t->recipe)), item, canonical, &n) !=
        NORMALISE_KEPT)
        return err_fail(e, ERR_INPUT, "\"%.*s\" is no %s", BYTES_FMT(bytes_part(item, 0, 80)),
                        t->name);
    set = psi_set_new(1, e);
    ok = set && psi_set_add(set, bytes_of(canonical, n), e);
    if (ok)
        *out = psi_set_digests(set)[0];
    psi_set_free(set);
    return ok;
}

/* ---- making ---- */

struct making {
    const struct match_audit_making *m;
    struct json_maker k;
    struct json *o;
    uint64_t index[4 * MATCH_AUDIT_MOST];
    size_t n;
};

static const char *hex_of(struct making *x, const uint8_t *p, size_t n)
{
    char *hex = arena_get(x->k.arena, 2 * n + 1, &x->k.e);

    if (hex)
        hex_encode(hex, p, n);
    return hex ? hex : "";
}

static bool add_act(struct making *x, const char *name, const struct hash *id, struct err *e)
{
    struct act *act = arena_get(x->k.arena, sizeof *act, e);
    struct json *o = json_set_object(&x->k, x->o, name);
    char hex[64];
    struct bytes payload;

    hex_encode(hex, id->b, 32);
    if (!act || !record_find(x->m->record, bytes_of(hex, 64), x->k.arena, act, e) ||
        !record_payload(x->m->record, act, x->k.arena, &payload, e))
        return false;
    json_set_string(&x->k, o, "note", act->note);
    json_set_string(&x->k, o, "payload", payload);
    return true;
}

static bool add_ask(struct making *x, struct err *e)
{
    const struct match_audit_ask *ask = x->m->ask;
    struct act *act;

    if (!ask)
        return true;
    act = arena_get(x->k.arena, sizeof *act, e);
    if (!act || !record_act(x->m->record, ask->by, ask->index, x->k.arena, act, e) ||
        !add_act(x, "ask", &act->text_hash, e))
        return false;
    x->n = match_audit_indices(x->m->session, ask->nonce, ask->leaves, x->m->store->leaves.n,
                               x->index);
    return true;
}

static void want(struct making *x, uint64_t index)
{
    if (index < x->m->store->leaves.n && !has(x->index, x->n, index))
        x->index[x->n++] = index;
}

/* An item that is there is opened; one that is not, by its neighbours. */
static bool add_items(struct making *x, struct err *e)
{
    struct json *absent = json_set_array(&x->k, x->o, "absent");

    for (size_t i = 0; i < x->m->items_n; i++) {
        struct psi_digest d;
        bool found;
        uint64_t at;
        if (!digest_of(x->m->session->type, x->m->items[i], &d, e))
            return false;
        at = match_find(&x->m->store->leaves, &d, &found);
        want(x, at);
        if (found)
            continue;
        if (at)
            want(x, at - 1);
        json_add_string(&x->k, absent, x->m->items[i]);
    }
    qsort(x->index, x->n, sizeof *x->index, by_number);
    return true;
}

static bool add_leaves(struct making *x, struct err *e)
{
    struct match_opened *open = arena_get_array(x->k.arena, x->n + 1, sizeof *open, e);
    struct json *list = json_set_array(&x->k, x->o, "leaves");

    if (!open || !match_open(&x->m->store->leaves, x->index, x->n, open, e))
        return false;
    for (size_t i = 0; i < x->n; i++) {
        struct json *o = json_new_object(&x->k), *path = json_set_array(&x->k, o, "path");
        struct bytes line;
        if (!match_store_line(x->m->store, open[i].index, x->k.arena, &line, e))
            return false;
        json_set_integer(&x->k, o, "index", (int64_t)open[i].index);
        json_set_text(&x->k, o, "salt", hex_of(x, open[i].salt, MATCH_SALT));
        json_set_string(&x->k, o, "item", line);
        for (size_t k = 0; k < open[i].proof.n; k++)
            json_add_string(&x->k, path, bytes_text(hex_of(x, open[i].proof.hash[k].b, 32)));
        json_add(&x->k, list, o);
    }
    return true;
}

bool match_audit_make(const struct match_audit_making *m, struct arena *a, struct bytes *file,
                      struct err *e)
{
    struct making *x = arena_get(a, sizeof *x, e);
    const struct agreement *g = record_agreement(m->record);
    struct record_version *v;
    size_t versions;

    if (!x || !record_versions(m->record, a, &v, &versions, e))
        return false;
    x->m = m;
    x->k = json_maker(a);
    x->o = json_new_object(&x->k);
    json_set_text(&x->k, x->o, "type", "entente-match-audit");
    json_set_integer(&x->k, x->o, "format", 1);
    json_set_string(&x->k, x->o, "agreement", versions ? v[0].bytes : g->bytes);
    json_set_string(&x->k, x->o, "party", m->session->party[m->side]);
    return add_act(x, "offer", &m->session->offer, e) &&
           (m->side == MATCH_ASKER || add_act(x, "accept", &m->session->accept, e)) &&
           add_ask(x, e) && add_items(x, e) && add_leaves(x, e) && json_made(&x->k, x->o, file, e);
}

/* ---- checking ---- */

struct checking {
    const struct json *o;
    struct arena *a;
    struct agreement *g;
    struct match_session s;
    enum match_side side;
    struct match_audit_check *out;
    struct match_opened *open;
    size_t n;
};

static const struct json *signed_act(struct checking *c, const char *name, const char *kind,
                                     struct bytes by, struct act *act, struct err *e)
{
    const struct json *o = json_find(c->o, name), *v;
    const struct agreement_party *p = agreement_party(c->g, by);
    struct bytes note, payload;

    if (!p || !json_get_string(o, "note", &note, e) ||
        !json_get_string(o, "payload", &payload, e) || !act_parse(note, c->a, act, e) ||
        !act_verify(act, &p->keys[KEY_ACTS], KEY_ACTS, e) ||
        !act_body_matches(&act->body, payload, e)) {
        err_within(e, "the act \"%s\"", name);
        return NULL;
    }
    v = json_parse(payload, c->a, e);
    if (v && (!bytes_are(act->kind, kind) || !bytes_equal(act->from, by) ||
              !bytes_are(act->agreement, c->g->id))) {
        err_fail(e, ERR_PROOF, "the act \"%s\" is another one", name);
        return NULL;
    }
    return v;
}

static bool read_commitment(struct checking *c, struct err *e)
{
    struct act *act = arena_get(c->a, sizeof *act, e);
    const struct json *offer = json_find(c->o, "offer"), *v;
    struct bytes note, party;

    if (!act || !json_get_string(offer, "note", &note, e) || !act_parse(note, c->a, act, e))
        return false;
    c->s.party[MATCH_ASKER] = act->from;
    v = signed_act(c, "offer", "match.offer", act->from, act, e);
    if (!v || !match_read_offer(v, &c->s, e) || !json_get_string(c->o, "party", &party, e))
        return false;
    c->s.offer = act->text_hash;
    if (!match_session_side(&c->s, party, &c->side))
        return err_fail(e, ERR_PROOF, "%.*s is no side of this comparison",
                        BYTES_FMT(bytes_part(party, 0, 64)));
    if (c->side == MATCH_ASKER)
        return true;
    v = signed_act(c, "accept", "match.accept", party, act, e);
    return v && match_read_accept(v, &c->s, e) &&
           ((act->refs_n && hash_equal(&act->refs[0], &c->s.offer)) ||
            err_fail(e, ERR_PROOF, "the acceptance is of another offer"));
}

static bool get_hex(const struct json *o, const char *key, uint8_t *out, size_t n, struct err *e)
{
    struct bytes text;

    return json_get_string(o, key, &text, e) &&
           (hex_decode(out, n, text) || err_fail(e, ERR_INPUT, "\"%s\" is no hex", key));
}

/* The digest is computed from the item, so a leaf with another item does not verify. */
static bool read_leaf(struct checking *c, const struct json *v, struct err *e)
{
    struct match_audit_finding *f = &c->out->finding[c->out->n++];
    struct match_opened *o = &c->open[c->n++];
    const struct json *path;
    struct err wrong = {0};
    int64_t index;

    if (!json_get_integer(v, "index", &index, e) || !get_hex(v, "salt", o->salt, MATCH_SALT, e) ||
        !json_get_string(v, "item", &f->item, e) || !json_get_array(v, "path", &path, e))
        return false;
    if (index < 0 || json_count(path) > LIMIT_PROOF_HASHES)
        return err_fail(e, ERR_INPUT, "a leaf that cannot be");
    o->index = f->index = (uint64_t)index;
    for (o->proof.n = 0; o->proof.n < json_count(path); o->proof.n++) {
        struct bytes text;
        if (!json_as_string(json_at(path, o->proof.n), &text) ||
            !hex_decode(o->proof.hash[o->proof.n].b, 32, text))
            return err_fail(e, ERR_INPUT, "a path is no list of digests");
    }
    if (!digest_of(c->s.type, f->item, &o->digest, &wrong))
        f->wrong = "input not as committed: it is no item of this type";
    else if (!match_opened_verify(o, c->s.size[c->side], &c->s.root[c->side], &wrong))
        f->wrong = "input not as committed: the commitment holds something else there";
    return true;
}

static bool read_leaves(struct checking *c, struct err *e)
{
    const struct json *list;

    if (!json_get_array(c->o, "leaves", &list, e))
        return false;
    if (json_count(list) > MATCH_AUDIT_MOST)
        return err_fail(e, ERR_LIMIT, "more than %d leaves", MATCH_AUDIT_MOST);
    c->open = arena_get_array(c->a, json_count(list) + 1, sizeof *c->open, e);
    for (size_t i = 0; c->open && i < json_count(list); i++)
        if (!read_leaf(c, json_at(list, i), e))
            return false;
    return c->open != NULL;
}

static const struct match_opened *opened_at(const struct checking *c, uint64_t index)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->open[i].index == index && !c->out->finding[i].wrong)
            return &c->open[i];
    return NULL;
}

/* All that the other side's bytes choose must be there. */
static bool read_ask(struct checking *c, struct err *e)
{
    struct act *act = arena_get(c->a, sizeof *act, e);
    struct bytes other = c->s.party[!c->side];
    struct match_audit_ask ask;
    uint64_t index[MATCH_AUDIT_MOST];
    const struct json *v;
    size_t n;

    if (!json_find(c->o, "ask"))
        return act != NULL;
    v = act ? signed_act(c, "ask", "match.audit", other, act, e) : NULL;
    if (!v || !match_read_audit(v, &ask, e))
        return false;
    if (!act->refs_n || !hash_equal(&act->refs[0], &c->s.offer))
        return err_fail(e, ERR_PROOF, "the ask is about another comparison");
    n = match_audit_indices(&c->s, ask.nonce, ask.leaves, c->s.size[c->side], index);
    c->out->asked = (unsigned)n;
    c->out->asker = other;
    for (size_t i = 0; i < n; i++) {
        bool there = false;
        for (size_t k = 0; k < c->n; k++)
            if (c->open[k].index == index[i])
                there = c->out->finding[k].asked = true;
        if (!there)
            c->out->why = "a leaf that was asked for is not opened";
    }
    return true;
}

/* Neighbours in the order between which the item would stand. */
static bool read_absent(struct checking *c, struct err *e)
{
    const struct json *list = json_find(c->o, "absent");
    uint64_t size = c->s.size[c->side];

    for (size_t i = 0; i < json_count(list) && c->out->n < 2 * MATCH_AUDIT_MOST; i++) {
        struct match_audit_finding *f = &c->out->finding[c->out->n];
        struct psi_digest d;
        bool shown = size == 0;
        if (!json_as_string(json_at(list, i), &f->item) || !digest_of(c->s.type, f->item, &d, e))
            return false;
        for (uint64_t k = 0; k <= c->n && !shown; k++) {
            const struct match_opened *right = k < c->n ? opened_at(c, c->open[k].index) : NULL,
                                      *left;
            if (k < c->n && (!right || memcmp(&d, &right->digest, sizeof d) >= 0))
                continue;
            left = right ? (right->index ? opened_at(c, right->index - 1) : NULL)
                         : opened_at(c, size - 1);
            shown =
                right && right->index == 0 ? true : left && memcmp(&left->digest, &d, sizeof d) < 0;
        }
        f->absent = true;
        f->wrong = shown ? NULL : "not shown to be absent";
        c->out->n++;
    }
    return true;
}

bool match_audit_read(struct bytes file, struct arena *a, struct match_audit_check *out,
                      struct err *e)
{
    struct checking *c = arena_get(a, sizeof *c, e);
    struct bytes type, document;

    if (!c || !(c->g = arena_get(a, sizeof *c->g, e)))
        return false;
    memset(out, 0, sizeof *out);
    c->a = a;
    c->out = out;
    c->o = json_parse(file, a, e);
    if (!c->o || !json_get_string(c->o, "type", &type, e))
        return err_within(e, "an audit");
    if (!bytes_are(type, "entente-match-audit"))
        return err_fail(e, ERR_INPUT, "this is no audit of a comparison");
    if (!json_get_string(c->o, "agreement", &document, e) ||
        !agreement_read(document, NULL, a, c->g, e) || !read_commitment(c, e) ||
        !read_leaves(c, e) || !read_ask(c, e) || !read_absent(c, e))
        return false;
    memcpy(out->agreement, c->g->id, sizeof out->agreement);
    out->party = c->s.party[c->side];
    out->purpose = c->s.purpose;
    out->type = c->s.type;
    out->size = c->s.size[c->side];
    if (!arena_copy(a, bytes_text(c->s.id), &out->session, e))
        return false;
    for (size_t i = 0; i < out->n && !out->why; i++)
        if (out->finding[i].wrong)
            out->why = out->finding[i].wrong;
    out->holds = !out->why;
    return true;
}
