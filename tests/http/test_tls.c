/* Who is who: keys, pins, certificates. The hostile clients here speak GnuTLS directly. */
#include "http/rig.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct rig rig;

static int open_rig(void **state)
{
    (void)state;
    rig_open(&rig, NULL);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static void the_same_key_gives_the_same_certificate(void **state)
{
    struct err e = {0};
    struct http_identity *again = http_identity_open(rig.client_key, NULL, 0, &e);

    (void)state;
    must(again != NULL, &e);
    assert_true(
        bytes_equal(http_identity_certificate(again), http_identity_certificate(rig.client_id)));
    assert_false(
        bytes_equal(http_identity_certificate(again), http_identity_certificate(rig.server_id)));
    assert_true(bytes_find(http_identity_certificate(again), bytes_of(rig.client_public.b, 32)) !=
                SIZE_MAX);
    http_identity_close(again);
}

static void another_key_learns_nothing(void **state)
{
    struct http_call call = rig_call(&rig, HTTP_POST, "/echo");
    struct http_reply reply;
    struct transport ways[] = {rig_real(&rig), rig_direct(&rig)};
    struct err e = {0};

    (void)state;
    call.body = BYTES("a secret");
    for (int i = 0; i < 2; i++) {
        int before;
        call.pin = &rig.server_public;
        must(transport_call(&ways[i], &call, &reply, &e), &e); /* a connection is kept */
        before = atomic_load(&rig.admitted);
        call.pin = &rig.client_public;
        must_fail(transport_call(&ways[i], &call, &reply, &e), &e, ERR_PROOF, "another TLS key");
        assert_int_equal(atomic_load(&rig.admitted), before);
    }
    call.pin = NULL;
    must_fail(http_client_call(rig.client, &call, &reply, &e), &e, ERR_INPUT, "without the key");
}

/* A pin that is off by one bit, anywhere. */
static void every_bit_of_the_pin_counts(void **state)
{
    struct http_call call = rig_call(&rig, HTTP_GET, "/echo");
    struct http_reply reply;
    struct err e = {0};

    (void)state;
    for (int bit = 0; bit < 256; bit += 15) {
        struct sign_public pin = rig.server_public;
        pin.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        call.pin = &pin;
        must_fail(http_client_call(rig.client, &call, &reply, &e), &e, ERR_PROOF, "another TLS");
    }
}

static void a_client_without_a_key(void **state)
{
    struct http_server_config c = {.peers = HTTP_PEERS_REQUIRED};
    struct http_call call = rig_call(&rig, HTTP_GET, "/echo");
    struct http_client *nobody;
    struct http_reply reply;
    struct rig strict;
    struct err e = {0};

    (void)state;
    nobody = http_client_open(os_system(), NULL, NULL, &e);
    must(nobody != NULL, &e);
    must(http_client_call(nobody, &call, &reply, &e), &e);
    assert_true(
        bytes_are(http_header_find(reply.headers, reply.header_count, "X-Peer", NULL), "none"));
    rig_open(&strict, &c);
    call.at = &strict.at;
    must_fail(http_client_call(nobody, &call, &reply, &e), &e, ERR_IO, NULL);
    assert_int_equal(atomic_load(&strict.admitted), 0);
    must(http_client_call(strict.client, &call, &reply, &e), &e);
    rig_close(&strict);
    http_client_close(nobody);
}

/* ---- strangers ------------------------------------------------------------------------------ */

struct stranger {
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    int fd;
};

static void stranger_open(struct stranger *s, const struct rig *r, const char *priority,
                          unsigned flags)
{
    s->fd = rig_socket(r);
    assert_int_equal(gnutls_certificate_allocate_credentials(&s->credentials), 0);
    assert_int_equal(gnutls_init(&s->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | flags), 0);
    assert_int_equal(gnutls_priority_set_direct(s->session, priority, NULL), 0);
    gnutls_credentials_set(s->session, GNUTLS_CRD_CERTIFICATE, s->credentials);
    gnutls_transport_set_int(s->session, s->fd);
    gnutls_handshake_set_timeout(s->session, 3000);
}

static void stranger_close(struct stranger *s)
{
    gnutls_deinit(s->session);
    gnutls_certificate_free_credentials(s->credentials);
    close(s->fd);
}

/* Shake hands and ask; false if the server would not talk. */
static bool stranger_asks(struct stranger *s, char *out, size_t cap)
{
    static const char ask[] = "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    ssize_t n;
    int code;

    do
        code = gnutls_handshake(s->session);
    while (code == GNUTLS_E_INTERRUPTED || code == GNUTLS_E_AGAIN);
    if (code < 0 || gnutls_record_send(s->session, ask, sizeof ask - 1) < 0)
        return false;
    do
        n = gnutls_record_recv(s->session, out, cap - 1);
    while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
    out[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static void only_tls_1_3(void **state)
{
    struct stranger s;
    char text[1024];

    (void)state;
    stranger_open(&s, &rig, "NORMAL:-VERS-ALL:+VERS-TLS1.2", 0);
    assert_false(stranger_asks(&s, text, sizeof text));
    stranger_close(&s);
    stranger_open(&s, &rig, "NORMAL:-VERS-ALL:+VERS-TLS1.3", 0);
    assert_true(stranger_asks(&s, text, sizeof text));
    assert_true(strstr(text, "X-Peer: none"));
    stranger_close(&s);
}

static gnutls_x509_crt_t certificate_of(gnutls_x509_privkey_t key)
{
    gnutls_x509_crt_t crt;

    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    gnutls_x509_crt_set_version(crt, 3);
    gnutls_x509_crt_set_serial(crt, "\1", 1);
    gnutls_x509_crt_set_activation_time(crt, 0);
    gnutls_x509_crt_set_expiration_time(crt, GNUTLS_X509_NO_WELL_DEFINED_EXPIRATION);
    gnutls_x509_crt_set_dn(crt, "CN=stranger", NULL);
    assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
    assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
    return crt;
}

/* Another kind of key is never taken for a peer, and where one is required it does not serve. */
static void other_kinds_of_keys(void **state)
{
    static const gnutls_pk_algorithm_t kinds[] = {GNUTLS_PK_ECDSA, GNUTLS_PK_RSA};
    static const unsigned bits[] = {GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 2048};
    static const unsigned flags[] = {0, GNUTLS_FORCE_CLIENT_CERT};
    struct http_server_config c = {.peers = HTTP_PEERS_REQUIRED};
    struct rig strict;
    char text[1024];

    (void)state;
    rig_open(&strict, &c);
    for (int i = 0; i < 4; i++) {
        gnutls_x509_privkey_t key;
        gnutls_x509_crt_t crt;
        assert_int_equal(gnutls_x509_privkey_init(&key), 0);
        assert_int_equal(gnutls_x509_privkey_generate(key, kinds[i % 2], bits[i % 2], 0), 0);
        crt = certificate_of(key);
        for (int required = 0; required < 2; required++) {
            struct stranger s;
            stranger_open(&s, required ? &strict : &rig, "NORMAL", flags[i / 2]);
            gnutls_certificate_set_x509_key(s.credentials, &crt, 1, key);
            if (stranger_asks(&s, text, sizeof text)) {
                assert_false(required);
                assert_true(strstr(text, "X-Peer: none"));
            }
            stranger_close(&s);
        }
        gnutls_x509_crt_deinit(crt);
        gnutls_x509_privkey_deinit(key);
    }
    assert_int_equal(atomic_load(&strict.admitted), 0);
    rig_close(&strict);
}

/* The neutral element as a key: R = 1, S = 0 is a valid signature of anything under it, so that
 * anybody "possesses" it. */
static const uint8_t neutral[32] = {1};

static int sign_anything(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *self,
                         unsigned flags, const gnutls_datum_t *data, gnutls_datum_t *signature)
{
    (void)key, (void)algorithm, (void)flags, (void)data;
    ++*(int *)self;
    signature->data = gnutls_malloc(64);
    signature->size = 64;
    memset(signature->data, 0, 64);
    signature->data[0] = 1;
    return 0;
}

static int key_facts(gnutls_privkey_t key, unsigned what, void *self)
{
    (void)key, (void)self;
    if ((what & 0xff) == GNUTLS_PRIVKEY_INFO_PK_ALGO)
        return GNUTLS_PK_EDDSA_ED25519;
    if ((what & 0xff) == GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
        return 256;
    if ((what & 0xff) == GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
        return 1;
    return -1;
}

static void a_key_of_small_order(void **state)
{
    struct bytes good = http_identity_certificate(rig.client_id);
    uint8_t *der = arena_get(rig.arena, good.n, NULL);
    gnutls_datum_t d = {der, (unsigned)good.n};
    size_t at = bytes_find(good, bytes_of(rig.client_public.b, 32));
    gnutls_privkey_t key;
    gnutls_pcert_st cert;
    struct stranger s;
    char text[1024];
    int signatures = 0;

    (void)state;
    assert_false(sign_public_valid((const struct sign_public *)neutral));
    memcpy(der, good.p, good.n);
    memcpy(der + at, neutral, sizeof neutral);
    stranger_open(&s, &rig, "NORMAL:-VERS-ALL:+VERS-TLS1.3", 0);
    assert_int_equal(gnutls_privkey_init(&key), 0);
    assert_int_equal(
        gnutls_privkey_import_ext4(key, &signatures, sign_anything, NULL, NULL, NULL, key_facts, 0),
        0);
    assert_int_equal(gnutls_pcert_import_x509_raw(&cert, &d, GNUTLS_X509_FMT_DER, 0), 0);
    gnutls_certificate_set_flags(s.credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
    assert_int_equal(gnutls_certificate_set_key(s.credentials, NULL, 0, &cert, 1, key), 0);
    assert_false(stranger_asks(&s, text, sizeof text));
    assert_int_equal(signatures, 1); /* it did show the key, and "proved" it */
    stranger_close(&s);
}

/* ---- strangers' servers ------------------------------------------------------------------------
 */

static char *certificate_file(const struct rig *r)
{
    struct bytes der = http_identity_certificate(r->server_id);
    gnutls_datum_t d = {(unsigned char *)(uintptr_t)der.p, (unsigned)der.n}, pem;
    struct err e = {0};
    char *path = arena_format(r->arena, &e, "%s/authorities.pem", r->dir);

    assert_int_equal(gnutls_pem_base64_encode2("CERTIFICATE", &d, &pem), 0);
    must(os_write_file(os_system(), path, bytes_of(pem.data, pem.size), 0, &e), &e);
    gnutls_free(pem.data);
    return path;
}

static void authorities_for_strangers(void **state)
{
    struct http_call call = rig_call(&rig, HTTP_GET, "/echo");
    struct http_address named = {.host = "localhost", .port = rig.at.port};
    struct http_client *k;
    struct http_reply reply;
    struct err e = {0};

    (void)state;
    call.trust = HTTP_TRUST_SYSTEM;
    call.pin = NULL;
    must_fail(http_client_call(rig.client, &call, &reply, &e), &e, ERR_PROOF, NULL);
    k = http_client_open(os_system(), rig.client_id, certificate_file(&rig), &e);
    must(k != NULL, &e);
    must(http_client_call(k, &call, &reply, &e), &e);
    assert_true(
        bytes_are(http_header_find(reply.headers, reply.header_count, "X-Peer", NULL), "none"));
    call.at = &named; /* the certificate is for 127.0.0.1 and party.example */
    must_fail(http_client_call(k, &call, &reply, &e), &e, ERR_PROOF, NULL);
    http_client_close(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_key_gives_the_same_certificate),
        cmocka_unit_test(another_key_learns_nothing),
        cmocka_unit_test(every_bit_of_the_pin_counts),
        cmocka_unit_test(a_client_without_a_key),
        cmocka_unit_test(only_tls_1_3),
        cmocka_unit_test(other_kinds_of_keys),
        cmocka_unit_test(a_key_of_small_order),
        cmocka_unit_test(authorities_for_strangers),
    };
    return cmocka_run_group_tests(tests, open_rig, close_rig);
}
