/* What the command line names: agreements, acts, parties. */
#include "base/text.h"
#include "cli/cli.h"

bool agreement_named(struct cli *c, const char *name, char id[ACT_AGREEMENT + 1], struct err *e)
{
    const char **ids;
    size_t n;

    if (name)
        return node_agreement_find(c->node, bytes_text(name), id, e);
    if (!node_agreements(c->node, c->arena, &ids, &n, e))
        return false;
    if (n == 0) {
        err_fail(e, ERR_MISSING, "there is no agreement here yet");
        return err_hint(e, "begin one with: entente agreement new --with PARTY -o agreement.json");
    }
    if (n > 1) {
        err_fail(e, ERR_INPUT, "there are %zu agreements: say which", n);
        return err_hint(e, "by the beginning of its id; entente agreement list shows them");
    }
    memcpy(id, ids[0], ACT_AGREEMENT + 1);
    return true;
}

bool record_named(struct cli *c, const char *name, struct record **out, struct err *e)
{
    char id[ACT_AGREEMENT + 1];

    return agreement_named(c, name, id, e) && (*out = node_record(c->node, id, e));
}

bool agreements_named(struct cli *c, const char *name, const char ***ids, size_t *n, struct err *e)
{
    char *id;

    if (!name)
        return node_agreements(c->node, c->arena, ids, n, e);
    *n = 1;
    return (id = arena_get(c->arena, ACT_AGREEMENT + 1, e)) && agreement_named(c, name, id, e) &&
           (*ids = arena_get_array(c->arena, 1, sizeof **ids, e)) && ((*ids)[0] = id);
}

/* ---- acts ---- */

static bool act_at(struct cli *c, const char *agreement, struct bytes slug, struct bytes index,
                   struct record **r, struct act *out, struct err *e)
{
    uint64_t i;

    if (!decimal_parse(index, &i))
        return err_fail(e, ERR_INPUT, "an act is named like north/12, or by its hash");
    return record_named(c, agreement, r, e) && record_act(*r, slug, i, c->arena, out, e);
}

bool act_named(struct cli *c, const char *agreement, const char *ref, struct record **r,
               struct act *out, struct err *e)
{
    struct bytes text = bytes_text(ref);
    size_t slash = bytes_find_byte(text, '/'), n;
    struct err missing = {0};
    const char **ids;

    if (slash < text.n)
        return act_at(c, agreement, bytes_part(text, 0, slash),
                      bytes_part(text, slash + 1, SIZE_MAX), r, out, e);
    if (!agreements_named(c, agreement, &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        err_clear(&missing);
        if ((*r = node_record(c->node, ids[i], &missing)) &&
            record_find(*r, text, c->arena, out, &missing))
            return true;
        if (missing.code != ERR_MISSING)
            return err_pass(e, &missing);
    }
    err_fail(e, ERR_MISSING, "there is no act %s", ref);
    return err_hint(e, "entente acts list shows them");
}

/* ---- views ---- */

static bool copy_version(struct cli *c, const char *id, const struct agreement **g, struct err *e)
{
    struct agreement *copy = arena_get(c->arena, sizeof *copy, e);
    struct bytes bytes;

    if (!copy || !arena_copy(c->arena, (*g)->bytes, &bytes, e) ||
        !agreement_read(bytes, id, c->arena, copy, e))
        return false;
    *g = copy;
    return true;
}

static bool copy_state(struct cli *c, const char *id, struct record_state *s, struct err *e)
{
    for (size_t i = 0; i < s->suspended_n; i++)
        if (!arena_copy(c->arena, s->suspended[i], &s->suspended[i], e))
            return false;
    return arena_copy(c->arena, s->withdrawing, &s->withdrawing, e) &&
           copy_version(c, id, &s->agreement, e) &&
           (!s->amendment || copy_version(c, id, &s->amendment, e));
}

bool view_open(struct cli *c, const char *id, struct view *out, struct err *e)
{
    struct record *r = node_hold(c->node, id, e);
    bool ok;

    if (!r)
        return false;
    out->record = r;
    record_state(r, os_now(c->os), &out->state);
    ok = copy_state(c, record_id(r), &out->state, e);
    out->g = out->state.agreement;
    node_release_unchanged(c->node, r);
    return ok;
}

bool view_named(struct cli *c, const char *name, struct view *out, struct err *e)
{
    char id[ACT_AGREEMENT + 1];

    return agreement_named(c, name, id, e) && view_open(c, id, out, e);
}

/* ---- parties ---- */

struct bytes party_name(const struct agreement *g, struct bytes slug)
{
    const struct agreement_party *p = agreement_party(g, slug);

    return p ? p->name : slug;
}

const char *other_parties(struct cli *c, const struct view *v)
{
    struct buf b = buf_in(c->arena);
    const char *s;
    size_t n = 0;

    for (size_t i = 0; i < v->g->parties_n; i++)
        if (!bytes_equal(v->g->parties[i].slug, record_self(v->record))) {
            buf_puts(&b, n++ ? ", " : "");
            buf_put(&b, v->g->parties[i].slug);
        }
    s = buf_string(&b, NULL);
    return s ? s : "?";
}

const char *stage_word(enum record_stage s)
{
    return s == STAGE_PROPOSED   ? N_("proposed")
           : s == STAGE_IN_FORCE ? N_("in force")
                                 : N_("withdrawn");
}

bool party_identity(struct cli *c, struct uuid *out, struct err *e)
{
    struct uuid nil = {{0}};
    const char *name = arena_format(c->arena, e, "entente/v1/party/%s",
                                    shown_hash(c, &node_card(c->node)->id, 64));

    if (name)
        uuid_v5(&nil, bytes_text(name), out);
    return name != NULL;
}
