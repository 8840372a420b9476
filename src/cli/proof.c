/* entente proof: all that a stranger needs to be convinced, as a folder of plain files. */
#include "cli/proof.h"
#include "base/text.h"
#include "cli/commands.h"

static const struct option_row options[] = {
    {"output", 'o', "DIR", "the folder to make"},
    {"under", 0, "AGREEMENT", "look there; else in all"},
    {NULL},
};

/* ---- what is to be proved ---- */

static bool note_object(void *self, const struct record_object *o)
{
    struct proof *p = self;

    if (!o->bytes.n)
        return true;
    p->act->from = o->slug;
    p->act->seq = o->act;
    p->object = o->sha256;
    return arena_copy(p->c->arena, o->bytes, &p->object_bytes, NULL);
}

/* The newest version that anybody shared. */
static bool find_object(struct proof *p, const char *id, struct err *e)
{
    struct cli *c = p->c;
    const char **ids;
    size_t n;

    if (!agreements_named(c, option(c, "under"), &ids, &n, e))
        return false;
    for (size_t i = 0; i < n && !p->object_bytes.n; i++)
        if (!(p->record = node_record(c->node, ids[i], e)) ||
            !record_object(p->record, bytes_text(id), note_object, p, e))
            return false;
    if (!p->object_bytes.n) {
        err_fail(e, ERR_MISSING, "there is no object %s here", id);
        return err_hint(e, "entente objects list shows their ids");
    }
    p->object_id = bytes_text(id);
    return record_act(p->record, p->act->from, p->act->seq, c->arena, p->act, e);
}

static bool find(struct proof *p, const char *ref, struct err *e)
{
    if (strstr(ref, "--"))
        return find_object(p, ref, e);
    return act_named(p->c, option(p->c, "under"), ref, &p->record, p->act, e);
}

/* ---- files ---- */

static bool put(struct proof *p, const char *name, struct bytes what, struct err *e)
{
    const char *path = arena_format(p->c->arena, e, "%s/%s", p->dir, name);

    p->files++;
    return path && os_write_file(p->c->os, path, what, 0, e);
}

static bool make_folder(struct proof *p, struct err *e)
{
    struct arena *a = p->c->arena;
    struct bytes *names;
    struct err absent = {0};
    size_t n;

    if (os_list(p->c->os, p->dir, a, &names, &n, &absent)) {
        if (n == 0)
            return true;
        err_fail(e, ERR_DENIED, "%s is there already and not empty: nothing is overwritten",
                 p->dir);
        return err_hint(e, "name a new folder");
    }
    return os_make_dirs(p->c->os, p->dir, e);
}

static bool put_proof(struct proof *p, struct err *e)
{
    struct arena *a = p->c->arena;
    struct bytes file, policy;

    if (!record_prove(p->record, p->act->from, p->act->seq, a, &file, e) ||
        !proof_file_parse(file, a, &p->tlog, e) || !note_parse(p->tlog.note, a, &p->head, e) ||
        !checkpoint_parse(p->head.text, &p->checkpoint, e) ||
        !record_policy(p->record, p->act->from, a, &policy, e))
        return false;
    return put(p, "act.note", p->act->note, e) && put(p, "act.tlog-proof", file, e) &&
           put(p, "policy.txt", policy, e);
}

static const char *payload_name(const struct act *act)
{
    if (bytes_are(act->body.media_type, MEDIA_LIST))
        return "payload.list";
    if (bytes_are(act->body.media_type, MEDIA_LISTS))
        return "payload.lists";
    return "payload.json";
}

/* The list of this digest; its objects stand in it, one a line. */
static bool read_list(struct proof *p, const struct hash *sha256, struct bytes *out, struct err *e)
{
    struct act *part = arena_get(p->c->arena, sizeof *part, e);

    if (!part)
        return false;
    part->from = p->act->from;
    part->body.media_type = BYTES(MEDIA_LIST);
    part->body.sha256 = *sha256;
    return record_payload(p->record, part, p->c->arena, out, e);
}

static bool names_object(const struct proof *p, struct bytes list)
{
    char hex[64];

    hex_encode(hex, p->object.b, 32);
    return bytes_find(list, bytes_of(hex, sizeof hex)) != SIZE_MAX;
}

/* Lists that the payload names: all of them, or the one that names the object. */
static bool put_lists(struct proof *p, struct bytes lists, struct err *e)
{
    struct arena_mark m = arena_mark(p->c->arena);
    struct bytes line, list;

    for (size_t i = 1; bytes_next_line(&lists, &line); i++) {
        struct hash h;
        char name[32];
        if (!hex_decode(h.b, 32, bytes_part(line, 0, 64)) || !read_list(p, &h, &list, e))
            return err_within(e, "list %zu", i);
        if (!p->object_id.n || names_object(p, list)) {
            snprintf(name, sizeof name, "list-%05zu.list", i);
            if (!put(p, name, list, e))
                return false;
            p->lists++;
            if (p->object_id.n)
                return (p->list = arena_format(p->c->arena, e, "%s", name)) != NULL;
        }
        arena_reset(p->c->arena, m);
    }
    return !p->object_id.n || err_fail(e, ERR_PROOF, "no list of the act names the object");
}

static bool put_payload(struct proof *p, struct err *e)
{
    struct bytes payload;
    struct err missing = {0};

    if (p->act->body.media_type.n == 0)
        return true;
    if (!record_payload(p->record, p->act, p->c->arena, &payload, &missing)) {
        if (missing.code == ERR_MISSING)
            return true; /* withheld or erased: README says so */
        return err_pass(e, &missing);
    }
    p->payload = payload_name(p->act);
    if (!put(p, p->payload, payload, e))
        return false;
    if (bytes_are(p->act->body.media_type, MEDIA_LISTS))
        return put_lists(p, payload, e);
    if (p->object_id.n && bytes_are(p->act->body.media_type, MEDIA_LIST))
        p->list = p->payload;
    return true;
}

/* ---- who the parties are ---- */

static bool put_cards(struct proof *p, struct err *e)
{
    const struct agreement *g = p->g;
    struct node *n = p->c->node;

    for (size_t i = 0; i < g->parties_n; i++) {
        struct bytes slug = g->parties[i].slug;
        const struct node_peer *peer = node_peer(n, slug);
        const struct card *card = bytes_equal(slug, node_slug(n)) ? node_card(n)
                                  : peer                          ? &peer->card
                                                                  : NULL;
        char name[80];
        snprintf(name, sizeof name, "%.*s.card", BYTES_FMT(slug));
        if (card && !put(p, name, card->note, e))
            return false;
    }
    return true;
}

static bool fill(struct proof *p, struct err *e)
{
    struct bytes readme;
    struct view v;

    if (!view_open(p->c, record_id(p->record), &v, e))
        return false;
    p->g = v.g;
    return make_folder(p, e) && put_proof(p, e) && put_payload(p, e) &&
           (!p->object_id.n || bytes_are(p->act->body.media_type, MEDIA_STIX) ||
            put(p, "object.json", p->object_bytes, e)) &&
           put_cards(p, e) && proof_readme(p, &readme, e) && put(p, "README.txt", readme, e);
}

static bool run(struct cli *c, struct err *e)
{
    struct proof *p = arena_get(c->arena, sizeof *p, e);

    if (!p)
        return false;
    if (!option(c, "output"))
        return misuse(c, e, "say where to: -o DIR");
    *p = (struct proof){.c = c, .dir = option(c, "output")};
    if (!(p->act = arena_get(c->arena, sizeof *p->act, e)) || !find(p, c->operands[0], e) ||
        !fill(p, e))
        return false;
    say(c, "%s/ has the proof of act %.*s/%llu: %u files. README.txt says how to check it.\n",
        shown(c, bytes_text(p->dir)), BYTES_FMT(p->act->from), (unsigned long long)p->act->seq,
        p->files);
    remark(c, "Here: entente verify %s\n", shown(c, bytes_text(p->dir)));
    return true;
}

const struct command cmd_proof = {
    .name = "proof",
    .synopsis = "ACT | OBJECT -o DIR [--under AGREEMENT]",
    .sentence = "Write a folder that proves to anybody, offline, what was said and when.",
    .more =
        "ACT is PARTY/INDEX or the beginning of its hash; OBJECT a STIX id. The folder has the "
        "act,\nits payload, the proof that it is in the log, the head with all cosignatures, "
        "the cards, and\nREADME.txt with the shell commands (openssl, jq, sha256sum) that check "
        "all of it without\nthis program.\n",
    .options = options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run,
};
