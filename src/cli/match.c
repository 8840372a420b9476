/* entente match offer, accept, refuse: what is agreed on before lists are compared. */
#include "cli/match.h"
#include "base/text.h"
#include "cli/commands.h"

#define STDIN_MOST ((size_t)256 << 20)

/* ---- finding one ---- */

bool matched_fold(struct cli *c, const char *id, struct matched *out, struct err *e)
{
    *out = (struct matched){.c = c};
    memcpy(out->agreement, id, strlen(id) + 1);
    return view_open(c, id, &out->v, e) && match_fold(out->v.record, c->arena, &out->all, e);
}

bool matched_named(struct cli *c, const char *under, const char *name, struct matched *out,
                   struct err *e)
{
    struct err why = {0};
    const char **ids;
    size_t n;

    if (!agreements_named(c, under, &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        err_clear(&why);
        if (!matched_fold(c, ids[i], out, &why))
            return err_pass(e, &why);
        out->session = match_session_find(&out->all, bytes_text(name), &why);
        if (out->session && match_session_side(out->session, node_slug(c->node), &out->side))
            return true;
        if (why.code == ERR_INPUT)
            return err_pass(e, &why);
    }
    err_fail(e, ERR_MISSING, "there is no comparison \"%s\"", shown_short(c, bytes_text(name), 40));
    return err_hint(e, "entente match list shows them; 4 digits of the id or more are needed");
}

const char *matched_who(struct cli *c, const struct match_session *s)
{
    return s->who == MATCH_BOTH ? tr(c, "both")
                                : shown(c, s->party[s->who == MATCH_ONLY_ASKER ? 0 : 1]);
}

const char *matched_state(struct cli *c, const struct match_session *s)
{
    static const char *const names[] = {N_("offered"), N_("refused"), N_("accepted"),
                                        N_("compared"), N_("ended")};
    return tr(c, names[s->state]);
}

/* ---- a list ---- */

struct input {
    struct cli *c;
    struct os_file *file;
    uint64_t at;
    struct bytes rest; /* of stdin */
};

static bool read_some(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct input *i = self;
    struct bytes part;

    if (is_cancelled(i->c))
        return err_fail(e, ERR_IO, "cancelled");
    if (i->file) {
        if (!i->c->os->ops->read(i->c->os->self, i->file, i->at, out, n, got, e))
            return false;
        i->at += *got;
        return true;
    }
    part = bytes_part(i->rest, 0, n);
    memcpy(out, part.p, part.n);
    i->rest = bytes_part(i->rest, part.n, SIZE_MAX);
    *got = part.n;
    return true;
}

bool matched_prepare(struct cli *c, const char *session, const char *path,
                     const struct match_type *t, bool guessable, struct matched_list *out,
                     struct err *e)
{
    struct input in = {.c = c};
    struct match_source source = {read_some, &in};
    char dir[4096];
    bool ok = node_match_dir(c->node, session, dir, e);

    if (ok && !strcmp(path, "-"))
        ok = input_read(c, "-", STDIN_MOST, &in.rest, e);
    else if (ok)
        ok = os_open(c->os, path, OS_READ, &in.file, e);
    ok = ok && (match_store_make(c->os, dir, t, guessable, &source, &out->counts, &out->size,
                                 &out->duplicates, &out->root, e) ||
                err_within(e, "%s", input_name(c, path)));
    os_close(c->os, in.file);
    if (ok && option(c, "worker")) {
        const char *file = arena_format(c->arena, e, "%s/worker", dir);
        const char *line = arena_format(c->arena, e, "%s\n", option(c, "worker"));
        ok = file && line && os_write_file(c->os, file, bytes_text(line), OS_PRIVATE, e);
    }
    if (!ok)
        matched_forget(c, session);
    return ok;
}

void matched_forget(struct cli *c, const char *session)
{
    struct bytes *names;
    char dir[4096];
    size_t n;

    if (!node_match_dir(c->node, session, dir, NULL) ||
        !os_list(c->os, dir, c->arena, &names, &n, NULL))
        return;
    for (size_t i = 0; i < n; i++) {
        const char *file = arena_format(c->arena, NULL, "%s/%.*s", dir, BYTES_FMT(names[i]));
        if (file)
            os_remove(c->os, file, NULL);
    }
    os_remove(c->os, dir, NULL);
}

void matched_report(struct cli *c, const char *path, const struct match_type *t,
                    const struct matched_list *l)
{
    const struct match_counts *n = &l->counts;

    remark(c, "%s: %s, %s items\n", input_name(c, path), tr(c, n->format),
           shown_count(c, n->lines));
    remark(c, "  kept      %10s  by the recipe %s\n", shown_count(c, l->size), t->recipe);
    for (int i = 1; i < NORMALISE_DROPS; i++)
        if (n->dropped[i])
            remark(c, "  left out  %10s  %s\n", shown_count(c, n->dropped[i]),
                   tr(c, normalise_drop_name((enum normalise_drop)i)));
    if (n->other_type)
        remark(c, "  left out  %10s  of another type\n", shown_count(c, n->other_type));
    if (n->single)
        remark(c, "  left out  %10s  guessable by themselves: join several with a semicolon\n",
               shown_count(c, n->single));
    remark(c, "  twice     %10s  duplicates, which count once\n", shown_count(c, l->duplicates));
}

/* ---- saying it ---- */

/* The fold once more, with the right to write: what is checked is what is said. */
static bool append(struct matched *m, const char *kind, struct bytes object, bool check,
                   struct record_placed *placed, struct err *e)
{
    struct cli *c = m->c;
    struct record *r = node_hold(c->node, m->agreement, e);
    struct record_draft *d = arena_get(c->arena, sizeof *d, e);
    struct match_sessions now;
    struct match_limits limits;
    struct match_wish wish;
    bool ok = r && d;

    if (ok && check) {
        match_wish_of(m->session, &wish);
        ok = match_fold(r, c->arena, &now, e);
        for (size_t i = 0; ok && i < now.n; i++) /* itself does not count against itself */
            if (!strcmp(now.of[i].id, m->session->id))
                wish.itself = &now.of[i];
        ok = ok && match_permits(record_agreement(r), &now, &wish, os_now(c->os), &limits, e);
    }
    if (ok) {
        match_draft(m->session, kind, node_slug(c->node), object, d);
        ok = record_append(r, d, 1, placed, e);
    }
    if (r)
        node_release(c->node, r);
    return ok;
}

/* ---- offer ---- */

static const struct option_row offer_options[] = {
    {"with", 0, "PARTY", "whose list ours is to be compared with"},
    {"purpose", 0, "NAME", "of clauses.match; may be left out where there is one alone"},
    {"type", 't', "TYPE", "of the items; may be left out where the clause has one alone"},
    {"set", 's', "FILE", "our list: one item a line, CSV, MISP or STIX; - is stdin"},
    {"shards", 'k', "K", "run it in K processes on each side, at most 8"},
    {"semi-honest", 0, NULL, "shorter replies; holds only against a side that follows the rules"},
    {"conservative", 0, NULL, "the wider code under the correlations (21x24): slower"},
    {"worker", 0, "COMMAND", "what runs our processes: ssh other entente match worker"},
    {"under", 0, "AGREEMENT", "which permits it; may be left out where it is clear"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static bool only_purpose(struct cli *c, const struct agreement *g, struct bytes *out, struct err *e)
{
    const struct json *all = json_point(g->root, "/clauses/match");

    if (option(c, "purpose"))
        *out = bytes_text(option(c, "purpose"));
    else if (json_count(all) == 1)
        json_member(all, 0, out);
    else
        return misuse(c, e, "say what for with --purpose; entente agreement show lists them");
    return true;
}

static bool only_type(struct cli *c, const struct match_limits *l, const struct match_type **out,
                      struct err *e)
{
    struct bytes name = {0};

    if (option(c, "type"))
        name = bytes_text(option(c, "type"));
    else if (json_count(l->items) == 1)
        json_as_string(json_at(l->items, 0), &name);
    *out = name.n ? match_type_find(name) : NULL;
    return *out || misuse(c, e, "say which type the items have with --type");
}

static bool offer_of(struct matched *m, struct match_limits *l, struct err *e)
{
    struct cli *c = m->c;
    struct match_session *s = m->session;
    uint64_t shards = 1;
    struct uuid u;

    if (!only_purpose(c, m->v.g, &s->purpose, e) || !match_limits_of(m->v.g, s->purpose, l, e) ||
        !only_type(c, l, &s->type, e))
        return false;
    if (option(c, "shards") && (!decimal_parse(bytes_text(option(c, "shards")), &shards) ||
                                shards < 1 || shards > MATCH_SHARDS_MOST))
        return misuse(c, e, "--shards needs a number from 1 to %d", MATCH_SHARDS_MOST);
    uuid_v4(c->os, &u);
    uuid_print(s->id, &u);
    s->party[MATCH_ASKER] = node_slug(c->node);
    s->party[MATCH_ASKED] = bytes_text(option(c, "with"));
    s->who = l->who;
    s->cardinality = l->cardinality;
    s->shards = (unsigned)shards;
    s->mode = option_given(c, "semi-honest") ? PSI_SEMI_HONEST : PSI_MALICIOUS;
    s->code = option_given(c, "conservative") ? PSI_CODE_21X24 : PSI_CODE_7X24;
    if (!agreement_party(m->v.g, s->party[MATCH_ASKED]) ||
        bytes_equal(s->party[MATCH_ASKED], node_slug(c->node)))
        return err_fail(e, ERR_DENIED, "%s is not another party of agreement %.8s",
                        shown_short(c, s->party[MATCH_ASKED], 64), m->agreement);
    return true;
}

static bool in_force(struct matched *m, struct err *e)
{
    if (m->v.state.stage == STAGE_IN_FORCE)
        return true;
    return err_fail(e, ERR_DENIED, "agreement %.8s is %s, not in force", m->agreement,
                    stage_word(m->v.state.stage));
}

static bool offer_list(struct matched *m, const struct match_limits *l, struct err *e)
{
    struct cli *c = m->c;
    struct match_session *s = m->session;
    struct matched_list list = {0};
    struct record_placed placed;
    struct match_limits again;
    struct match_wish wish;
    struct bytes object;

    match_wish_of(s, &wish); /* what can be said without reading the list */
    if (!match_permits(m->v.g, &m->all, &wish, os_now(c->os), &again, e) ||
        !matched_prepare(c, s->id, option(c, "set"), s->type, l->guessable, &list, e))
        return false;
    s->size[MATCH_ASKER] = list.size;
    s->root[MATCH_ASKER] = list.root;
    matched_report(c, option(c, "set"), s->type, &list);
    if (match_say_offer(s, os_now_us(c->os), c->arena, &object, e) &&
        append(m, "match.offer", object, true, &placed, e))
        return true;
    matched_forget(c, s->id);
    return err_hint(e, "nothing was offered, and nothing has left this node");
}

static bool session_json(struct matched *m, struct err *e);

static bool run_offer(struct cli *c, struct err *e)
{
    struct matched *m = arena_get(c->arena, sizeof *m, e);
    struct match_session *s = arena_get(c->arena, sizeof *s, e);
    char id[ACT_AGREEMENT + 1];
    struct match_limits l;

    if (!m || !s)
        return false;
    if (!option(c, "with") || !option(c, "set"))
        return misuse(c, e, "--with says whose list, and --set which of ours");
    if (!agreement_named(c, option(c, "under") ? option(c, "under") : option(c, "with"), id, e) ||
        !matched_fold(c, id, m, e) || !in_force(m, e))
        return false;
    m->session = s;
    m->side = MATCH_ASKER;
    if (!offer_of(m, &l, e) || !offer_list(m, &l, e))
        return false;
    if (c->json)
        return session_json(m, e);
    fprintf(c->out, "%s\n", s->id);
    remark(c, "Offered to %s under clauses.%s. When they have accepted: entente match run %.8s\n",
           shown(c, s->party[MATCH_ASKED]), l.clause, s->id);
    return true;
}

const struct command cmd_match_offer = {
    .name = "match offer",
    .synopsis = "--with PARTY --set FILE [--purpose NAME] [--type TYPE] [--shards K]\n"
                "       [--semi-honest] [--conservative] [--worker COMMAND] [--under AGREEMENT] "
                "[--json]",
    .sentence = "Offer to compare a list with another party's, without showing it.",
    .more =
        "The list is read, normalised, and stays here; our log gets its size and a commitment to "
        "it,\nfrom which nobody can guess an item. What the clause of the purpose does not permit "
        "(types,\nsizes, sessions a day, items a quarter) is refused here, before anything "
        "cryptographic is said.\nThe id of the comparison goes to stdout. entente-match(7) tells "
        "the whole way.\n",
    .options = offer_options,
    .needs = NEEDS_NODE,
    .run = run_offer,
};

/* ---- accept ---- */

static const struct option_row accept_options[] = {
    {"set", 's', "FILE", "our list: one item a line, CSV, MISP or STIX; - is stdin"},
    {"worker", 0, "COMMAND", "what runs our processes: ssh other entente match worker"},
    {"under", 0, "AGREEMENT", "look there; else in all"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static bool is_open_to_us(struct matched *m, struct err *e)
{
    const struct match_session *s = m->session;

    if (m->side != MATCH_ASKED)
        return err_fail(e, ERR_DENIED, "comparison %.8s is our own offer", s->id);
    return s->state == MATCH_OFFERED || err_fail(e, ERR_DENIED, "comparison %.8s is %s already",
                                                 s->id, match_state_name(s->state));
}

static bool accept_list(struct matched *m, const struct match_limits *l, struct err *e)
{
    struct cli *c = m->c;
    struct match_session *s = m->session;
    struct matched_list list = {0};
    struct record_placed placed;
    struct bytes object;

    if (!matched_prepare(c, s->id, option(c, "set"), s->type, l->guessable, &list, e))
        return false;
    s->size[MATCH_ASKED] = list.size;
    s->root[MATCH_ASKED] = list.root;
    matched_report(c, option(c, "set"), s->type, &list);
    if (match_say_accept(s, c->os, c->arena, &object, e) &&
        append(m, "match.accept", object, true, &placed, e))
        return true;
    matched_forget(c, s->id);
    return err_hint(e, "nothing was accepted, and nothing has left this node");
}

static bool run_accept(struct cli *c, struct err *e)
{
    struct matched *m = arena_get(c->arena, sizeof *m, e);
    struct match_limits l;
    struct match_wish wish;

    if (!m)
        return false;
    if (!option(c, "set"))
        return misuse(c, e, "--set says which list of ours is compared");
    if (!matched_named(c, option(c, "under"), c->operands[0], m, e) || !in_force(m, e) ||
        !is_open_to_us(m, e))
        return false;
    match_wish_of(m->session, &wish); /* theirs first: before our list is read */
    if (!match_permits(m->v.g, &m->all, &wish, os_now(c->os), &l, e))
        return err_within(e, "the offer of %s", shown(c, m->session->party[MATCH_ASKER]));
    if (!accept_list(m, &l, e))
        return false;
    m->session->state = MATCH_ACCEPTED;
    if (c->json)
        return session_json(m, e);
    fprintf(c->out, "%s\n", m->session->id);
    remark(c, "Accepted under clauses.%s. Either side now begins: entente match run %.8s\n",
           l.clause, m->session->id);
    return true;
}

const struct command cmd_match_accept = {
    .name = "match accept",
    .synopsis = "ID --set FILE [--worker COMMAND] [--under AGREEMENT] [--json]",
    .sentence = "Accept a comparison, with a list of ours.",
    .more = "The offer and our list are held against the agreement first. Our log gets the list's "
            "size and a\ncommitment to it.\n",
    .options = accept_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_accept,
};

/* ---- refuse ---- */

static const struct option_row refuse_options[] = {
    {"reason", 0, "TEXT", "why, for the other side and for the log"},
    {"under", 0, "AGREEMENT", "look there; else in all"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static bool run_refuse(struct cli *c, struct err *e)
{
    struct matched *m = arena_get(c->arena, sizeof *m, e);
    struct record_placed placed;
    struct match_limits l;
    struct match_wish wish;
    struct err clause = {0};
    const char *why = option(c, "reason");
    struct bytes object;

    if (!m || !matched_named(c, option(c, "under"), c->operands[0], m, e) || !is_open_to_us(m, e))
        return false;
    match_wish_of(m->session, &wish);
    if (!why && !match_permits(m->v.g, &m->all, &wish, os_now(c->os), &l, &clause))
        why = clause.text;
    if (!match_say_refuse(m->session, why ? why : "not now", c->os, c->arena, &object, e) ||
        !append(m, "match.refuse", object, false, &placed, e))
        return false;
    m->session->state = MATCH_REFUSED;
    if (c->json)
        return session_json(m, e);
    remark(c, "Refused: %s\n", shown(c, bytes_text(why ? why : tr(c, "not now"))));
    return true;
}

const struct command cmd_match_refuse = {
    .name = "match refuse",
    .synopsis = "ID [--reason TEXT] [--under AGREEMENT] [--json]",
    .sentence = "Refuse a comparison; the other side is told why.",
    .more = "Without --reason it is the clause that does not permit the offer, if there is one.\n",
    .options = refuse_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_refuse,
};

static bool session_json(struct matched *m, struct err *e)
{
    struct json_maker k = json_maker(m->c->arena);
    struct json *o = json_new_object(&k);

    json_set_text(&k, o, "id", m->session->id);
    json_set_text(&k, o, "agreement", m->agreement);
    json_set_text(&k, o, "state", match_state_name(m->session->state));
    json_set_string(&k, o, "purpose", m->session->purpose);
    json_set_text(&k, o, "type", m->session->type->name);
    json_set_integer(&k, o, "items", (int64_t)m->session->size[m->side]);
    return print_json(m->c, &k, o, e);
}
