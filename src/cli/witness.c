/* entente witness key, add, list: cosigning the logs of strangers (C2SP tlog-witness). */
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"
#include "tlog/policy.h"

static const char *policy_path(struct cli *c, struct err *e)
{
    return arena_format(c->arena, e, "%s/witness/policy", node_dir(c->node));
}

/* ---- key ---- */

static bool run_key(struct cli *c, struct err *e)
{
    const struct card *card = node_card(c->node);
    const struct node_config *conf = node_config(c->node);
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m);
    char vkey[NOTE_VKEY_MAX];
    struct hash tls;
    const char *url;

    if (!node_witness_vkey(c->node, vkey, e))
        return false;
    json_set_string(&m, o, "name", card->slug);
    json_set_text(&m, o, "vkey", vkey);
    if (card->addresses_n) {
        if (!(url = arena_format(c->arena, e, "%.*s%.*s", BYTES_FMT(card->addresses[0]),
                                 BYTES_FMT(conf->witness_prefix))))
            return false;
        json_set_text(&m, o, "url", url);
        memcpy(tls.b, card->keys[KEY_TLS].b, sizeof tls.b);
        json_set_text(&m, o, "tls", shown_hash(c, &tls, 64));
    }
    return print_json(c, &m, o, e);
}

const struct command cmd_witness_key = {
    .name = "witness key",
    .synopsis = "",
    .sentence = "Print this node as a witness: the entry that goes into others' agreements.",
    .more = "Give the output to those who want their logs cosigned here: entente agreement new "
            "--witness\nFILE.\n",
    .needs = NEEDS_NODE,
    .run = run_key,
};

/* ---- add ---- */

static bool has_line(struct bytes text, struct bytes wanted)
{
    struct bytes line;

    while (bytes_next_line(&text, &line))
        if (bytes_equal(line, wanted))
            return true;
    return false;
}

/* Those of `from` that begin with "log " and are not in `in` yet. */
static unsigned add_logs(struct buf *out, struct bytes from, struct bytes in)
{
    struct bytes line;
    unsigned n = 0;

    while (bytes_next_line(&from, &line))
        if (bytes_start_with(line, "log ") && !has_line(in, line)) {
            buf_put(out, line);
            buf_puts(out, "\n");
            n++;
        }
    return n;
}

static bool any_log(struct bytes text)
{
    struct bytes line;

    while (bytes_next_line(&text, &line))
        if (bytes_start_with(line, "log "))
            return true;
    return false;
}

static bool old_policy(struct cli *c, const char *path, struct bytes *out, struct err *e)
{
    *out = bytes_of(NULL, 0);
    return !os_exists(c->os, path) ||
           os_read_file(c->os, path, LIMIT_POLICY_BYTES, c->arena, out, e);
}

static bool run_add(struct cli *c, struct err *e)
{
    const char *path = policy_path(c, e);
    struct buf b = buf_in(c->arena);
    struct bytes old, fresh, text;
    struct policy *check;
    unsigned n;

    if (!path || !old_policy(c, path, &old, e) ||
        !input_read(c, c->operands[0], LIMIT_POLICY_BYTES, &fresh, e))
        return false;
    add_logs(&b, old, bytes_of(NULL, 0));
    n = add_logs(&b, fresh, old);
    buf_puts(&b, "quorum none\n");
    if (!buf_end(&b, &text, e) || !policy_parse(text, c->arena, &check, e))
        return err_within(e, "%s", input_name(c, c->operands[0]));
    if (n == 0 && !any_log(fresh))
        return err_fail(e, ERR_INPUT, "%s has no line that begins with \"log \"",
                        input_name(c, c->operands[0]));
    if (!os_write_file(c->os, path, text, 0, e) || !node_reload(c->node, e))
        return false;
    fprintf(c->out,
            trn(c, "%u log added; this node cosigns %zu in all.\n",
                "%u logs added; this node cosigns %zu in all.\n", n),
            n, check->n_logs);
    return true;
}

const struct command cmd_witness_add = {
    .name = "witness add",
    .synopsis = "FILE",
    .sentence = "Cosign the logs of strangers: the `log` lines that `entente log key` prints.",
    .more =
        "The list is witness/policy in the node's folder (C2SP tlog-policy). The logs of our own "
        "agreements\nare cosigned anyway.\n",
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_add,
};

/* ---- list ---- */

static bool run_list(struct cli *c, struct err *e)
{
    const char *path = policy_path(c, e);
    struct policy *p = NULL;
    struct bytes text;
    char vkey[NOTE_VKEY_MAX];

    if (!path || !old_policy(c, path, &text, e))
        return false;
    if (text.n && !policy_parse(text, c->arena, &p, e))
        return err_within(e, "%s", path);
    for (size_t i = 0; p && i < p->n_logs; i++) {
        note_key_print(&p->log_keys[i], vkey);
        fprintf(c->out, "%s\n", vkey);
    }
    if (!p || p->n_logs == 0)
        remark(c, "No logs of strangers are witnessed here.\n");
    return true;
}

const struct command cmd_witness_list = {
    .name = "witness list",
    .synopsis = "",
    .sentence = "List the logs of strangers that this node cosigns.",
    .needs = NEEDS_NODE,
    .run = run_list,
};
