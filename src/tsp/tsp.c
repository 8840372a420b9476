/* On OpenSSL 3.0's TS, PKCS7 and X509. Every object is freed at the one exit of its function; its
 * error queue is emptied before and read after each call. */
#include "tsp/tsp.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <time.h>

/* What OpenSSL said last, without its place in the sources. */
static struct bytes said(struct arena *a)
{
    const char *data = NULL;
    int flags = 0;
    unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    char *text = arena_format(a, NULL, "%s%s%s", reason ? reason : "no reason given",
                              data && *data ? ": " : "", data ? data : "");

    ERR_clear_error();
    return bytes_text(text ? text : "out of memory");
}

static bool no_memory(struct err *e)
{
    ERR_clear_error();
    return err_fail(e, ERR_NOMEM, "out of memory");
}

static bool keep_der(struct bytes der, struct arena *a, struct bytes *out, struct err *e)
{
    return arena_copy(a, der, out, e);
}

/* ---- asking ---- */

static bool fill_request(TS_REQ *q, const struct hash *imprint, const uint8_t nonce[8])
{
    TS_MSG_IMPRINT *m = TS_MSG_IMPRINT_new();
    X509_ALGOR *algo = X509_ALGOR_new();
    ASN1_INTEGER *n = ASN1_INTEGER_new();
    uint64_t value = 0;
    bool ok;

    for (int i = 0; i < 8; i++)
        value = value << 8 | nonce[i];
    ok = m && algo && n && X509_ALGOR_set0(algo, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) &&
         TS_MSG_IMPRINT_set_algo(m, algo) &&
         TS_MSG_IMPRINT_set_msg(m, (unsigned char *)(uintptr_t)imprint->b, 32) &&
         ASN1_INTEGER_set_uint64(n, value) && TS_REQ_set_version(q, 1) &&
         TS_REQ_set_msg_imprint(q, m) && TS_REQ_set_nonce(q, n) && TS_REQ_set_cert_req(q, 1);
    TS_MSG_IMPRINT_free(m);
    X509_ALGOR_free(algo);
    ASN1_INTEGER_free(n);
    return ok;
}

bool tsp_request(const struct hash *imprint, const uint8_t nonce[8], struct arena *a,
                 struct bytes *der, struct err *e)
{
    TS_REQ *q = TS_REQ_new();
    unsigned char *raw = NULL;
    int n = q && fill_request(q, imprint, nonce) ? i2d_TS_REQ(q, &raw) : -1;
    bool ok = n > 0 ? keep_der(bytes_of(raw, (size_t)n), a, der, e) : no_memory(e);

    OPENSSL_free(raw);
    TS_REQ_free(q);
    return ok;
}

/* ---- what came back ---- */

static bool imprint_is(TS_MSG_IMPRINT *m, const struct hash *imprint)
{
    const ASN1_OBJECT *algo = NULL;
    ASN1_OCTET_STRING *digest = TS_MSG_IMPRINT_get_msg(m);

    X509_ALGOR_get0(&algo, NULL, NULL, TS_MSG_IMPRINT_get_algo(m));
    return OBJ_obj2nid(algo) == NID_sha256 && ASN1_STRING_length(digest) == 32 &&
           !memcmp(ASN1_STRING_get0_data(digest), imprint->b, 32);
}

static bool nonce_is(TS_TST_INFO *info, struct bytes query, struct err *e)
{
    const unsigned char *at = query.p;
    TS_REQ *q = query.n ? d2i_TS_REQ(NULL, &at, (long)query.n) : NULL;
    const ASN1_INTEGER *want = q ? TS_REQ_get_nonce(q) : NULL;
    const ASN1_INTEGER *got = TS_TST_INFO_get_nonce(info);
    bool ok = !query.n || (q && (!want || (got && !ASN1_INTEGER_cmp(want, got))));

    ERR_clear_error();
    TS_REQ_free(q);
    return ok ||
           err_fail(e, ERR_PROOF, "the response has another nonce: it answers another request");
}

static bool granted(TS_RESP *r, struct err *e)
{
    const ASN1_INTEGER *status = TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(r));
    long word = ASN1_INTEGER_get(status);

    return word == 0 || word == 1 ||
           err_fail(e, ERR_PROOF, "the authority did not grant it (status %ld)", word);
}

static bool take_token(TS_RESP *r, struct bytes query, const struct hash *imprint, struct arena *a,
                       struct bytes *token, struct err *e)
{
    unsigned char *raw = NULL;
    TS_TST_INFO *info;
    bool ok;
    int n;

    if (!granted(r, e))
        return false;
    info = TS_RESP_get_tst_info(r);
    if (!info || !TS_RESP_get_token(r))
        return err_fail(e, ERR_INPUT, "the response has no token");
    if (!imprint_is(TS_TST_INFO_get_msg_imprint(info), imprint))
        return err_fail(e, ERR_PROOF, "the response is for another digest, not for this dossier");
    if (!nonce_is(info, query, e))
        return false;
    n = i2d_PKCS7(TS_RESP_get_token(r), &raw);
    ok = n > 0 ? keep_der(bytes_of(raw, (size_t)n), a, token, e) : no_memory(e);
    OPENSSL_free(raw);
    return ok;
}

bool tsp_token(struct bytes response, struct bytes query, const struct hash *imprint,
               struct arena *a, struct bytes *token, struct err *e)
{
    const unsigned char *at = response.p;
    TS_RESP *r = response.n && response.n <= TSP_TOKEN_BYTES
                     ? d2i_TS_RESP(NULL, &at, (long)response.n)
                     : NULL;
    bool ok = r && at == response.p + response.n
                  ? take_token(r, query, imprint, a, token, e)
                  : err_fail(e, ERR_INPUT, "it is no time-stamp response (RFC 3161)");

    ERR_clear_error();
    TS_RESP_free(r);
    return ok;
}

/* ---- checking ---- */

static X509_STORE *read_roots(struct bytes pem)
{
    BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
    X509_STORE *store = X509_STORE_new();
    X509 *cert;

    while (b && store && (cert = PEM_read_bio_X509(b, NULL, NULL, NULL))) {
        X509_STORE_add_cert(store, cert);
        X509_free(cert);
    }
    ERR_clear_error();
    BIO_free(b);
    return store;
}

/* The path is judged as of the time in the token: it may be old when it is read. */
static bool trust(PKCS7 *token, struct bytes roots, int64_t when, struct arena *a,
                  struct tsp_stamp *out)
{
    X509_STORE *store = read_roots(roots);
    X509_VERIFY_PARAM *param = store ? X509_STORE_get0_param(store) : NULL;
    X509 *signer = NULL;
    bool ok = param != NULL;

    if (ok) {
        X509_VERIFY_PARAM_set_time(param, (time_t)when);
        X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_TIMESTAMP_SIGN);
        ok = TS_RESP_verify_signature(token, NULL, store, &signer) == 1;
    }
    if (!ok)
        out->why = said(a);
    X509_free(signer);
    X509_STORE_free(store);
    return ok;
}

static bool read_time(TS_TST_INFO *info, int64_t *out)
{
    struct tm tm;

    if (!ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &tm))
        return false;
    *out = (int64_t)timegm(&tm);
    return *out > 0;
}

static bool read_signer(PKCS7 *token, struct arena *a, struct bytes *out)
{
    STACK_OF(X509) *signers = PKCS7_get0_signers(token, NULL, 0);
    BIO *b = BIO_new(BIO_s_mem());
    char *text = NULL;
    long n = 0;
    bool ok = signers && sk_X509_num(signers) == 1 && b &&
              X509_NAME_print_ex(b, X509_get_subject_name(sk_X509_value(signers, 0)), 0,
                                 XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0 &&
              (n = BIO_get_mem_data(b, &text)) > 0 &&
              arena_copy(a, bytes_of(text, (size_t)n), out, NULL);

    BIO_free(b);
    sk_X509_free(signers);
    return ok;
}

static bool check(PKCS7 *token, TS_TST_INFO *info, const struct hash *imprint, struct bytes roots,
                  struct arena *a, struct tsp_stamp *out, struct err *e)
{
    if (!imprint_is(TS_TST_INFO_get_msg_imprint(info), imprint))
        return err_fail(e, ERR_PROOF, "the token is for another digest");
    if (!read_time(info, &out->time))
        return err_fail(e, ERR_INPUT, "the token has no time");
    /* The signature alone; whom to believe is the next question. */
    if (PKCS7_verify(token, NULL, NULL, NULL, NULL, PKCS7_NOVERIFY) != 1)
        return err_fail(e, ERR_PROOF, "the token's signature is wrong: %.*s", BYTES_FMT(said(a)));
    if (!read_signer(token, a, &out->signer))
        return err_fail(e, ERR_PROOF, "the token does not say who signed it");
    if (roots.n)
        out->trusted = trust(token, roots, out->time, a, out);
    return true;
}

bool tsp_check(struct bytes token, const struct hash *imprint, struct bytes roots, struct arena *a,
               struct tsp_stamp *out, struct err *e)
{
    const unsigned char *at = token.p;
    PKCS7 *p;
    TS_TST_INFO *info;
    bool ok;

    *out = (struct tsp_stamp){0};
    ERR_clear_error();
    p = token.n && token.n <= TSP_TOKEN_BYTES ? d2i_PKCS7(NULL, &at, (long)token.n) : NULL;
    info = p && at == token.p + token.n && PKCS7_type_is_signed(p) ? PKCS7_to_TS_TST_INFO(p) : NULL;
    ok = info ? check(p, info, imprint, roots, a, out, e)
              : err_fail(e, ERR_INPUT, "it is no time-stamp token (RFC 3161)");
    ERR_clear_error();
    TS_TST_INFO_free(info);
    PKCS7_free(p);
    return ok;
}
