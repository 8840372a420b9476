/* The TLS key in its envelope: a certificate made in memory. */
#include "http/http_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define VALID_FROM 1577836800 /* 2020-01-01T00:00:00Z: before any node of ours */

/* Keep the first trouble of a sequence of GnuTLS calls. */
static bool went(int code, const char *what, struct err *e)
{
    if (code >= 0)
        return true;
    return err_fail(e, code == GNUTLS_E_MEMORY_ERROR ? ERR_NOMEM : ERR_INPUT,
                    "making the TLS certificate: %s: %s", what, gnutls_strerror(code));
}

static bool key_make(const struct sign_key *key, gnutls_x509_privkey_t *out, struct err *e)
{
    struct sign_public public = sign_key_public(key);
    uint8_t seed[32];
    gnutls_datum_t x = {public.b, sizeof public.b}, k = {seed, sizeof seed};
    bool ok;

    sign_key_seed(key, seed);
    ok = went(gnutls_x509_privkey_init(out), "key", e) &&
         went(gnutls_x509_privkey_import_ecc_raw(*out, GNUTLS_ECC_CURVE_ED25519, &x, NULL, &k),
              "key", e);
    wipe(seed, sizeof seed);
    return ok;
}

static bool name_add(gnutls_x509_crt_t crt, const char *name, struct err *e)
{
    uint8_t raw[16];
    int code;

    if (inet_pton(AF_INET, name, raw) == 1)
        code = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, raw, 4,
                                                    GNUTLS_FSAN_APPEND);
    else if (inet_pton(AF_INET6, name, raw) == 1)
        code = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, raw, 16,
                                                    GNUTLS_FSAN_APPEND);
    else
        code = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
                                                    (unsigned)strlen(name), GNUTLS_FSAN_APPEND);
    return went(code, name, e);
}

/* RFC 5280. Serial and dates are fixed, so that the same key gives the same bytes. */
static bool fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *const *names,
                 size_t n, struct err *e)
{
    static const uint8_t serial[] = {1};

    for (size_t i = 0; i < n; i++)
        if (!name_add(crt, names[i], e))
            return false;
    return went(gnutls_x509_crt_set_version(crt, 3), "version", e) &&
           went(gnutls_x509_crt_set_serial(crt, serial, sizeof serial), "serial", e) &&
           went(gnutls_x509_crt_set_activation_time(crt, VALID_FROM), "dates", e) &&
           went(gnutls_x509_crt_set_expiration_time(crt, GNUTLS_X509_NO_WELL_DEFINED_EXPIRATION),
                "dates", e) &&
           went(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, "entente", 7),
                "name", e) &&
           went(gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE), "usage", e) &&
           went(gnutls_x509_crt_set_key(crt, key), "key", e) &&
           went(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0), "signature", e);
}

static bool write_all(int fd, gnutls_datum_t d)
{
    for (unsigned at = 0; at < d.size;) {
        ssize_t n = write(fd, d.data + at, d.size - at);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            at += (unsigned)n;
    }
    return true;
}

/* libcurl takes a client certificate only from a file (with GnuTLS): a nameless one in memory
 * (decision 0051). */
static bool pem_make(struct http_identity *id, gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
                     struct err *e)
{
    gnutls_datum_t pem_key = {0}, pem_crt = {0};
    bool ok = went(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
                                                     GNUTLS_PKCS_PLAIN, &pem_key),
                   "key", e) &&
              went(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem_crt), "export", e);

    if (ok) {
        id->pem = memfd_create("entente-tls", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (id->pem < 0 || !write_all(id->pem, pem_key) || !write_all(id->pem, pem_crt) ||
            fcntl(id->pem, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
                0)
            ok = err_system(e, errno, "the TLS key's file in memory");
        snprintf(id->pem_path, sizeof id->pem_path, "/proc/self/fd/%d", id->pem);
    }
    if (pem_key.data)
        wipe(pem_key.data, pem_key.size);
    gnutls_free(pem_key.data);
    gnutls_free(pem_crt.data);
    return ok;
}

static bool make(struct http_identity *id, gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
                 struct err *e)
{
    return went(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &id->certificate), "export", e) &&
           went(gnutls_certificate_allocate_credentials(&id->credentials), "credentials", e) &&
           went(gnutls_certificate_set_x509_key(id->credentials, &crt, 1, key), "credentials", e) &&
           pem_make(id, crt, key, e);
}

struct http_identity *http_identity_open(const struct sign_key *key, const char *const *names,
                                         size_t n, struct err *e)
{
    struct http_identity *id = calloc(1, sizeof *id);
    gnutls_x509_privkey_t k = NULL;
    gnutls_x509_crt_t crt = NULL;
    bool ok;

    if (!id) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    id->pem = -1;
    id->public = sign_key_public(key);
    ok = key_make(key, &k, e) && went(gnutls_x509_crt_init(&crt), "start", e) &&
         fill(crt, k, names, n, e) && make(id, crt, k, e);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(k);
    if (!ok) {
        http_identity_close(id);
        return NULL;
    }
    return id;
}

void http_identity_close(struct http_identity *id)
{
    if (!id)
        return;
    if (id->pem >= 0)
        close(id->pem);
    gnutls_certificate_free_credentials(id->credentials);
    gnutls_free(id->certificate.data);
    free(id);
}

struct sign_public http_identity_public(const struct http_identity *id)
{
    return id->public;
}

struct bytes http_identity_certificate(const struct http_identity *id)
{
    return bytes_of(id->certificate.data, id->certificate.size);
}

/* The key of a certificate, if it is an Ed25519 one of prime order. */
static bool certificate_key(gnutls_x509_crt_t crt, struct sign_public *out)
{
    gnutls_ecc_curve_t curve;
    gnutls_datum_t x = {0}, y = {0};
    struct sign_public key;
    bool ok;

    if (gnutls_x509_crt_get_pk_algorithm(crt, NULL) != GNUTLS_PK_EDDSA_ED25519 ||
        gnutls_x509_crt_get_pk_ecc_raw(crt, &curve, &x, &y) < 0)
        return false;
    ok = curve == GNUTLS_ECC_CURVE_ED25519 && x.size == sizeof key.b;
    if (ok)
        memcpy(key.b, x.data, sizeof key.b);
    gnutls_free(x.data);
    gnutls_free(y.data);
    if (!ok || !sign_public_valid(&key))
        return false;
    *out = key;
    return true;
}

bool peer_key(gnutls_session_t session, struct sign_public *out)
{
    unsigned n = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
    gnutls_x509_crt_t crt;
    bool ok;

    if (!chain || n == 0 || gnutls_certificate_type_get(session) != GNUTLS_CRT_X509 ||
        gnutls_x509_crt_init(&crt) < 0)
        return false;
    ok = gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) >= 0 &&
         certificate_key(crt, out);
    gnutls_x509_crt_deinit(crt);
    return ok;
}
