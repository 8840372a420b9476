/* entente claim new, counter: to lodge a claim. */
#include "base/text.h"
#include "cli/claim.h"
#include "cli/commands.h"

static const struct option_row new_options[] = {
    SAY_ROWS,
    EVIDENCE_ROWS,
    {"to", 0, "PARTY", "who is to reply; may be left out where there is only one"},
    {"predicate", 0, "WORD",
     "conducted-by, originated-from, infrastructure-controlled-by, directed-by, benefit-to, "
     "holds-data-of, breached-clause or norm-concern"},
    {"subject", 0, "TEXT", "what the claim is about"},
    {"object", 0, "TEXT", "who or what is named"},
    {"likelihood", 0, "WORD", "one of the seven words of ICD 203, or its range: likely, 55-80"},
    {"confidence", 0, "WORD", "low, moderate or high; apart from the likelihood"},
    {"hypothesis", 0, "TEXT", "that it is the named party; may be given again"},
    {"alternative", 0, "TEXT", "that it is somebody else, or nobody; may be given again"},
    {"matrix", 0, "MARKS",
     "for each hypothesis in order, a mark per piece of evidence: + - . (consistent, "
     "inconsistent, not applicable)"},
    {"text", 0, "TEXT", "the claimant's statement"},
    {"assumption", 0, "TEXT", "a key assumption; may be given again"},
    {"gap", 0, "TEXT", "what is not known; may be given again"},
    {"clause", 0, "CLAUSE", "of a breached clause: which"},
    {"disclosure", 0, "LEVEL", "bilateral, arbiter or public; else bilateral"},
    {"exercise", 0, NULL, "a drill: kept apart from real cases everywhere"},
    {"template", 0, NULL, "print a body to fill in and give with --body, and send nothing"},
    {NULL},
};

/* ---- members ------------------------------------------------------------------------------ */

static bool set_likelihood(struct saying *x, const struct cases_likelihood *l)
{
    struct json *o = json_set_object(&x->m, x->body, "likelihood");

    json_set_integer(&x->m, o, "low", l->low);
    json_set_integer(&x->m, o, "high", l->high);
    return true;
}

static bool is_likelihood(const char *text, const struct cases_likelihood *l)
{
    char range[16];

    snprintf(range, sizeof range, "%u-%u", l->low, l->high);
    return !strcmp(text, l->word) || !strcmp(text, range);
}

bool claim_levels(struct saying *x, struct err *e)
{
    const char *word = option(x->c, "likelihood"), *sure = option(x->c, "confidence");

    if (sure && cases_word(cases_confidence_words, CASES_CONFIDENCES, bytes_text(sure)) < 0)
        return misuse(x->c, e, "--confidence is low, moderate or high");
    saying_text(x, "confidence", "confidence");
    if (!word)
        return true;
    for (int i = 0; i < CASES_LIKELIHOODS; i++)
        if (is_likelihood(word, &cases_likelihoods[i]))
            return set_likelihood(x, &cases_likelihoods[i]);
    return misuse(x->c, e,
                  "--likelihood is one of: almost no chance, very unlikely, unlikely, roughly even "
                  "chance, likely, very likely, almost certain (ICD 203)");
}

void claim_list_option(struct saying *x, const char *name, const char *member)
{
    size_t n;
    const char *const *all = option_all(x->c, name, &n);
    struct json *list = n ? json_set_array(&x->m, x->body, member) : NULL;

    for (size_t i = 0; i < n; i++)
        json_add_string(&x->m, list, bytes_text(all[i]));
}

static void add_hypotheses(struct saying *x, struct json *list, const char *name, bool named)
{
    size_t n;
    const char *const *all = option_all(x->c, name, &n);

    for (size_t i = 0; i < n; i++) {
        struct json *o = json_new_object(&x->m);
        json_set_text(&x->m, o, "text", all[i]);
        json_set_bool(&x->m, o, "named_party", named);
        json_add(&x->m, list, o);
    }
}

static bool set_row(struct saying *x, struct json *rows, const char *marks, struct err *e)
{
    struct json *row = json_new_array(&x->m);

    for (const char *p = marks; *p; p++) {
        const char *word = *p == '+'   ? "consistent"
                           : *p == '-' ? "inconsistent"
                           : *p == '.' ? "not-applicable"
                                       : NULL;
        if (!word)
            return misuse(x->c, e, "--matrix has the marks + - . and no others");
        json_add_string(&x->m, row, bytes_text(word));
    }
    json_add(&x->m, rows, row);
    return true;
}

static bool set_matrix(struct saying *x, struct err *e)
{
    size_t n;
    const char *const *rows = option_all(x->c, "matrix", &n);
    struct json *list = n ? json_set_array(&x->m, x->body, "matrix") : NULL;

    for (size_t i = 0; i < n; i++)
        if (!set_row(x, list, rows[i], e))
            return false;
    return true;
}

static bool cite_exhibit(struct saying *x, struct json *list, const char *name, struct err *e)
{
    struct exhibit_held *h = arena_get(x->c->arena, sizeof *h, e);
    struct record *r = h ? node_record(x->c->node, x->agreement, e) : NULL;

    if (!r || !exhibit_find(r, bytes_text(name), x->c->arena, h, e))
        return err_within(e, "--exhibit %s", shown_short(x->c, bytes_text(name), 70));
    json_add(&x->m, list, exhibit_cite(&x->m, &h->x));
    return true;
}

bool claim_evidence(struct saying *x, struct err *e)
{
    const struct json *before;
    struct json *list;
    size_t n, files;
    const char *const *names = option_all(x->c, "exhibit", &n);

    option_all(x->c, "attach", &files);
    if (n == 0 && files == 0)
        return true;
    if (!saying_attach(x, e))
        return false;
    before = files ? json_find(x->body, "evidence") : NULL;
    list = json_set_array(&x->m, x->body, "evidence");
    for (size_t i = 0; i < n; i++)
        if (!cite_exhibit(x, list, names[i], e))
            return refused(x->c, e);
    for (size_t i = 0; i < json_count(before); i++)
        json_add(&x->m, list, json_at(before, i));
    return true;
}

/* The words are looked at in English, whatever the reader's language is. */
bool needs_officers(struct saying *x)
{
    struct err why = {0};

    return !desk_may(x->desk, &x->s, &why) &&
           bytes_find(bytes_text(why.text),
                      bytes_text(cases_verdict_words[CASES_V_TWO_OFFICERS])) != SIZE_MAX;
}

/* ---- sending -------------------------------------------------------------------------------- */

/* Is it what may be sent, but for the signatures that it is a draft for? */
static bool lacks_officers_at_most(struct saying *x, const struct draft *d, struct err *e)
{
    x->s.body = d->body;
    return needs_officers(x) || desk_may(x->desk, &x->s, e);
}

static bool send_draft(struct saying *x, const char *path, struct err *e)
{
    struct draft *d = arena_get(x->c->arena, sizeof *d, e);

    if (!d || !draft_of_saying(x, d, e) || !lacks_officers_at_most(x, d, e))
        return refused(x->c, e);
    if (!draft_write(x->c, path, d, e))
        return false;
    remark(x->c,
           "A draft: nothing was sent. Two officers sign it with: entente officer sign %s --key "
           "KEY;\nthen send it with: entente officer send %s\n",
           shown(x->c, bytes_text(path)), shown(x->c, bytes_text(path)));
    return true;
}

static bool say_sent(struct saying *x, const struct hash *matter, const struct record_placed *at,
                     struct err *e)
{
    struct cli *c = x->c;
    const struct hash *id = matter ? matter : &at->text_hash;
    struct json_maker m = json_maker(c->arena);
    struct json *o;

    if (!c->json) {
        say(c, "Sent %s, case %s.\n", cases_kind_words[x->s.kind], shown_hash(c, id, 12));
        return true;
    }
    o = json_new_object(&m);
    json_set_text(&m, o, "agreement", x->agreement);
    json_set_text(&m, o, "id", shown_hash(c, id, 64));
    json_set_text(&m, o, "act", shown_hash(c, &at->text_hash, 64));
    json_set_integer(&m, o, "index", (int64_t)at->index);
    return print_json(c, &m, o, e);
}

bool claim_send(struct saying *x, const struct hash *matter, struct err *e)
{
    struct record_placed placed;

    if (option(x->c, "draft"))
        return send_draft(x, option(x->c, "draft"), e);
    if (!saying_send(x, &placed, e)) {
        if (needs_officers(x))
            err_hint(e, "write it with --draft FILE, and let two officers sign it: entente officer "
                        "sign");
        return false;
    }
    if (option_given(x->c, "dry-run")) {
        remark(x->c, "It may be sent; nothing was.\n");
        return true;
    }
    return say_sent(x, matter, &placed, e);
}

/* ---- the commands --------------------------------------------------------------------------- */

static const char template[] =
    "{\n"
    "  \"predicate\": \"originated-from\",\n"
    "  \"subject\": \"the scans of 1 March 2026\",\n"
    "  \"object\": \"the network 203.0.113.0/24\",\n"
    "  \"text\": \"What we say, in our own words.\",\n"
    "  \"sections\": {\n"
    "    \"tactical\": \"how it was done\",\n"
    "    \"operational\": \"who did it\",\n"
    "    \"strategic\": \"why, and who gains\",\n"
    "    \"communication\": \"what is told to whom\"\n"
    "  },\n"
    "  \"likelihood\": {\"low\": 55, \"high\": 80},\n"
    "  \"confidence\": \"moderate\",\n"
    "  \"hypotheses\": [\n"
    "    {\"text\": \"the named party\", \"named_party\": true},\n"
    "    {\"text\": \"somebody else through its machines\", \"named_party\": false}\n"
    "  ],\n"
    "  \"assumptions\": [\"the clocks of the sensors were right\"],\n"
    "  \"gaps\": [\"no image of the machine\"],\n"
    "  \"disclosure\": \"bilateral\",\n"
    "  \"reply_asked\": true,\n"
    "  \"exercise\": false\n"
    "}\n";

/* The one other party that is no arbiter. */
static const char *only_other(struct cli *c, const struct view *v)
{
    const struct agreement_party *found = NULL;

    for (size_t i = 0; i < v->g->parties_n; i++) {
        const struct agreement_party *p = &v->g->parties[i];
        if (p->arbiter || bytes_equal(p->slug, node_slug(c->node)))
            continue;
        if (found)
            return NULL;
        found = p;
    }
    return found ? arena_format(c->arena, NULL, "%.*s", BYTES_FMT(found->slug)) : NULL;
}

static bool set_addressee(struct saying *x, const char *to, struct err *e)
{
    struct view v;

    if (!view_open(x->c, x->agreement, &v, e))
        return false;
    if (!to)
        to = only_other(x->c, &v);
    if (!to)
        return misuse(x->c, e, "say who is to reply: --to PARTY");
    json_set_text(&x->m, x->body, "addressee", to);
    return true;
}

static void set_flag(struct saying *x, const char *key, bool value)
{
    if (value || !json_find(x->body, key))
        json_set_bool(&x->m, x->body, key, value);
}

static bool fill(struct saying *x, struct err *e)
{
    static const char *const texts[] = {"predicate", "subject",    "object", "text",
                                        "clause",    "disclosure", NULL};
    size_t some, other;
    struct json *list;

    for (size_t i = 0; texts[i]; i++)
        saying_text(x, texts[i], texts[i]);
    if (!json_find(x->body, "disclosure"))
        json_set_text(&x->m, x->body, "disclosure", "bilateral");
    claim_list_option(x, "assumption", "assumptions");
    claim_list_option(x, "gap", "gaps");
    option_all(x->c, "hypothesis", &some);
    option_all(x->c, "alternative", &other);
    if (some + other) {
        list = json_set_array(&x->m, x->body, "hypotheses");
        add_hypotheses(x, list, "hypothesis", true);
        add_hypotheses(x, list, "alternative", false);
    }
    set_flag(x, "exercise", option_given(x->c, "exercise"));
    set_flag(x, "reply_asked", true);
    return claim_levels(x, e) && claim_evidence(x, e) && set_matrix(x, e);
}

static bool lodge(struct cli *c, const char *agreement, const struct matter *against, struct err *e)
{
    struct saying *x = arena_get(c->arena, sizeof *x, e);
    const char *to = option(c, "to");

    if (!x || !saying_start(x, c, agreement, NULL, CASES_CLAIM, e))
        return false;
    if (against) {
        struct cases *cases = desk_begin(against->desk, e);
        if (!cases)
            return false;
        to = arena_format(c->arena, e, "%.*s",
                          BYTES_FMT(cases_party_slug(desk_terms(against->desk), against->v.from)));
        desk_end(against->desk);
        json_set_text(&x->m, x->body, "counter_to", shown_hash(c, &against->id, 64));
    }
    return set_addressee(x, to, e) && fill(x, e) && claim_send(x, NULL, e);
}

static bool run_new(struct cli *c, struct err *e)
{
    char id[ACT_AGREEMENT + 1];

    if (option_given(c, "template"))
        return fputs(template, c->out) >= 0;
    return agreement_named(c, option(c, "under"), id, e) && lodge(c, id, NULL, e);
}

const struct command cmd_claim_new = {
    .name = "claim new",
    .synopsis = "--predicate WORD --subject TEXT --object TEXT --likelihood WORD --confidence WORD "
                "--hypothesis TEXT --alternative TEXT [OPTION]...",
    .sentence = "Lodge a claim: what is said of whom, how likely, how sure, and what else may be.",
    .more =
        "A claim has two hypotheses or more, and one of them is that it is not the named party. "
        "Likelihood\nand confidence are two things and are kept apart. Evidence that is withheld "
        "counts as nothing.\nWhat the agreement does not allow is refused here with its clause, "
        "and nothing is sent.\nExit status 2: refused.\n",
    .options = new_options,
    .needs = NEEDS_NODE,
    .run = run_new,
};

static bool run_counter(struct cli *c, struct err *e)
{
    struct matter *m = arena_get(c->arena, sizeof *m, e);

    if (option_given(c, "template"))
        return fputs(template, c->out) >= 0;
    return m && matter_named(c, c->operands[0], DESK_CLAIMS, m, e) && lodge(c, m->agreement, m, e);
}

const struct command cmd_claim_counter = {
    .name = "claim counter",
    .synopsis = "CLAIM --predicate WORD --subject TEXT --object TEXT --likelihood WORD "
                "--confidence WORD --hypothesis TEXT --alternative TEXT [OPTION]...",
    .sentence = "Lodge a claim against a claim: one of its own, that names the other.",
    .options = new_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_counter,
};
