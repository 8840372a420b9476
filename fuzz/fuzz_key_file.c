/* record/keyring: any bytes as a key file, and as the file of the passphrase. */
#include "record/party.h"
#include "support/simdisk.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void open_one(const struct os *os, enum key_role role)
{
    struct err e = {0};
    struct keyring *k = keyring_open(os, "keys", 1u << role, bytes_of(NULL, 0), &e);

    assert(k ? keyring_key(k, role) != NULL : e.text[0] != '\0');
    for (int i = 0; k && i < KEY_ROLES; i++)
        assert((int)role == i || !keyring_key(k, (enum key_role)i));
    keyring_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct simdisk *d = simdisk_new(1);
    const struct os *os = simdisk_os(d);
    struct err e = {0};

    if (!crypto_init() || !os_make_dirs(os, "keys", NULL))
        abort();
    assert(os_write_file(os, "keys/acts.key", bytes_of(data, n), OS_PRIVATE, NULL));
    assert(os_write_file(os, "keys/tls.key", bytes_of(data, n), OS_PRIVATE, NULL));
    open_one(os, KEY_ACTS);
    open_one(os, KEY_TLS);
    /* A sealed box: not with arbitrary cost, or the replay would take minutes. */
    assert(!keyring_locked(os, "keys"));
    assert(os_write_file(os, "keys/passphrase", bytes_of(data, n), OS_PRIVATE, NULL));
    assert(keyring_locked(os, "keys"));
    assert(!keyring_open(os, "keys", 1u << KEY_ACTS, bytes_of(NULL, 0), &e));
    assert(e.code == ERR_DENIED);
    simdisk_free(d);
    return 0;
}
