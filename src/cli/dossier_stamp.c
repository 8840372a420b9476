/* entente dossier timestamp: a time-stamp of RFC 3161 on a dossier. */
#include "cli/cli.h"
#include "cli/commands.h"
#include "dossier/dossier.h"

#define STAMP_ARENA ((size_t)6 << 30) /* a cap: the dossier, and the one with the stamp */
#define RESPONSE_BYTES ((size_t)1 << 20)

static const struct option_row options[] = {
    {"request", 'q', "FILE", "the query to make; with --add: the one that was sent"},
    {"add", 0, "FILE", "the authority's response, to be put into the dossier"},
    {"ca", 0, "FILE", "certificates (PEM) that must vouch for the authority"},
    {NULL},
};

static bool ask(struct cli *c, struct bytes dossier, struct arena *a, struct err *e)
{
    const char *path = option(c, "request");
    struct bytes query;
    uint8_t nonce[8];

    os_random(c->os, nonce, sizeof nonce);
    nonce[0] &= 0x7f; /* a positive number of eight bytes */
    if (!dossier_stamp_request(dossier, nonce, a, &query, e) || !output_write(c, path, query, e))
        return false;
    remark(c,
           "%s asks for a time-stamp. Send it to an authority that those trust who will read the "
           "dossier;\nit sees a digest and nothing else. With curl:\n  curl -H 'Content-Type: "
           "application/timestamp-query' --data-binary @%s URL -o response.tsr\n",
           shown(c, bytes_text(path)), shown(c, bytes_text(path)));
    return true;
}

static bool read_all(struct cli *c, struct bytes *response, struct bytes *query,
                     struct bytes *roots, struct err *e)
{
    const char *request = option(c, "request"), *ca = option(c, "ca");

    return os_read_file(c->os, option(c, "add"), RESPONSE_BYTES, c->arena, response, e) &&
           (!request || os_read_file(c->os, request, RESPONSE_BYTES, c->arena, query, e)) &&
           (!ca || os_read_file(c->os, ca, RESPONSE_BYTES, c->arena, roots, e));
}

static bool add(struct cli *c, struct bytes dossier, struct arena *a, struct err *e)
{
    struct bytes response, query = {0}, roots = {0}, out;
    struct dossier_stamp stamp;

    if (!read_all(c, &response, &query, &roots, e) ||
        !dossier_stamp_add(dossier, response, query, roots, a, &out, &stamp, e) ||
        !os_write_file(c->os, c->operands[0], out, 0, e))
        return false;
    remark(c, "%s says that this dossier, and the heads in it, were there at %s.\n",
           shown(c, stamp.signer), shown_time(c, stamp.time));
    if (!stamp.trusted)
        remark(c, "Whether it is to be believed was not asked: give --ca.\n");
    return true;
}

static bool run(struct cli *c, struct err *e)
{
    struct arena *a;
    struct bytes dossier;
    bool ok;

    if (!option(c, "request") && !option(c, "add"))
        return misuse(c, e, "say --request FILE to ask, or --add FILE to put the answer in");
    if (!(a = arena_new(STAMP_ARENA)))
        return err_fail(e, ERR_NOMEM, "out of memory");
    ok = os_read_file(c->os, c->operands[0], LIMIT_DOSSIER_BYTES, a, &dossier, e) &&
         (option(c, "add") ? add(c, dossier, a, e) : ask(c, dossier, a, e));
    arena_free(a);
    return ok || err_within(e, "%s", c->operands[0]);
}

const struct command cmd_dossier_timestamp = {
    .name = "dossier timestamp",
    .synopsis = "FILE --request QUERY | FILE --add RESPONSE [--request QUERY] [--ca FILE]",
    .sentence = "Ask for a time-stamp (RFC 3161) of a dossier, and put the answer into it.",
    .more = "An authority's signature says that the dossier, and so every head in it, was there at "
            "a time. The\nprogram talks to no authority: carry the query there, and the response "
            "back. The dossier then has\nthe layout of ASiC-E (ETSI EN 319 162-1), which other "
            "tools read too. Refused by name: a response\nfor another digest, with another nonce, "
            "or by a certificate that had expired or that --ca does\nnot vouch for.\n",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
