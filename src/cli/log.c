/* entente log check, rebuild, recover, fence, key: care of what is on disk. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "verify/verify.h"

static const char *fence_sentence(enum record_fence f)
{
    return f == FENCE_OK ? N_("it may be signed")
           : f == FENCE_BEHIND
               ? N_("it MUST NOT be signed: a counterparty holds more of it than we do")
               : N_("it may not be signed yet: this folder is a copy or a restored backup");
}

/* ---- check ---- */

/* Export the log and hand it to the verifier, which shares no code with what wrote it. */
static bool check_log(struct cli *c, struct record *r, struct bytes slug, struct err *e)
{
    struct verify_report rep = {0};
    struct record_head head;
    uint8_t random[8];
    char hex[17] = {0};
    const char *path;
    bool ok;

    os_random(c->os, random, sizeof random);
    hex_encode(hex, random, sizeof random);
    if (!record_head(r, slug, c->arena, &head, e) ||
        !(path = arena_format(c->arena, e, "%s/run/check-%s", node_dir(c->node), hex)))
        return false;
    if (head.size == 0) {
        say(c, "%.8s  %-16s  empty\n", record_id(r), shown(c, slug));
        return true;
    }
    ok = record_export(r, slug, path, e) && verify_files(c->os, &path, 1, c->arena, &rep, e);
    os_remove(c->os, path, NULL);
    if (!ok)
        return err_within(e, "log of %.*s", BYTES_FMT(slug));
    say(c, "%.8s  %-16s  %s acts: %s\n", record_id(r), shown(c, slug), shown_count(c, head.size),
        rep.holds ? tr(c, "all holds") : tr(c, "DAMAGED"));
    for (size_t i = 0; i < rep.n && !rep.holds; i++)
        if (rep.line[i].verdict == VERIFY_FAILED)
            fprintf(c->out, "  %.*s\n", BYTES_FMT(rep.line[i].text));
    if (!rep.holds)
        c->status = CLI_NO;
    return true;
}

static bool run_check(struct cli *c, struct err *e)
{
    const char **ids;
    size_t n;

    if (!agreements_named(c, c->operands_n ? c->operands[0] : NULL, &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct view v;
        if (!view_open(c, ids[i], &v, e))
            return false;
        for (size_t j = 0; j < v.g->parties_n; j++) {
            struct arena_mark m = arena_mark(c->arena);
            if (!check_log(c, v.record, v.g->parties[j].slug, e))
                return false;
            arena_reset(c->arena, m);
        }
    }
    return true;
}

const struct command cmd_log_check = {
    .name = "log check",
    .synopsis = "[AGREEMENT]",
    .sentence = "Read every log from the disk and verify all of it again.",
    .more =
        "Each log is exported to a temporary file below the node's folder, so there must be room "
        "for\none, and checked by the code of `entente verify`.\n",
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_check,
};

/* ---- rebuild ---- */

static bool run_rebuild(struct cli *c, struct err *e)
{
    const char **ids;
    size_t n;

    if (!agreements_named(c, c->operands_n ? c->operands[0] : NULL, &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct record *r = node_hold(c->node, ids[i], e);
        int64_t began = os_ticks_us(c->os);
        bool ok = r && record_rebuild(r, e);
        if (r)
            node_release(c->node, r);
        if (!ok)
            return err_within(e, "agreement %.8s", ids[i]);
        say(c, "%.8s  indexes and tiles made again from the log, in %.1f s\n", ids[i],
            (double)(os_ticks_us(c->os) - began) / 1e6);
    }
    return true;
}

const struct command cmd_log_rebuild = {
    .name = "log rebuild",
    .synopsis = "[AGREEMENT]",
    .sentence = "Drop all that is derived (indexes, tiles) and make it again from the log.",
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_rebuild,
};

/* ---- recover ---- */

/* Every counterparty that has more of our log gives it back; the fence opens when all is there. */
static bool recover_from(struct cli *c, const char *id, struct bytes slug, struct err *first)
{
    struct node_report rep = {0};
    struct err why = {0};
    bool ok = true;

    for (int i = 0; ok && i < 4096 && !rep.complete && !is_cancelled(c); i++) {
        rep = (struct node_report){0};
        ok = node_sync_peer(c->node, id, slug, &rep, &why);
        if (!rep.pulled_bytes && !rep.pushed_bytes)
            break;
    }
    if (!ok) {
        remark(c, "entente: %s\n", why.text);
        if (first->code == ERR_NONE)
            *first = why;
    }
    return ok;
}

static bool recover(struct cli *c, const char *id, struct err *e)
{
    struct record_head before, after;
    struct err first = {0};
    struct record *r;
    struct view v;

    if (!view_open(c, id, &v, e) ||
        !record_head(r = v.record, record_self(v.record), c->arena, &before, e))
        return false;
    for (size_t i = 0; i < v.g->parties_n; i++)
        if (!bytes_equal(v.g->parties[i].slug, record_self(r)))
            recover_from(c, id, v.g->parties[i].slug, &first);
    if (!record_head(r, record_self(r), c->arena, &after, e))
        return false;
    say(c, "%.8s  our log: %s acts, %s of them recovered now; %s\n", id, shown_count(c, after.size),
        shown_count(c, after.size - before.size), tr(c, fence_sentence(record_fence(r))));
    if (record_fence(r) == FENCE_OK)
        return true;
    c->status = CLI_NO;
    if (first.code)
        return err_pass(e, &first);
    return true;
}

static bool run_recover(struct cli *c, struct err *e)
{
    const char **ids;
    size_t n;

    if (!agreements_named(c, c->operands_n ? c->operands[0] : NULL, &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!recover(c, ids[i], e))
            return false;
    return true;
}

const struct command cmd_log_recover = {
    .name = "log recover",
    .synopsis = "[AGREEMENT]",
    .sentence = "After restoring a backup: get back from counterparties what our own log lacks.",
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_recover,
};

/* ---- fence ---- */

static const struct option_row fence_options[] = {
    {"insist", 0, NULL,
     "sign on, though nobody can confirm that nothing is missing; if something is, what follows is "
     "proof against us"},
    {NULL},
};

static bool insist(struct cli *c, const char *id, struct err *e)
{
    struct record *r = node_hold(c->node, id, e);
    bool ok = r && record_fence_force(r, e);

    if (r)
        node_release(c->node, r);
    return ok;
}

static bool run_fence(struct cli *c, struct err *e)
{
    const char **ids;
    size_t n;

    if (option_given(c, "insist") && !c->operands_n)
        return misuse(c, e, "say for which agreement you insist");
    if (!agreements_named(c, c->operands_n ? c->operands[0] : NULL, &ids, &n, e))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct record *r = node_record(c->node, ids[i], e);
        if (!r || (option_given(c, "insist") && !insist(c, ids[i], e)))
            return false;
        say(c, "%.8s  our log: %s\n", ids[i], tr(c, fence_sentence(record_fence(r))));
        if (record_fence(r) != FENCE_OK)
            c->status = CLI_NO;
    }
    return true;
}

const struct command cmd_log_fence = {
    .name = "log fence",
    .synopsis = "[AGREEMENT [--insist]]",
    .sentence =
        "Say whether our logs may be signed; a restored backup may not, until it is in step.",
    .more =
        "A log that lost its newest acts and is signed on forks, and a fork is proof against its "
        "owner.\nSo a folder that was copied or restored signs nothing before a counterparty "
        "has shown what it\nholds of our log. --insist is for when no counterparty can ever be "
        "reached.\n",
    .options = fence_options,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_fence,
};

/* ---- key ---- */

static bool run_key(struct cli *c, struct err *e)
{
    struct bytes policy, line;
    struct view v;

    if (!view_named(c, c->operands_n ? c->operands[0] : NULL, &v, e))
        return false;
    for (size_t i = 0; i < v.g->parties_n; i++) {
        if (!record_policy(v.record, v.g->parties[i].slug, c->arena, &policy, e))
            return false;
        while (bytes_next_line(&policy, &line))
            if (bytes_start_with(line, "log "))
                fprintf(c->out, "%.*s\n", BYTES_FMT(line));
    }
    return true;
}

const struct command cmd_log_key = {
    .name = "log key",
    .synopsis = "[AGREEMENT]",
    .sentence = "Print the logs of an agreement as a witness wants to know them: names and keys.",
    .more = "Give the output to the owner of a witness: entente witness add FILE.\n",
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_key,
};
