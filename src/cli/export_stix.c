/* entente export stix: the cases of an agreement as one STIX 2.1 bundle, each object with its plain
 * twin, for tools that know nothing of us. */
#include "base/text.h"
#include "cli/attach.h"
#include "cli/commands.h"

/* schema/extension-definition.json, and its author; a test compares. */
static const char definition[] =
    "{\"created\":\"2026-11-23T00:00:00.000Z\",\"created_by_ref\":\"identity--5b0e0a34-9a5c-4c0e-"
    "8f6d-0f3d1f1b7c21\",\"description\":\"Requests with deadlines, claims and their answers "
    "between "
    "parties that have signed an agreement. Each object has a plain note or opinion as its twin.\","
    "\"extension_types\":[\"new-sdo\"],\"id\":\"" CASES_EXTENSION
    "\",\"modified\":\"2026-11-23T00:00:00.000Z\",\"name\":\"entente cases\",\"schema\":\"schema/"
    "entente-*.schema.json in the source of "
    "entente\",\"spec_version\":\"2.1\",\"type\":\"extension-"
    "definition\",\"version\":\"1.0.0\"}";
static const char author[] =
    "{\"created\":\"2026-11-23T00:00:00.000Z\",\"id\":\"identity--5b0e0a34-9a5c-4c0e-8f6d-"
    "0f3d1f1b7c21\",\"identity_class\":\"organization\",\"modified\":\"2026-11-23T00:00:00.000Z\","
    "\"name\":\"the entente project\",\"spec_version\":\"2.1\",\"type\":\"identity\"}";

static const struct option_row options[] = {
    {"output", 'o', "FILE", "where to; - is stdout"},
    {"tlp", 0, "LABEL",
     "the highest marking that may leave: clear, green, amber, amber+strict or red; else green"},
    {"twins", 0, NULL,
     "only the twins: notes and opinions, for tools that drop what they don't know"},
    {NULL},
};

struct bundle {
    struct cli *c;
    struct json_maker m;
    struct json *objects;
    int most;
    bool twins;
    size_t n, left; /* written; left out for their marking */
    struct err e;
};

static int rank_of(const struct json *body)
{
    const struct json *list = json_find(body, "object_marking_refs");
    struct bytes id;
    int rank = -1;

    for (size_t i = 0; i < json_count(list); i++)
        if (json_as_string(json_at(list, i), &id) && (int)stix_tlp_of_id(id) - 1 > rank)
            rank = (int)stix_tlp_of_id(id) - 1;
    return rank;
}

static bool add_text(struct bundle *b, struct bytes text)
{
    const struct json *v = json_parse(text, b->c->arena, &b->e);

    if (v)
        json_add(&b->m, b->objects, v);
    return v != NULL;
}

/* One gate for every exit: what is not marked does not leave, and a twin has its object's marking.
 */
static bool add_said(void *self, const struct act *act, struct bytes payload)
{
    struct bundle *b = self;
    struct arena *a = b->c->arena;
    const struct json *body;
    struct bytes copy, twin;
    int rank;

    if (payload.n == 0 || !bytes_are(act->body.media_type, MEDIA_STIX))
        return true;
    if (!arena_copy(a, payload, &copy, &b->e) || !(body = json_parse(copy, a, &b->e)))
        return false;
    rank = rank_of(body) > tlp_rank(act->tlp) ? rank_of(body) : tlp_rank(act->tlp);
    if (rank < 0 || rank > b->most) {
        b->left++;
        return true;
    }
    if (!b->twins)
        json_add(&b->m, b->objects, body);
    b->n++;
    return !cases_twin(copy, a, &twin, NULL) || add_text(b, twin);
}

static bool fill(struct bundle *b, const struct view *v, struct err *e)
{
    if (!b->twins && (!add_text(b, bytes_text(author)) || !add_text(b, bytes_text(definition))))
        return err_pass(e, &b->e);
    for (size_t i = 0; i < v->g->parties_n; i++) {
        struct err why = err_like(e);
        if (!record_said(v->record, v->g->parties[i].slug, 0, add_said, b, &why))
            return err_pass(e, &why);
        if (b->e.code)
            return err_pass(e, &b->e);
    }
    return true;
}

static void put_id(struct bundle *b, struct json *o)
{
    char *id = arena_get(b->c->arena, STIX_ID_MAX, &b->m.e);
    struct uuid u;

    if (!id)
        return;
    os_random(b->c->os, u.b, sizeof u.b);
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    stix_id_print(id, "bundle", &u);
    json_set_text(&b->m, o, "id", id);
}

static bool run(struct cli *c, struct err *e)
{
    struct bundle b = {.c = c, .m = json_maker(c->arena), .most = 1};
    const char *label = option(c, "tlp");
    struct json *o = json_new_object(&b.m);
    struct bytes text;
    struct view v;

    b.twins = option_given(c, "twins");
    if (label && (b.most = tlp_rank(bytes_text(label))) < 0)
        return misuse(c, e, "--tlp is clear, green, amber, amber+strict or red");
    if (!option(c, "output"))
        return misuse(c, e, "say where to: -o FILE");
    if (!view_named(c, c->operands_n ? c->operands[0] : NULL, &v, e))
        return false;
    json_set_text(&b.m, o, "type", "bundle");
    put_id(&b, o);
    b.objects = json_set_array(&b.m, o, "objects");
    if (!fill(&b, &v, e) || !json_made(&b.m, o, &text, e) ||
        !output_write(c, option(c, "output"), text, e))
        return false;
    remark(c, "Objects of cases, each with its twin: %s. Left out for their marking: %s.\n",
           shown_count(c, b.n), shown_count(c, b.left));
    return true;
}

const struct command cmd_export_stix = {
    .name = "export stix",
    .synopsis = "[AGREEMENT] -o FILE [--tlp LABEL] [--twins]",
    .sentence = "Write the requests, claims and exhibits of an agreement as one STIX 2.1 bundle.",
    .more = "Each object is of our extension-definition, which is in the bundle, and has a plain "
            "note or opinion\nas its twin, so that a tool that knows nothing of us still shows the "
            "text. What is marked higher\nthan --tlp, or not at all, is left out.\n",
    .options = options,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run,
};
