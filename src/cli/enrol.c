/* entente card enrol, challenge, answer: a card counts once its owner has signed fresh bytes. */
#include "cli/cli.h"
#include "cli/commands.h"

#define CHALLENGE_MAX ((size_t)16 << 10)

static const struct option_row enrol_options[] = {
    {"answer", 0, "FILE", "the answer to our challenge, if it came by file"},
    {NULL},
};

static bool by_file(struct cli *c, const char *path, struct bytes slug, struct err *e)
{
    const struct node_peer *p;
    struct bytes answer;

    if (!input_read(c, path, CHALLENGE_MAX, &answer, e) ||
        !node_challenge_accept(c->node, answer, &p, e))
        return err_within(e, "%s", input_name(c, path));
    return bytes_equal(p->card.slug, slug) ||
           err_fail(e, ERR_INPUT, "%s: it is %.*s who answers there, and is enrolled now",
                    input_name(c, path), BYTES_FMT(p->card.slug));
}

static bool online(struct cli *c, struct bytes slug, struct err *e)
{
    if (node_enrol(c->node, slug, e))
        return true;
    if (e->code == ERR_IO)
        err_hint(e,
                 "or by file: entente card challenge %.*s > challenge; the answer comes from "
                 "entente card answer challenge > answer",
                 BYTES_FMT(slug));
    return false;
}

static bool run_enrol(struct cli *c, struct err *e)
{
    struct bytes slug = bytes_text(c->operands[0]);
    const char *path = option(c, "answer");

    if (!node_peer(c->node, slug)) {
        err_fail(e, ERR_MISSING, "there is no card of \"%s\" here", c->operands[0]);
        return err_hint(e, "entente card import FILE first");
    }
    if (path ? !by_file(c, path, slug, e) : !online(c, slug, e))
        return false;
    say(c, "%s is enrolled: the owner of its keys signed our challenge with each of them.\n",
        shown(c, slug));
    return true;
}

const struct command cmd_card_enrol = {
    .name = "card enrol",
    .synopsis = "PARTY [--answer FILE]",
    .sentence =
        "Challenge a party to sign fresh bytes with each of its keys; then its card counts.",
    .more = "Compare the card's fingerprint by telephone first: the challenge proves that somebody "
            "holds\nthe keys, and only you can know that it is the right party. If there is no "
            "connection, the\nchallenge and its answer can pass as files:\n\n"
            "  north: entente card challenge south > challenge\n"
            "  south: entente card answer challenge > answer\n"
            "  north: entente card enrol south --answer answer\n",
    .options = enrol_options,
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_enrol,
};

static bool run_challenge(struct cli *c, struct err *e)
{
    struct bytes challenge;

    return node_challenge_make(c->node, bytes_text(c->operands[0]), c->arena, &challenge, e) &&
           output_write(c, NULL, challenge, e);
}

const struct command cmd_card_challenge = {
    .name = "card challenge",
    .synopsis = "PARTY",
    .sentence = "Write a fresh challenge for a party that cannot be reached online.",
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_challenge,
};

static bool run_answer(struct cli *c, struct err *e)
{
    struct bytes challenge, answer;

    if (!input_read(c, c->operands[0], CHALLENGE_MAX, &challenge, e) ||
        !node_challenge_answer(c->node, challenge, c->arena, &answer, e))
        return err_within(e, "%s", input_name(c, c->operands[0]));
    return output_write(c, NULL, answer, e);
}

const struct command cmd_card_answer = {
    .name = "card answer",
    .synopsis = "FILE",
    .sentence = "Answer another party's challenge with all our operating keys.",
    .least = 1,
    .most = 1,
    .needs = NEEDS_NODE,
    .run = run_answer,
};
