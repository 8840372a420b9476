/* Enrolment: the owner of a card signs 32 fresh bytes of ours with every operating key, over the
 * connection that its TLS key proves, or in a file. */
#include "node/node_impl.h"

#define NONCE 32
#define ANSWER_MAX 4096

/* ---- online
 * -------------------------------------------------------------------------------------- */

static bool challenge_at(struct node *n, struct carrier *c, const struct node_peer *p,
                         struct bytes address, struct arena *a, struct err *e)
{
    uint8_t nonce[NONCE];
    struct http_reply reply;
    struct http_url url;
    struct http_call call = {.method = HTTP_POST,
                             .at = &url.at,
                             .pin = &p->card.keys[KEY_TLS],
                             .prefix = url.path,
                             .target = ROUTE "challenge",
                             .body = bytes_of(nonce, sizeof nonce),
                             .arena = a,
                             .body_most = ANSWER_MAX};

    os_random(n->os, nonce, sizeof nonce);
    if (!http_url_parse(address, &url, e) || !transport_call(&c->transport, &call, &reply, e))
        return false;
    if (reply.status != 200)
        return peer_refused(&reply, "the challenge", e);
    return challenge_verify(&p->card, nonce, reply.body, e);
}

bool node_enrol(struct node *n, struct bytes slug, struct err *e)
{
    const struct node_peer *p = node_peer(n, slug);
    struct arena *a = arena_new(LIMIT_HTTP_HEADER_BYTES * 4);
    struct carrier c = {0};
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    if (ok && !p)
        ok = err_fail(e, ERR_MISSING, "no card of this party");
    if (ok && p->card.addresses_n == 0) {
        err_fail(e, ERR_MISSING, "the card of %.*s has no address", BYTES_FMT(slug));
        ok = err_hint(e, "enrol by file: entente card challenge, answer, accept");
    }
    ok = ok && carrier_open(n, &c, e);
    if (ok) {
        bool answered = false;
        for (size_t i = 0; i < p->card.addresses_n && !answered; i++)
            answered = challenge_at(n, &c, p, p->card.addresses[i], a, e);
        ok = answered && cards_enrolled(n, p, true, e);
    }
    carrier_close(&c);
    arena_free(a);
    return ok || err_within(e, "enrolling %.*s", BYTES_FMT(bytes_part(slug, 0, 63)));
}

/* ---- by file
 * ------------------------------------------------------------------------------------- */

static bool nonce_path(const struct node *n, struct bytes slug, char out[PATH_ROOM], struct err *e)
{
    return path_print(out, e, "%s/cards/%.*s.challenge", n->dir, BYTES_FMT(slug));
}

/* Both files name who asks, who answers, and the nonce. */
static void print_head(struct buf *b, const char *what, struct bytes asks, struct bytes answers,
                       const uint8_t nonce[NONCE])
{
    buf_format(b, "%s\nfrom %.*s\nto %.*s\nnonce ", what, BYTES_FMT(asks), BYTES_FMT(answers));
    buf_hex(b, nonce, NONCE);
    buf_puts(b, "\n");
}

static bool parse_head(struct reader *r, const char *what, struct bytes *asks,
                       struct bytes *answers, uint8_t nonce[NONCE], struct err *e)
{
    struct bytes from, to, hex;

    reader_expect_line(r, what);
    from = reader_line(r);
    to = reader_line(r);
    hex = reader_line(r);
    if (!reader_ok(r, e))
        return false;
    *asks = bytes_part(from, 5, SIZE_MAX);
    *answers = bytes_part(to, 3, SIZE_MAX);
    if (!bytes_start_with(from, "from ") || !slug_valid(*asks) || !bytes_start_with(to, "to ") ||
        !slug_valid(*answers) || !bytes_start_with(hex, "nonce ") ||
        !hex_decode(nonce, NONCE, bytes_part(hex, 6, SIZE_MAX)))
        return err_fail(e, ERR_INPUT, "lines 2 to 4: expected \"from\", \"to\" and \"nonce\"");
    return true;
}

bool node_challenge_make(struct node *n, struct bytes slug, struct arena *a,
                         struct bytes *challenge, struct err *e)
{
    const struct node_peer *p = node_peer(n, slug);
    struct buf b = buf_in(a);
    uint8_t nonce[NONCE];
    char path[PATH_ROOM];

    if (!p)
        return err_fail(e, ERR_MISSING, "no card of this party");
    os_random(n->os, nonce, sizeof nonce);
    print_head(&b, "entente/challenge/v1", node_slug(n), p->card.slug, nonce);
    return nonce_path(n, p->card.slug, path, e) &&
           os_write_file(n->os, path, bytes_of(nonce, sizeof nonce), OS_PRIVATE, e) &&
           buf_end(&b, challenge, e);
}

bool node_challenge_answer(struct node *n, struct bytes challenge, struct arena *a,
                           struct bytes *answer, struct err *e)
{
    struct reader r = reader_of(challenge);
    struct bytes asks, answers, signatures;
    struct buf b = buf_in(a);
    uint8_t nonce[NONCE];

    if (!parse_head(&r, "entente/challenge/v1", &asks, &answers, nonce, e) || !reader_end(&r, e))
        return err_within(e, "challenge");
    if (!bytes_equal(answers, node_slug(n)))
        return err_fail(e, ERR_DENIED, "the challenge is for another party");
    if (!challenge_answer(n->keys, nonce, a, &signatures, e))
        return false;
    print_head(&b, "entente/answer/v1", asks, answers, nonce);
    buf_put(&b, signatures);
    return buf_end(&b, answer, e);
}

static bool accept(struct node *n, struct bytes answer, const struct node_peer *p, struct reader *r,
                   const uint8_t nonce[NONCE], struct err *e)
{
    struct arena *a = arena_new(4096);
    char path[PATH_ROOM];
    struct bytes ours;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && nonce_path(n, p->card.slug, path, e) &&
         (os_read_file(n->os, path, NONCE, a, &ours, e) ||
          err_hint(e, "make a challenge first: entente card challenge %.*s",
                   BYTES_FMT(p->card.slug)));
    if (ok && (ours.n != NONCE || !ct_equal(ours.p, nonce, NONCE)))
        ok = err_fail(e, ERR_PROOF, "it answers another challenge than our last one");
    ok = ok && challenge_verify(&p->card, nonce, bytes_part(answer, r->at, SIZE_MAX), e) &&
         os_remove(n->os, path, e) && cards_enrolled(n, p, false, e);
    arena_free(a);
    return ok;
}

bool node_challenge_accept(struct node *n, struct bytes answer, const struct node_peer **out,
                           struct err *e)
{
    struct reader r = reader_of(answer);
    struct bytes asks, answers;
    const struct node_peer *p;
    uint8_t nonce[NONCE];

    if (!parse_head(&r, "entente/answer/v1", &asks, &answers, nonce, e))
        return err_within(e, "answer");
    if (!bytes_equal(asks, node_slug(n)))
        return err_fail(e, ERR_DENIED, "the answer is to another party's challenge");
    p = node_peer(n, answers);
    if (!p)
        return err_fail(e, ERR_MISSING, "no card of %.*s", BYTES_FMT(answers));
    if (!accept(n, answer, p, &r, nonce, e))
        return err_within(e, "answer of %.*s", BYTES_FMT(answers));
    if (out)
        *out = node_peer(n, answers);
    return true;
}
