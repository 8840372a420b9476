/* entente acts list, show */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

static const struct option_row list_options[] = {
    {"from", 0, "PARTY", "only this party's log"},
    {"last", 0, "N", "only the last N of each log; 20 if not given"},
    {"all", 0, NULL, "all of them"},
    {"json", 0, NULL, "one JSON line each"},
    {NULL},
};

/* "share, 46 objects" is not known without the list; its size is. */
static const char *payload_gist(struct cli *c, const struct act *act)
{
    if (act->body.media_type.n == 0)
        return "";
    return shown_bytes(c, act->body.size);
}

static const char *to_whom(struct cli *c, const struct act *act)
{
    struct buf b = buf_in(c->arena);
    const char *s;

    for (size_t i = 0; i < act->to_n; i++) {
        buf_puts(&b, i ? ", " : "");
        buf_put(&b, act->to[i]);
    }
    s = buf_string(&b, NULL);
    return s && act->to_n ? s : tr(c, "all");
}

static const char *before_word(struct cli *c, struct record *r, struct bytes slug, uint64_t index)
{
    int64_t after, before;

    if (!record_bracket(r, slug, index, &after, &before, NULL) || before == INT64_MAX)
        return tr(c, "not cosigned");
    return shown_time(c, before);
}

static bool act_json(struct cli *c, struct record *r, const struct act *act, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list;
    int64_t after = 0, before = INT64_MAX;

    json_set_text(&m, o, "agreement", record_id(r));
    json_set_string(&m, o, "from", act->from);
    json_set_integer(&m, o, "index", (int64_t)act->seq);
    json_set_text(&m, o, "hash", shown_hash(c, &act->text_hash, 64));
    json_set_string(&m, o, "kind", act->kind);
    json_set_string(&m, o, "time", act->time);
    if (act->tlp.n)
        json_set_string(&m, o, "tlp", act->tlp);
    list = json_set_array(&m, o, "to");
    for (size_t i = 0; i < act->to_n; i++)
        json_add_string(&m, list, act->to[i]);
    if (act->body.media_type.n) {
        json_set_string(&m, o, "media_type", act->body.media_type);
        json_set_text(&m, o, "sha256", shown_hash(c, &act->body.sha256, 64));
        json_set_integer(&m, o, "size", (int64_t)act->body.size);
    }
    if (!record_bracket(r, act->from, act->seq, &after, &before, e))
        return false;
    if (after)
        json_set_integer(&m, o, "after", after);
    if (before != INT64_MAX)
        json_set_integer(&m, o, "before", before);
    return print_json(c, &m, o, e);
}

/* An act that is not for us is a row with its place alone. */
static bool add_act(struct cli *c, struct table *t, struct record *r, struct bytes slug,
                    uint64_t index, struct err *e)
{
    const char *place =
        arena_format(c->arena, e, "%.*s/%llu", BYTES_FMT(slug), (unsigned long long)index);
    struct act *act = arena_get(c->arena, sizeof *act, e);
    struct err why = {0};

    if (!place || !act)
        return false;
    if (record_act(r, slug, index, c->arena, act, &why)) {
        if (c->json)
            return act_json(c, r, act, e);
        table_add(t, place, shown_hash(c, &act->text_hash, 8), shown(c, act->kind), to_whom(c, act),
                  payload_gist(c, act), shown(c, act->time), before_word(c, r, slug, index));
        return true;
    }
    if (why.code != ERR_MISSING)
        return err_pass(e, &why);
    if (!c->json)
        table_add(t, place, "", tr(c, "(not for us)"), "", "", "", before_word(c, r, slug, index));
    return true;
}

static bool list_log(struct cli *c, struct table *t, struct record *r, struct bytes slug,
                     uint64_t most, struct err *e)
{
    struct record_head head;

    if (!record_head(r, slug, c->arena, &head, e))
        return false;
    for (uint64_t i = head.size > most ? head.size - most : 0; i < head.size && !is_cancelled(c);
         i++)
        if (!add_act(c, t, r, slug, i, e))
            return false;
    return true;
}

static bool run_list(struct cli *c, struct err *e)
{
    const char *from = option(c, "from");
    uint64_t most = option_given(c, "all") ? UINT64_MAX : 20;
    struct view v;
    struct table t;

    if (option(c, "last") && !decimal_parse(bytes_text(option(c, "last")), &most))
        return misuse(c, e, "--last needs a number");
    if (!view_named(c, c->operands_n ? c->operands[0] : NULL, &v, e))
        return false;
    if (from && !agreement_party(v.g, bytes_text(from)))
        return err_fail(e, ERR_MISSING, "\"%s\" is not a party of agreement %.8s", from,
                        record_id(v.record));
    table_start(&t, c, "ACT|HASH|KIND|TO|>SIZE|CLAIMED TIME|COSIGNED BEFORE");
    for (size_t i = 0; i < v.g->parties_n; i++)
        if ((!from || bytes_are(v.g->parties[i].slug, from)) &&
            !list_log(c, &t, v.record, v.g->parties[i].slug, most, e))
            return false;
    if (!c->json)
        table_print(&t, "");
    return true;
}

const struct command cmd_acts_list = {
    .name = "acts list",
    .synopsis = "[AGREEMENT] [--from PARTY] [--last N | --all] [--json]",
    .sentence = "List the acts in the logs of an agreement: all that was said.",
    .more =
        "The claimed time is what the speaker says. Cosigned before is what others have signed: "
        "the\nact was in the log by then.\n",
    .options = list_options,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_list,
};

/* ---- show ---- */

static const struct option_row show_options[] = {
    {"under", 0, "AGREEMENT", "look there; else in all"},
    {"payload", 0, NULL, "the payload instead of the act"},
    {"json", 0, NULL, "say it for machines"},
    {NULL},
};

static void describe(struct cli *c, const struct view *v, const struct act *act)
{
    struct record *r = v->record;
    int64_t after = 0, before = INT64_MAX;
    FILE *to = c->err;

    record_bracket(r, act->from, act->seq, &after, &before, NULL);
    fprintf(to, tr(c, "Act %.*s/%llu under agreement %.8s\n"), BYTES_FMT(act->from),
            (unsigned long long)act->seq, record_id(r));
    fprintf(to, tr(c, "  said by      %s\n"), shown(c, party_name(v->g, act->from)));
    if (act->clause.n)
        fprintf(to, tr(c, "  kind         %s, by clauses.%s\n"), shown(c, act->kind),
                shown(c, act->clause));
    else
        fprintf(to, tr(c, "  kind         %s\n"), shown(c, act->kind));
    fprintf(to, tr(c, "  to           %s\n"), to_whom(c, act));
    fprintf(to, tr(c, "  claimed      %s\n"), shown(c, act->time));
    fprintf(to, tr(c, "  in the log   %s\n"), shown_bracket(c, after, before));
    if (act->body.media_type.n)
        fprintf(to, tr(c, "  payload      %s, %s, sha256 %s\n"), shown(c, act->body.media_type),
                shown_bytes(c, act->body.size), shown_hash(c, &act->body.sha256, 64));
    fprintf(to, tr(c, "  hash         %s\n"), shown_hash(c, &act->text_hash, 64));
}

static bool run_show(struct cli *c, struct err *e)
{
    struct act *act = arena_get(c->arena, sizeof *act, e);
    struct bytes payload;
    struct record *r;
    struct view v;

    if (!act || !act_named(c, option(c, "under"), c->operands[0], &r, act, e))
        return false;
    if (c->json)
        return act_json(c, r, act, e);
    if (option_given(c, "payload"))
        return record_payload(r, act, c->arena, &payload, e) && output_write(c, NULL, payload, e);
    if (!view_open(c, record_id(r), &v, e))
        return false;
    describe(c, &v, act);
    return output_write(c, NULL, act->note, e);
}

const struct command cmd_acts_show = {
    .name = "acts show",
    .synopsis = "ACT [--under AGREEMENT] [--payload | --json]",
    .sentence = "Show one act; the signed note itself goes to stdout.",
    .more = "ACT is PARTY/INDEX, or the first eight or more digits of its hash.\n",
    .options = show_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_show,
};
