/* entente share: a file in, one act out, with what the agreement blocks left behind. */
#include "cli/share.h"
#include "base/text.h"
#include "cli/commands.h"

#define STDIN_MOST ((size_t)256 << 20)
#define SCRATCH_BYTES (LIMIT_PAYLOAD_BYTES * 8)
#define LATER_BYTES ((size_t)64 << 20)

static const struct option_row options[] = {
    {"under", 0, "AGREEMENT", "which permits it; may be left out where there is only one"},
    {"tlp", 0, "LABEL",
     "clear, green, amber, amber+strict or red: the marking of what carries none of its own"},
    {"to", 0, "PARTY", "for this party only; may be given again; else for all"},
    {"dry-run", 'n', NULL, "say what would be shared and what is blocked, and share nothing"},
    {"json", 0, NULL, "one JSON line for each file"},
    {NULL},
};

static int rank_of(enum stix_tlp tlp)
{
    return (int)tlp - 1; /* tlp_rank: unmarked is -1, clear 0 */
}

/* ---- the gate ---- */

static bool block(struct sharing *s, const struct err *why, struct bytes id, struct err *e)
{
    return tally_add(&s->blocked, s->c, bytes_text(why->text), id, e);
}

static bool pass_on(struct sharing *s, const struct stix_object *o, struct bytes bytes, bool made,
                    enum stix_tlp tlp, struct err *e)
{
    char clause[GATE_CLAUSE_MAX], kind[160];
    struct err why = {0};

    s->unmarked += tlp == STIX_TLP_NONE;
    if (!gate_share(s->g, o->type, rank_of(tlp), made ? NULL : o->json, clause, &why))
        return block(s, &why, o->id, e);
    if (bytes.n > gate_max_object_bytes(s->g)) {
        err_fail(&why, ERR_DENIED, "clauses.log.max_object_bytes: the object is larger than %llu",
                 (unsigned long long)gate_max_object_bytes(s->g));
        return block(s, &why, o->id, e);
    }
    if (s->share && !record_share_add(s->share, bytes, o->id, rank_of(tlp), e))
        return false;
    snprintf(kind, sizeof kind, "%.*s, %s", (int)(o->type.n < 100 ? o->type.n : 100), o->type.p,
             stix_tlp_name(tlp));
    return tally_add(&s->types, s->c, bytes_text(kind), bytes_of(NULL, 0), e);
}

static bool unreadable(struct sharing *s, struct bytes id, struct err *e)
{
    struct err why = {0};

    err_fail(&why, ERR_DENIED,
             "marked by a marking-definition that is not in the file: nobody could obey it");
    return block(s, &why, id, e);
}

static bool keep_for_later(struct sharing *s, const struct stix_item *item, struct err *e)
{
    struct deferred *d = arena_get(s->later, sizeof *d, NULL);

    if (!d || !arena_copy(s->later, item->bytes, &d->bytes, NULL))
        return unreadable(s, item->object.id, e);
    d->line = item->line;
    *s->deferred_last = d;
    s->deferred_last = &d->next;
    return true;
}

static bool take(struct sharing *s, const struct stix_item *item, struct err *e)
{
    if (stix_tlp_of_id(item->object.id) != STIX_TLP_NONE) {
        s->known++;
        return true;
    }
    if (!item->made && !stix_markings_learn(s->markings, &item->object, e))
        return false;
    if (item->unknown_markings)
        return keep_for_later(s, item, e);
    return pass_on(s, &item->object, item->bytes, item->made,
                   item->tlp == STIX_TLP_NONE ? s->tlp : item->tlp, e);
}

static bool take_deferred(struct sharing *s, const struct deferred *d, struct err *e)
{
    struct arena_mark m = arena_mark(s->scratch);
    const struct json *v = json_parse_canonical(d->bytes, s->scratch, e);
    struct stix_object o;
    unsigned unknown;
    enum stix_tlp tlp;
    bool ok = v && stix_read(v, &o, e);

    if (ok) {
        tlp = stix_markings_tlp(s->markings, &o, &unknown);
        ok = unknown ? unreadable(s, o.id, e)
                     : pass_on(s, &o, d->bytes, false, tlp == STIX_TLP_NONE ? s->tlp : tlp, e);
    }
    arena_reset(s->scratch, m);
    return ok;
}

/* ---- the stream ---- */

static bool read_some(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct sharing *s = self;

    if (is_cancelled(s->c))
        return err_fail(e, ERR_IO, "cancelled: nothing was shared");
    if (!s->c->os->ops->read(s->c->os->self, s->file, s->at, out, n, got, e))
        return false;
    s->at += *got;
    return true;
}

static void report_progress(struct sharing *s)
{
    struct stix_import_counts n = stix_import_counts(s->import);

    if (!progress_due(&s->progress))
        return;
    if (s->size)
        progress_say(&s->progress, "%s: %s objects, %s of %s (%llu %%)", input_name(s->c, s->path),
                     shown_count(s->c, n.objects), shown_bytes(s->c, n.bytes),
                     shown_bytes(s->c, s->size), (unsigned long long)(n.bytes * 100 / s->size));
    else
        progress_say(&s->progress, "%s: %s objects", input_name(s->c, s->path),
                     shown_count(s->c, n.objects));
}

static bool stream(struct sharing *s, struct err *e)
{
    struct arena_mark m = arena_mark(s->scratch);
    struct stix_item item;
    struct err why = {0};

    while (stix_import_next(s->import, &item, &why)) {
        if (!take(s, &item, e))
            return false;
        arena_reset(s->scratch, m);
        report_progress(s);
    }
    if (!stix_import_done(s->import))
        return err_pass(e, &why);
    for (const struct deferred *d = s->deferred; d; d = d->next)
        if (!take_deferred(s, d, e))
            return false;
    return true;
}

/* ---- one file ---- */

static bool open_import(struct sharing *s, struct err *e)
{
    struct cli *c = s->c;
    struct uuid nil = {{0}}, party;
    char id[STIX_ID_MAX];
    struct stix_import_options how = {.now_us = os_now_us(c->os) / 1000 * 1000,
                                      .tlp = s->tlp,
                                      .markings = s->markings,
                                      .file = input_name(c, s->path)};
    const char *name = arena_format(c->arena, e, "entente/v1/party/%s",
                                    shown_hash(c, &node_card(c->node)->id, 64));
    struct bytes all;

    if (!name)
        return false;
    uuid_v5(&nil, bytes_text(name), &party); /* decision 0142 */
    stix_id_print(id, "identity", &party);
    how.party_id = bytes_text(id);
    if (!strcmp(s->path, "-")) {
        if (!input_read(c, "-", STDIN_MOST, &all, e))
            return false;
        s->size = all.n;
        s->import = stix_import_open_bytes(&how, all, e);
    } else {
        if (!os_open(c->os, s->path, OS_READ, &s->file, e))
            return false;
        if (!os_size(c->os, s->file, &s->size, NULL))
            s->size = 0;
        s->import = stix_import_open(&how, read_some, s, e);
    }
    return s->import != NULL;
}

static bool draft_of(struct cli *c, struct record_draft *d, struct err *e)
{
    const char *const *to = option_all(c, "to", &d->to_n);

    d->kind = BYTES("share");
    if (d->to_n > LIMIT_PARTIES)
        return misuse(c, e, "at most %d parties", LIMIT_PARTIES);
    for (size_t i = 0; i < d->to_n; i++)
        d->to[i] = bytes_text(to[i]);
    return true;
}

/* What the commit would refuse, before the work. */
static bool may_share(struct cli *c, const struct record *r, const struct record_draft *d,
                      struct err *e)
{
    char clause[GATE_CLAUSE_MAX];
    struct record_state s;

    record_state(r, os_now(c->os), &s);
    if (s.stage != STAGE_IN_FORCE) {
        err_fail(e, ERR_DENIED, "agreement %.8s is %s, not in force", record_id(r),
                 stage_word(s.stage));
        return err_hint(e, "entente agreement show %.8s says what is missing", record_id(r));
    }
    for (size_t i = 0; i < d->to_n; i++)
        if (!agreement_party(s.agreement, d->to[i]))
            return err_fail(e, ERR_DENIED, "%s is not a party of agreement %.8s",
                            shown(c, d->to[i]), record_id(r));
    return gate_act(s.agreement, d->kind, s.suspended, s.suspended_n, clause, e);
}

static bool share_stream(struct sharing *s, const struct record_draft *d, struct err *e)
{
    bool dry = option_given(s->c, "dry-run");

    if (!dry && !(s->share = record_share_open(s->record, e)))
        return false;
    if (!open_import(s, e) || !stream(s, e))
        return false;
    progress_end(&s->progress);
    if (s->types.total && !dry) {
        if (!record_share_commit(s->share, d, &s->placed, e))
            return false;
        s->said = true;
    }
    return true;
}

static bool begin(struct sharing *s, struct err *e)
{
    s->deferred_last = &s->deferred;
    s->scratch = arena_new(SCRATCH_BYTES);
    s->later = arena_new(LATER_BYTES);
    s->markings = stix_markings_new();
    progress_start(&s->progress, s->c);
    return (s->scratch && s->later && s->markings) || err_fail(e, ERR_NOMEM, "out of memory");
}

static void end(struct sharing *s)
{
    progress_end(&s->progress);
    record_share_close(s->share);
    stix_import_close(s->import);
    stix_markings_free(s->markings);
    os_close(s->c->os, s->file);
    arena_free(s->later);
    arena_free(s->scratch);
}

static bool share_file(struct cli *c, const char *path, const char *id, enum stix_tlp tlp,
                       const struct record_draft *d, struct err *e)
{
    struct sharing *s = arena_get(c->arena, sizeof *s, e);
    struct record *r = s ? node_hold(c->node, id, e) : NULL;
    bool ok;

    if (!r)
        return false;
    *s = (struct sharing){.c = c, .path = path, .record = r, .tlp = tlp};
    s->g = record_agreement(r);
    ok = begin(s, e) && may_share(c, r, d, e) && share_stream(s, d, e);
    if (ok && !s->types.total)
        c->status = CLI_NO;
    if (ok && c->json)
        ok = share_report_json(s, e);
    else if (ok)
        share_report(s);
    end(s);
    node_release(c->node, r);
    if (!ok && e->code != ERR_DENIED)
        return err_hint(e, "nothing of this file was shared");
    return ok;
}

static bool run(struct cli *c, struct err *e)
{
    enum stix_tlp tlp = STIX_TLP_NONE;
    char id[ACT_AGREEMENT + 1];
    struct record_draft *d = arena_get(c->arena, sizeof *d, e);

    if (!d)
        return false;
    if (option(c, "tlp") && !stix_tlp_parse(bytes_text(option(c, "tlp")), &tlp))
        return misuse(c, e, "--tlp is clear, green, amber, amber+strict or red, not \"%s\"",
                      shown_short(c, bytes_text(option(c, "tlp")), 40));
    if (!draft_of(c, d, e) || !agreement_named(c, option(c, "under"), id, e))
        return false;
    for (size_t i = 0; i < c->operands_n; i++)
        if (!share_file(c, c->operands[i], id, tlp, d, e))
            return false;
    return true;
}

const struct command cmd_share = {
    .name = "share",
    .synopsis = "FILE... [--under AGREEMENT] [--tlp LABEL] [--to PARTY]... [--dry-run] [--json]",
    .sentence = "Share indicators and reports: one act in our log for each file.",
    .more =
        "FILE is a STIX 2.1 bundle, a MISP event, CSV or a plain list, one value a line (defanged\n"
        "forms are understood); - is stdin. What the agreement does not permit is left out and "
        "named\nwith its clause. What carries no TLP marking is not shared unless --tlp gives it "
        "one.\nExit status 1: nothing of a file could be shared.\n",
    .options = options,
    .least = 1,
    .most = ANY_NUMBER,
    .needs = NEEDS_NODE,
    .run = run,
};
