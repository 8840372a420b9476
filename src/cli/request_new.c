/* entente request new: ask, within what is agreed. */
#include "base/text.h"
#include "cli/commands.h"
#include "cli/matter.h"

static const struct option_row options[] = {
    {"to", 0, "PARTY", "who is asked; may be left out where there is only one other party"},
    {"type", 0, "TYPE",
     "info, verify, preserve, disclose-preserved, sample, analyse, trace, mitigate, notify-victim, "
     "match, consult, recall or audit; info if not given"},
    {"urgency", 0, "URGENCY",
     "emergency, urgent, normal, complex or preserve; the mildest that is agreed for the type if "
     "not given"},
    {"item", 0, "TEXT", "what is asked; each --item is numbered and answered by itself"},
    {"use", 0, "TEXT", "what the answer is for"},
    {"purpose", 0, "WORD", "purpose or legal basis code; the first that is agreed if not given"},
    {"legal-basis", 0, "TEXT", "provision on which the request rests"},
    {"facts", 0, "TEXT", "what makes it so urgent"},
    {"steps", 0, "TEXT", "what was done already"},
    {"subject", 0, "REF", "a STIX id or hash that it is about; may be given again"},
    {"custodian", 0, "TEXT", "who holds the data"},
    {"follow-up", 0, "TEXT", "the request that will follow a preservation"},
    {"related", 0, "ID", "an earlier request"},
    {"wish", 0, "WHEN", "a later instant than the agreed one is enough; it never shortens"},
    {"wish-reason", 0, "TEXT", "why"},
    {"expected", 0, "WHEN", "when a court step is expected (complex)"},
    {"contact", 0, "TEXT", "who answers questions; our technical contact if not given"},
    {"confidential", 0, NULL, "keep the request itself confidential"},
    {"exercise", 0, NULL, "a drill: counted apart from real cases everywhere"},
    {"private", 0, NULL, "only the party that is asked may read it, not the other parties"},
    {"attach", 0, "SPEC", ATTACH_SPEC},
    {"tlp", 0, "LABEL", "marking; amber if not given"},
    {"body", 0, "FILE", "JSON with any member of a request (doc/formats/case-acts.md)"},
    {"under", 0, "AGREEMENT", "which permits it; may be left out where there is only one"},
    {"dry-run", 'n', NULL, "say whether it would be sent, and send nothing"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

/* ---- what is not said is taken from the agreement, or from our card ---- */

static bool addressee(struct saying *x, const struct view *v, struct err *e)
{
    const char *to = option(x->c, "to");
    struct bytes slug = bytes_text(to ? to : ""), body;

    if (!to && json_as_string(json_find(x->body, "addressee"), &body))
        slug = body;
    for (size_t i = 0; slug.n == 0 && v->g->parties_n == 2 && i < 2; i++)
        if (!bytes_equal(v->g->parties[i].slug, record_self(v->record)))
            slug = v->g->parties[i].slug;
    if (slug.n == 0)
        return misuse(x->c, e, "say who is asked with --to PARTY");
    if (!agreement_party(v->g, slug))
        return err_fail(e, ERR_DENIED, "%s is not a party of agreement %.8s",
                        shown_short(x->c, slug, 64), x->agreement);
    json_set_string(&x->m, x->body, "addressee", slug);
    if (option_given(x->c, "private")) {
        x->s.to[0] = slug;
        x->s.to_n = 1;
    }
    return true;
}

static const char *type_of(struct saying *x)
{
    struct bytes type;

    if (option(x->c, "type"))
        return option(x->c, "type");
    if (json_as_string(json_find(x->body, "request_type"), &type))
        return arena_string(x->c->arena, type, NULL);
    return "info";
}

/* normal where that is agreed, else the last of the type's list: the mildest of our template's. */
static const char *urgency_of(struct saying *x, const struct view *v, const char *type)
{
    char *pointer = arena_format(x->c->arena, NULL, "/clauses/request/%s/urgency", type);
    const struct json *list = pointer ? json_point(v->g->root, pointer) : NULL;
    struct bytes word = BYTES("normal");

    if (option(x->c, "urgency"))
        return option(x->c, "urgency");
    if (json_as_string(json_find(x->body, "urgency"), &word))
        return arena_string(x->c->arena, word, NULL);
    for (size_t i = 0; i < json_count(list); i++)
        if (json_is(json_at(list, i), "normal"))
            return "normal";
    json_as_string(json_at(list, json_count(list) ? json_count(list) - 1 : 0), &word);
    return arena_string(x->c->arena, word, NULL);
}

static void set_items(struct saying *x)
{
    size_t n;
    const char *const *items = option_all(x->c, "item", &n);
    struct json *list;

    if (n == 0)
        return;
    list = json_set_array(&x->m, x->body, "items");
    for (size_t i = 0; i < n; i++) {
        struct json *item = json_new_object(&x->m);
        json_set_text(&x->m, item, "ask", items[i]);
        json_add(&x->m, list, item);
    }
}

static void set_defaults(struct saying *x, const struct view *v)
{
    const struct card *card = node_card(x->c->node);
    struct bytes purpose;

    if (!json_find(x->body, "purpose") &&
        json_as_string(json_at(json_point(v->g->root, "/clauses/use/purposes"), 0), &purpose))
        json_set_string(&x->m, x->body, "purpose", purpose);
    for (size_t i = 0; i < card->contacts_n && !json_find(x->body, "point_of_contact"); i++) {
        const struct contact *k = &card->contacts[i];
        const char *text = arena_format(x->c->arena, NULL, "%.*s%s%.*s", BYTES_FMT(k->name),
                                        k->email.n ? ", " : "", BYTES_FMT(k->email));
        if (k->role == CONTACT_TECHNICAL && text)
            json_set_text(&x->m, x->body, "point_of_contact", text);
    }
    if (option_given(x->c, "confidential") || !json_find(x->body, "keep_confidential"))
        json_set_bool(&x->m, x->body, "keep_confidential", option_given(x->c, "confidential"));
    if (option_given(x->c, "exercise") || !json_find(x->body, "exercise"))
        json_set_bool(&x->m, x->body, "exercise", option_given(x->c, "exercise"));
}

static void set_subjects(struct saying *x)
{
    size_t n;
    const char *const *refs = option_all(x->c, "subject", &n);
    struct json *list = n ? json_set_array(&x->m, x->body, "subject_refs") : NULL;

    for (size_t i = 0; i < n; i++)
        json_add_string(&x->m, list, bytes_text(refs[i]));
}

static bool fill(struct saying *x, const struct view *v, struct err *e)
{
    static const char *const texts[][2] = {
        {"use", "intended_use"},          {"purpose", "purpose"},
        {"legal-basis", "legal_basis"},   {"facts", "urgency_facts"},
        {"steps", "steps_taken"},         {"custodian", "custodian"},
        {"follow-up", "follow_up"},       {"related", "related_request"},
        {"wish-reason", "wished_reason"}, {"contact", "point_of_contact"}};
    const char *type = type_of(x), *urgency = type ? urgency_of(x, v, type) : NULL;

    if (!type || !urgency)
        return err_fail(e, ERR_NOMEM, "out of memory");
    json_set_text(&x->m, x->body, "request_type", type);
    json_set_text(&x->m, x->body, "urgency", urgency);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        saying_text(x, texts[i][0], texts[i][1]);
    set_items(x);
    set_subjects(x);
    set_defaults(x, v);
    return addressee(x, v, e) &&
           instant_option(x->c, "wish", &x->m, x->body, "wished_deadline", e) &&
           instant_option(x->c, "expected", &x->m, x->body, "expected_date", e) &&
           saying_attach(x, e);
}

/* ---- said ---- */

static bool report_json(struct saying *x, const struct record_placed *placed, struct err *e)
{
    struct json_maker m = json_maker(x->c->arena);
    struct json *o = json_new_object(&m);

    json_set_text(&m, o, "agreement", x->agreement);
    json_set_bool(&m, o, "sent", !option_given(x->c, "dry-run"));
    if (!option_given(x->c, "dry-run")) {
        json_set_text(&m, o, "id", shown_hash(x->c, &placed->text_hash, 64));
        json_set_integer(&m, o, "index", (int64_t)placed->index);
    }
    json_set(&m, o, "body", x->body);
    return print_json(x->c, &m, o, e);
}

static bool report(struct saying *x, const struct record_placed *placed, struct err *e)
{
    struct bytes to = {0};

    if (x->c->json)
        return report_json(x, placed, e);
    if (option_given(x->c, "dry-run")) {
        remark(x->c, "It would be sent.\n");
        return true;
    }
    json_as_string(json_find(x->body, "addressee"), &to);
    fprintf(x->c->out, "%s\n", shown_hash(x->c, &placed->text_hash, 64));
    remark(x->c,
           "Asked %s. The clock starts with its receipt, or when the grace after the first\n"
           "signature of anybody else has passed: entente why %s\n",
           shown(x->c, to), shown_hash(x->c, &placed->text_hash, 12));
    return true;
}

static bool run(struct cli *c, struct err *e)
{
    struct saying *x = arena_get(c->arena, sizeof *x, e);
    struct record_placed placed = {0};
    char *id = arena_get(c->arena, ACT_AGREEMENT + 1, e);
    struct view v;

    if (!x || !id || !agreement_named(c, option(c, "under"), id, e) || !view_open(c, id, &v, e) ||
        !saying_start(x, c, id, NULL, CASES_REQUEST, e))
        return false;
    if (!fill(x, &v, e))
        return refused(c, e);
    return saying_send(x, &placed, e) && report(x, &placed, e);
}

const struct command cmd_request_new = {
    .name = "request new",
    .synopsis = "[--to PARTY] [--type TYPE] [--urgency URGENCY] --item TEXT... [--use TEXT] "
                "[OPTION...]",
    .sentence = "Ask a party for help, as the agreement allows.",
    .more =
        "The request is checked against the agreement first: a type or urgency that is not "
        "agreed, a\nmissing field, a marking above the ceiling or a used-up quota is refused here "
        "with its clause,\nand nothing is sent (exit status 2). Its id goes to stdout. "
        "entente-requests(7) tells the whole way\nof a request.\n",
    .options = options,
    .needs = NEEDS_NODE,
    .run = run,
};
