/* Drafts: an act on its way from one officer to the other, as a file that both can read. */
#include "base/text.h"
#include "cli/claim.h"

#include <stdio.h>

static bool draft_print(struct cli *c, const struct draft *d, struct bytes *out, struct err *e)
{
    const struct json *body = json_parse(d->body, c->arena, e);
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list;

    if (!body)
        return false;
    json_set_text(&m, o, "type", "entente-draft");
    json_set_text(&m, o, "agreement", d->agreement);
    json_set_string(&m, o, "from", d->from);
    json_set_string(&m, o, "kind", d->kind);
    if (d->tlp.n)
        json_set_string(&m, o, "tlp", d->tlp);
    list = json_set_array(&m, o, "to");
    for (size_t i = 0; i < d->to_n; i++)
        json_add_string(&m, list, d->to[i]);
    list = json_set_array(&m, o, "refs");
    for (size_t i = 0; i < d->refs_n; i++)
        json_add_string(&m, list, bytes_text(shown_hash(c, &d->refs[i], 64)));
    json_set(&m, o, "body", body);
    return json_made(&m, o, NULL, e) && json_print_pretty(o, c->arena, out, e);
}

bool draft_write(struct cli *c, const char *path, const struct draft *d, struct err *e)
{
    struct bytes text;

    return draft_print(c, d, &text, e) && output_write(c, path, text, e);
}

bool draft_rewrite(struct cli *c, const char *path, const struct draft *d, struct err *e)
{
    struct bytes text;

    return draft_print(c, d, &text, e) && os_write_file(c->os, path, text, 0, e);
}

static bool get_refs(const struct json *o, struct draft *d, struct err *e)
{
    const struct json *list;
    struct bytes hex;

    if (!json_get_array(o, "refs", &list, e))
        return false;
    if (json_count(list) > 2)
        return err_fail(e, ERR_INPUT, "\"refs\" has at most two");
    for (size_t i = 0; i < json_count(list); i++)
        if (!json_as_string(json_at(list, i), &hex) || !hex_decode(d->refs[i].b, 32, hex))
            return err_fail(e, ERR_INPUT, "\"refs\" are hashes of acts");
    d->refs_n = json_count(list);
    return true;
}

static bool get_to(const struct json *o, struct draft *d, struct err *e)
{
    const struct json *list;

    if (!json_get_array(o, "to", &list, e))
        return false;
    if (json_count(list) > LIMIT_PARTIES)
        return err_fail(e, ERR_LIMIT, "\"to\" has at most %d", LIMIT_PARTIES);
    for (size_t i = 0; i < json_count(list); i++)
        if (!json_as_string(json_at(list, i), &d->to[d->to_n++]))
            return err_fail(e, ERR_INPUT, "\"to\" is a list of slugs");
    return true;
}

static bool get_all(struct cli *c, const struct json *o, struct draft *d, struct err *e)
{
    struct bytes id;
    uint8_t raw[ACT_AGREEMENT / 2];

    if (!json_is(json_find(o, "type"), "entente-draft"))
        return err_fail(e, ERR_INPUT, "it is no draft: its type is not \"entente-draft\"");
    if (!json_get_string(o, "agreement", &id, e) || !json_get_string(o, "from", &d->from, e) ||
        !json_get_string(o, "kind", &d->kind, e) || !get_refs(o, d, e) || !get_to(o, d, e))
        return false;
    if (!hex_decode(raw, sizeof raw, id))
        return err_fail(e, ERR_INPUT, "\"agreement\" is no id of one");
    if (!slug_valid(d->from))
        return err_fail(e, ERR_INPUT, "\"from\" is no slug");
    json_as_string(json_find(o, "tlp"), &d->tlp);
    memcpy(d->agreement, id.p, ACT_AGREEMENT);
    d->agreement[ACT_AGREEMENT] = '\0';
    d->origin = arena_format(c->arena, e, "entente/%s/%.*s", d->agreement, BYTES_FMT(d->from));
    if (json_type(json_find(o, "body")) != JSON_OBJECT)
        return err_fail(e, ERR_INPUT, "\"body\" must be an object");
    return d->origin && json_print(json_find(o, "body"), c->arena, &d->body, e);
}

bool draft_read(struct cli *c, const char *path, struct draft *out, struct err *e)
{
    const struct json *o;
    struct bytes text;

    *out = (struct draft){{0}};
    if (!input_read(c, path, DRAFT_MOST, &text, e))
        return false;
    o = json_parse(text, c->arena, e);
    return (o && get_all(c, o, out, e)) || err_within(e, "%s", input_name(c, path));
}

/* The officers sign for what it answers too, so that is settled now and not when it is sent. */
static bool answered(struct saying *x, struct draft *out, struct err *e)
{
    struct err why = {0};

    if (x->s.answers)
        out->refs[out->refs_n++] = *x->s.answers;
    else if (desk_last(x->desk, x->s.matter, &out->refs[out->refs_n], &why))
        out->refs_n++;
    return why.code == ERR_NONE || err_pass(e, &why);
}

bool draft_of_saying(struct saying *x, struct draft *out, struct err *e)
{
    *out = (struct draft){.from = node_slug(x->c->node),
                          .kind = bytes_text(cases_kind_words[x->s.kind]),
                          .to_n = x->s.to_n};
    memcpy(out->agreement, x->agreement, ACT_AGREEMENT);
    memcpy(out->to, x->s.to, x->s.to_n * sizeof x->s.to[0]);
    if (x->s.tlp != STIX_TLP_NONE)
        out->tlp = bytes_text(tlp_word((int)x->s.tlp - 1));
    if (x->s.matter)
        out->refs[out->refs_n++] = *x->s.matter;
    if (x->s.matter && !answered(x, out, e))
        return false;
    if (x->s.before_n) {
        err_fail(e, ERR_INPUT, "a draft takes no files along");
        return err_hint(e, "put them in evidence first (entente exhibit add), and cite them with "
                           "--exhibit");
    }
    return json_made(&x->m, x->body, &out->body, e);
}
