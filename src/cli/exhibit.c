/* entente exhibit add, list, show, get, custody, provide, erase: files as evidence. */
#include "cli/attach.h"
#include "cli/commands.h"

#include <stdio.h>

/* ---- add ---- */

static const struct option_row add_options[] = {
    {"under", 0, "AGREEMENT", "which permits it; may be left out where there is only one"},
    {"tlp", 0, "LABEL", "clear, green, amber, amber+strict or red: its marking; needed"},
    {"to", 0, "PARTY", "for this party only; may be given again; else for all"},
    {"json", 0, NULL, "one JSON line for each file"},
    {NULL},
};

static bool say_added(struct cli *c, const char *id, const struct exhibit *x, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o;

    if (c->json) {
        o = exhibit_cite(&m, x);
        json_set_text(&m, o, "agreement", id);
        return print_json(c, &m, o, e);
    }
    say(c, "%s  %s, %s, %s, grade %s\n", shown_hash(c, &x->sha256, 64), shown(c, x->name),
        shown_bytes(c, x->size), tr(c, exhibit_availability_words[x->availability]),
        grade_word(c, x));
    return true;
}

static bool append(struct cli *c, const char *id, const struct record_draft *drafts, size_t n,
                   struct err *e)
{
    struct record *r = node_hold(c->node, id, e);
    bool ok;

    if (!r)
        return false;
    ok = record_append(r, drafts, n, NULL, e);
    node_release(c->node, r);
    return ok;
}

static bool run_add(struct cli *c, struct err *e)
{
    struct attach_how how = {.tlp = -1};
    char id[ACT_AGREEMENT + 1];
    struct attached files;
    struct view v;

    if (option(c, "tlp") && (how.tlp = tlp_rank(bytes_text(option(c, "tlp")))) < 0)
        return misuse(c, e, "--tlp is clear, green, amber, amber+strict or red");
    how.to = option_all(c, "to", &how.to_n);
    if (!agreement_named(c, option(c, "under"), id, e) || !view_open(c, id, &v, e))
        return false;
    how.g = v.g;
    if (!attach_files(c, &how, (const char *const *)c->operands, c->operands_n, &files, e) ||
        !append(c, id, files.drafts, files.drafts_n, e))
        return err_hint(e, "nothing was said");
    for (size_t i = 0; i < files.n; i++)
        if (!say_added(c, id, &files.x[i], e))
            return false;
    return true;
}

const struct command cmd_exhibit_add = {
    .name = "exhibit add",
    .synopsis = "FILE[,KEY=VALUE]... --tlp LABEL [--under AGREEMENT] [--to PARTY]... [--json]",
    .sentence = "Put a file in evidence: its digest, grade and custody, and its bytes or not.",
    .more =
        "After the file's name, parted by commas: grade=B2 (source A to G, information 1 to 6), "
        "name=TEXT,\ntype=MEDIA, about=TEXT, custody=WHO|WHAT|HOW|WHEN|RESULT (may be given "
        "again); on-request,\nwithheld or escrow=HOLDER where the bytes do not go along, and "
        "conditions=TEXT. What is not given\ngets a salted digest, and the bytes and the salt "
        "are kept in the node's folder exhibits/ for\nentente exhibit provide. An exhibit is "
        "cited in claims and answers by its digest.\n",
    .options = add_options,
    .least = 1,
    .most = ANY_NUMBER,
    .needs = NEEDS_NODE,
    .run = run_add,
};

/* ---- list ---- */

static const struct option_row list_options[] = {
    {"under", 0, "AGREEMENT", "only of this agreement"},
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

static bool json_of(struct cli *c, struct record *r, const struct exhibit_held *h, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = exhibit_cite(&m, &h->x), *list;

    json_set_text(&m, o, "agreement", record_id(r));
    json_set_string(&m, o, "from", h->from);
    json_set_integer(&m, o, "index", (int64_t)h->index);
    json_set_text(&m, o, "act", shown_hash(c, &h->act, 64));
    json_set_text(&m, o, "tlp", tlp_word(h->x.tlp));
    json_set_text(&m, o, "state", exhibit_whereabouts(c, r, h));
    json_set_bool(&m, o, "provided", h->provided);
    if (h->provided)
        json_set_text(&m, o, "opened_sha256", shown_hash(c, &h->opened, 64));
    list = json_set_array(&m, o, "erased_by");
    for (size_t i = 0; i < h->erased_n; i++)
        json_add_string(&m, list, h->erased_by[i]);
    return print_json(c, &m, o, e);
}

static bool list_record(struct cli *c, struct record *r, struct table *t, size_t *total,
                        struct err *e)
{
    struct exhibit_held *list;
    size_t n;

    if (!exhibit_list(r, c->arena, &list, &n, e))
        return false;
    *total += n;
    for (size_t i = 0; i < n; i++) {
        const struct exhibit_held *h = &list[i];
        if (c->json) {
            if (!json_of(c, r, h, e))
                return false;
            continue;
        }
        table_add(t, shown_hash(c, &h->x.sha256, 12),
                  arena_format(c->arena, NULL, "%.*s/%llu", BYTES_FMT(h->from),
                               (unsigned long long)h->index),
                  shown_bytes(c, h->x.size), grade_word(c, &h->x),
                  tr(c, exhibit_availability_words[h->x.availability]),
                  exhibit_whereabouts(c, r, h), shown_short(c, h->x.name, 40));
    }
    return true;
}

static bool run_list(struct cli *c, struct err *e)
{
    const char **ids;
    struct table t;
    size_t n, total = 0;

    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    table_start(&t, c, tr(c, "DIGEST|ACT|>SIZE|GRADE|AVAILABILITY|STATE|NAME"));
    for (size_t i = 0; i < n; i++) {
        struct record *r = node_record(c->node, ids[i], e);
        if (!r || !list_record(c, r, &t, &total, e))
            return false;
    }
    if (total && !c->json)
        table_print(&t, "");
    if (!total && !c->json)
        remark(c, "There are no exhibits yet.\n");
    return true;
}

const struct command cmd_exhibit_list = {
    .name = "exhibit list",
    .synopsis = "[--under AGREEMENT] [--json]",
    .sentence = "Files in evidence: digest, grade, availability, and whether the bytes are here.",
    .options = list_options,
    .needs = NEEDS_NODE,
    .run = run_list,
};

/* ---- show, get ---- */

static const struct option_row one_options[] = {
    {"under", 0, "AGREEMENT", "of this agreement"},
    {"json", 0, NULL, "as JSON"},
    {NULL},
};

static void show_steps(struct cli *c, const struct exhibit *x)
{
    for (size_t i = 0; i < x->steps_n; i++) {
        const struct exhibit_step *s = &x->steps[i];
        say(c, "custody       %s  %s: %s", shown(c, s->when), shown(c, s->who), shown(c, s->what));
        if (s->how.n)
            say(c, ", with %s", shown(c, s->how));
        if (s->result.n)
            say(c, "; result: %s", shown(c, s->result));
        say(c, " (as %s says)\n", shown(c, s->by));
    }
}

static void show_held(struct cli *c, struct record *r, const struct exhibit_held *h)
{
    const struct exhibit *x = &h->x;

    say(c, "exhibit       %s\n", shown(c, x->name));
    say(c, "from          %s, act %.*s/%llu, claimed %s\n", shown(c, h->from), BYTES_FMT(h->from),
        (unsigned long long)h->index, shown(c, h->time));
    say(c, "digest        %s%s\n", shown_hash(c, &x->sha256, 64),
        x->salted ? tr(c, " (salted)") : "");
    if (h->provided)
        say(c, "opened        %s\n", shown_hash(c, &h->opened, 64));
    say(c, "size          %s, %s\n", shown_bytes(c, x->size), shown(c, x->media_type));
    say(c, "marking       TLP:%s\n", tlp_word(x->tlp));
    say(c, "availability  %s\n", tr(c, exhibit_availability_words[x->availability]));
    say(c, "state         %s\n", exhibit_whereabouts(c, r, h));
    if (x->holder.n)
        say(c, "held by       %s\n", shown(c, x->holder));
    if (x->conditions.n)
        say(c, "conditions    %s\n", shown(c, x->conditions));
    if (x->source)
        say(c, "grade         %c%c, by its sender\n", x->source, x->information);
    if (x->about.n)
        say(c, "about         %s\n", shown(c, x->about));
    show_steps(c, x);
    for (size_t i = 0; i < h->erased_n; i++)
        say(c, "erased        by %s, who left a receipt\n", shown(c, h->erased_by[i]));
    if (x->availability == EXHIBIT_WITHHELD && !h->provided)
        say(c, "It is withheld, and counts as nothing.\n");
}

static bool run_show(struct cli *c, struct err *e)
{
    struct exhibit_held *h = arena_get(c->arena, sizeof *h, e);
    struct record *r;

    if (!h || !exhibit_named(c, c->operands[0], &r, h, e))
        return false;
    if (c->json)
        return json_of(c, r, h, e);
    show_held(c, r, h);
    return true;
}

const struct command cmd_exhibit_show = {
    .name = "exhibit show",
    .synopsis = "EXHIBIT [--under AGREEMENT] [--json]",
    .sentence = "One file in evidence: who has it from whom, its grade, and its custody.",
    .more = "EXHIBIT is the beginning of its digest (8 digits at least) or of its act's hash, or "
            "PARTY/INDEX.\n",
    .options = one_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_show,
};

static const struct option_row get_options[] = {
    {"output", 'o', "FILE", "where to; - is stdout"},
    {"under", 0, "AGREEMENT", "of this agreement"},
    {NULL},
};

static bool collect(void *self, struct bytes piece, struct err *e)
{
    struct buf *b = self;

    buf_put(b, piece);
    return !b->e.code || err_pass(e, &b->e);
}

/* Verified whole before a byte of it is written. */
static bool run_get(struct cli *c, struct err *e)
{
    struct exhibit_held *h = arena_get(c->arena, sizeof *h, e);
    struct arena *scratch = arena_new(EXHIBIT_PART_BYTES * 4);
    struct buf b = buf_in(c->arena);
    struct record *r;
    struct bytes all;
    bool ok;

    if (!scratch)
        return err_fail(e, ERR_NOMEM, "out of memory");
    ok = h && (option(c, "output") || misuse(c, e, "say where to: -o FILE")) &&
         exhibit_named(c, c->operands[0], &r, h, e) &&
         exhibit_read(r, h, scratch, collect, &b, e) && buf_end(&b, &all, e) &&
         output_write(c, option(c, "output"), all, e);
    arena_free(scratch);
    if (!ok)
        return false;
    if (strcmp(option(c, "output"), "-"))
        say(c, "%s: %s of %s. Its digest is right; that does not make it safe to open.\n",
            shown(c, bytes_text(option(c, "output"))), shown_bytes(c, all.n), shown(c, h->x.name));
    return true;
}

const struct command cmd_exhibit_get = {
    .name = "exhibit get",
    .synopsis = "EXHIBIT -o FILE [--under AGREEMENT]",
    .sentence = "Write the bytes of a file in evidence, if they are here and match its digest.",
    .more = "Nothing is ever unpacked, run or shown, and the name its sender gave it is not used "
            "as a path.\nExit status 1: the bytes are not here, or are not what the digest says.\n",
    .options = get_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_get,
};

/* ---- later acts ---- */

struct about {
    struct record *r;
    struct exhibit_held *h;
    struct exhibit_making how;
    struct view v;
};

static bool open_about(struct cli *c, struct about *a, struct err *e)
{
    const char *self = own_identity(c, e);

    *a = (struct about){.h = arena_get(c->arena, sizeof *a->h, e)};
    if (!self || !a->h || !exhibit_named(c, c->operands[0], &a->r, a->h, e) ||
        !view_open(c, record_id(a->r), &a->v, e))
        return false;
    a->how = (struct exhibit_making){.os = c->os, .g = a->v.g, .created_by_ref = bytes_text(self)};
    return true;
}

static const struct option_row custody_options[] = {
    {"step", 0, "STEP", "WHO|WHAT|HOW|WHEN|RESULT; an empty WHEN is now; may be given again"},
    {"under", 0, "AGREEMENT", "of this agreement"},
    {NULL},
};

static bool run_custody(struct cli *c, struct err *e)
{
    size_t n;
    const char *const *steps = option_all(c, "step", &n);
    struct record_draft *drafts = arena_get_array(c->arena, n, sizeof *drafts, e);
    struct about *a = arena_get(c->arena, sizeof *a, e);

    if (!drafts || !a)
        return false;
    if (n == 0)
        return misuse(c, e, "say what was done: --step WHO|WHAT|HOW|WHEN|RESULT");
    if (!open_about(c, a, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct exhibit_step s;
        if (!exhibit_step_parse(bytes_text(steps[i]), c->os, c->arena, &s, e) ||
            !exhibit_custody(&a->how, &a->h->x, &a->h->act, &s, c->arena, &drafts[i], e))
            return false;
    }
    if (!append(c, record_id(a->r), drafts, n, e))
        return false;
    say(c, "The custody of %s goes on.\n", shown(c, a->h->x.name));
    return true;
}

const struct command cmd_exhibit_custody = {
    .name = "exhibit custody",
    .synopsis = "EXHIBIT --step WHO|WHAT|HOW|WHEN|RESULT... [--under AGREEMENT]",
    .sentence = "Say what was done with a file in evidence: one more step of its custody.",
    .options = custody_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_custody,
};

static const struct option_row provide_options[] = {
    {"to", 0, "PARTY", "for this party only; may be given again; else for all"},
    {"under", 0, "AGREEMENT", "of this agreement"},
    {NULL},
};

static bool run_provide(struct cli *c, struct err *e)
{
    struct about *a = arena_get(c->arena, sizeof *a, e);
    struct record_draft *drafts;
    struct bytes content;
    const char *dir, *const *to;
    size_t n;

    if (!a || !open_about(c, a, e) || !(dir = exhibits_dir(c, e)))
        return false;
    if (!bytes_equal(a->h->from, node_slug(c->node)))
        return err_fail(e, ERR_DENIED, "it is an exhibit of %s, who alone can provide it",
                        shown(c, a->h->from));
    if (!a->h->x.salted || a->h->provided)
        return err_fail(e, ERR_DENIED, "it was given already");
    to = option_all(c, "to", &a->how.to_n);
    if (a->how.to_n > LIMIT_PARTIES)
        return misuse(c, e, "at most %d parties", LIMIT_PARTIES);
    for (size_t i = 0; i < a->how.to_n; i++)
        a->how.to[i] = bytes_text(to[i]);
    if (!exhibit_kept(c->os, dir, &a->h->x, a->how.salt, c->arena, &content, e) ||
        !exhibit_provide(&a->how, &a->h->x, &a->h->act, content, c->arena, &drafts, &n, e) ||
        !append(c, record_id(a->r), drafts, n, e))
        return false;
    say(c, "Provided %s, %s.\n", shown(c, a->h->x.name), shown_bytes(c, content.n));
    return true;
}

const struct command cmd_exhibit_provide = {
    .name = "exhibit provide",
    .synopsis = "EXHIBIT [--to PARTY]... [--under AGREEMENT]",
    .sentence = "Give the bytes of an exhibit of ours that was on request, in escrow or withheld.",
    .more = "The salt goes with them, so that everybody sees that they are the bytes whose digest "
            "was\nsaid before.\n",
    .options = provide_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_provide,
};

static const struct option_row erase_options[] = {
    {"reason", 0, "TEXT", "why; goes into the receipt"},
    {"under", 0, "AGREEMENT", "of this agreement"},
    {NULL},
};

static bool erase_held(struct cli *c, struct about *a, struct err *e)
{
    struct record *r = node_hold(c->node, record_id(a->r), e);
    bool ok;

    if (!r)
        return false;
    ok = exhibit_erase(r, a->h, e);
    node_release_unchanged(c->node, r);
    return ok;
}

static bool run_erase(struct cli *c, struct err *e)
{
    struct about *a = arena_get(c->arena, sizeof *a, e);
    const char *reason = option(c, "reason") ? option(c, "reason") : "";
    struct record_draft receipt;

    if (!a || !open_about(c, a, e) ||
        !exhibit_erased(&a->how, &a->h->x, &a->h->act, bytes_text(reason), c->arena, &receipt, e) ||
        !erase_held(c, a, e) || !append(c, record_id(a->r), &receipt, 1, e))
        return false;
    say(c,
        "The bytes of %s are erased here. Its digest and the acts about it stay; a receipt says "
        "so.\n",
        shown(c, a->h->x.name));
    return true;
}

const struct command cmd_exhibit_erase = {
    .name = "exhibit erase",
    .synopsis = "EXHIBIT [--reason TEXT] [--under AGREEMENT]",
    .sentence = "Erase the bytes of a file in evidence here, and leave a receipt in our log.",
    .options = erase_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_erase,
};
