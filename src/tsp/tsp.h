/* tsp: time-stamps of RFC 3161, asked for and checked. Talks to nobody: requests and responses are
 * files that people carry to an authority of their choice.
 *
 *     tsp_request(&imprint, nonce, arena, &query, e);            // to the authority
 *     tsp_token(response, query, &imprint, arena, &token, e);    // what came back
 *     tsp_check(token, &imprint, roots, arena, &stamp, e);       // offline, years later
 *
 * CMS, certificates and their paths are OpenSSL's (decision 0170); the one module that knows it.
 */
#ifndef ENTENTE_TSP_H
#define ENTENTE_TSP_H

#include "crypto/crypto.h"

#define TSP_TOKEN_BYTES ((size_t)256 << 10) /* a token with a chain of certificates: some KiB */

/* A query (DER) for a SHA-256, that asks for the signer's certificate to come along. */
bool tsp_request(const struct hash *imprint, const uint8_t nonce[8], struct arena *a,
                 struct bytes *der, struct err *e);
/* The token in a response. ERR_PROOF: not granted, for another digest, or (if the query is given)
 * with another nonce; ERR_INPUT: no response. */
bool tsp_token(struct bytes response, struct bytes query, const struct hash *imprint,
               struct arena *a, struct bytes *token, struct err *e);

struct tsp_stamp {
    int64_t time;        /* seconds; what the authority says */
    struct bytes signer; /* subject of its certificate, as one line of text */
    bool trusted;        /* the path leads to one of the roots, and held at that time */
    struct bytes why;    /* if it is not: why not */
};
/* Does the token sign this SHA-256? The certificate must be for time-stamping. roots: certificates
 * as PEM; empty: whom to trust is not asked, and `trusted` is false. ERR_PROOF names what fails. */
bool tsp_check(struct bytes token, const struct hash *imprint, struct bytes roots, struct arena *a,
               struct tsp_stamp *out, struct err *e);

#endif
