/* Secret keys on disk: one small text file per role.
 *
 *     entente-key/1
 *     role acts
 *     seed <64 hex digits>          or: sealed <base64>
 */
#include "base/buf.h"
#include "base/reader.h"
#include "base/text.h"
#include "record/party.h"

#include <stdlib.h>

#define KEY_FILE_MAX 4096
#define PATH_ROOM 4096

struct keyring {
    struct sign_key *key[KEY_ROLES];
};

static const char *const role_names[KEY_ROLES] = {"acts",   "checkpoints", "witness",
                                                  "mirror", "tls",         "recovery"};

const char *key_role_name(enum key_role role)
{
    return (unsigned)role < KEY_ROLES ? role_names[role] : "unknown";
}

bool key_role_parse(struct bytes text, enum key_role *out)
{
    for (int i = 0; i < KEY_ROLES; i++)
        if (bytes_are(text, role_names[i])) {
            *out = (enum key_role)i;
            return true;
        }
    return false;
}

static struct keyring *keyring_empty(struct err *e)
{
    struct keyring *k = calloc(1, sizeof *k);

    if (!k)
        err_fail(e, ERR_NOMEM, "out of memory");
    return k;
}

struct keyring *keyring_new(const struct os *os, struct err *e)
{
    struct keyring *k = keyring_empty(e);

    for (int i = 0; k && i < KEY_ROLES; i++)
        if (!(k->key[i] = sign_key_new(os, e))) {
            keyring_free(k);
            return NULL;
        }
    return k;
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    for (int i = 0; i < KEY_ROLES; i++)
        sign_key_free(k->key[i]);
    free(k);
}

const struct sign_key *keyring_key(const struct keyring *k, enum key_role role)
{
    return (unsigned)role < KEY_ROLES ? k->key[role] : NULL;
}

struct sign_key *keyring_rotate(struct keyring *k, const struct os *os, enum key_role role,
                                struct err *e)
{
    struct sign_key *fresh = sign_key_new(os, e), *old = k->key[role];

    if (!fresh)
        return NULL;
    k->key[role] = fresh;
    return old;
}

/* ---- files ---- */

static bool path_in(char out[PATH_ROOM], const char *dir, const char *name, const char *suffix,
                    struct err *e)
{
    int n = snprintf(out, PATH_ROOM, "%s/%s%s", dir, name, suffix);

    return (n > 0 && n < PATH_ROOM) || err_fail(e, ERR_LIMIT, "path too long: %s", dir);
}

static const char *key_label(enum key_role role, char out[64])
{
    snprintf(out, 64, "%s/%s", LABEL_KEY_FILE, key_role_name(role));
    return out;
}

/* `lock` is NULL for keys in the clear. */
static bool save_key(const struct os *os, const char *dir, enum key_role role,
                     const struct sign_key *key, const uint8_t *lock, struct arena *a,
                     struct err *e)
{
    char path[PATH_ROOM], label[64];
    struct buf b = buf_in(a);
    uint8_t seed[32];
    struct bytes text, box = {0};
    bool ok = path_in(path, dir, key_role_name(role), ".key", e);

    sign_key_seed(key, seed);
    if (ok && lock)
        ok = key_seal(os, lock, key_label(role, label), bytes_of(seed, sizeof seed), a, &box, e);
    buf_format(&b, "entente-key/1\nrole %s\n", key_role_name(role));
    buf_puts(&b, lock ? "sealed " : "seed ");
    if (lock)
        buf_base64(&b, box.p, box.n);
    else
        buf_hex(&b, seed, sizeof seed);
    buf_puts(&b, "\n");
    wipe(seed, sizeof seed);
    return ok && buf_end(&b, &text, e) && os_write_file(os, path, text, OS_PRIVATE, e);
}

static bool save_lock(const struct os *os, const char *dir, struct bytes passphrase,
                      uint8_t lock[32], struct arena *a, struct err *e)
{
    char path[PATH_ROOM];
    struct bytes box;

    os_random(os, lock, 32);
    return path_in(path, dir, "passphrase", "", e) &&
           passphrase_seal(os, passphrase, LABEL_KEY_FILE, bytes_of(lock, 32), a, &box, e) &&
           os_write_file(os, path, box, OS_PRIVATE, e);
}

bool keyring_save(const struct keyring *k, const struct os *os, const char *dir,
                  struct bytes passphrase, struct err *e)
{
    struct arena *a = arena_new_secret(1 << 20);
    uint8_t lock[32];
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && (passphrase.n == 0 || save_lock(os, dir, passphrase, lock, a, e));
    for (int i = 0; ok && i < KEY_ROLES; i++)
        if (k->key[i])
            ok = save_key(os, dir, (enum key_role)i, k->key[i], passphrase.n ? lock : NULL, a, e);
    wipe(lock, sizeof lock);
    arena_free(a);
    return ok;
}

bool keyring_locked(const struct os *os, const char *dir)
{
    char path[PATH_ROOM];

    return path_in(path, dir, "passphrase", "", NULL) && os_exists(os, path);
}

static bool open_lock(const struct os *os, const char *dir, struct bytes passphrase,
                      uint8_t lock[32], struct arena *a, struct err *e)
{
    char path[PATH_ROOM];
    struct bytes box, plain;

    if (passphrase.n == 0) {
        err_fail(e, ERR_DENIED, "the keys in %s are encrypted", dir);
        return err_hint(e,
                        "give the passphrase: ENTENTE_PASSPHRASE_FILE, or type it at the prompt");
    }
    if (!path_in(path, dir, "passphrase", "", e) ||
        !os_read_file(os, path, KEY_FILE_MAX, a, &box, e) ||
        !passphrase_open(passphrase, LABEL_KEY_FILE, box, a, &plain, e))
        return err_within(e, "keys in %s", dir);
    if (plain.n != 32)
        return err_fail(e, ERR_INPUT, "%s: not a sealed key", path);
    memcpy(lock, plain.p, 32);
    return true;
}

static bool parse_seed(struct bytes line, enum key_role role, const uint8_t *lock, struct arena *a,
                       uint8_t seed[32], struct err *e)
{
    uint8_t box[256];
    size_t n = sizeof box;
    struct bytes plain;
    char label[64];

    if (bytes_start_with(line, "seed "))
        return hex_decode(seed, 32, bytes_part(line, 5, SIZE_MAX)) ||
               err_fail(e, ERR_INPUT, "line 3: expected 64 hex digits");
    if (!bytes_start_with(line, "sealed ") ||
        !base64_decode(box, &n, bytes_part(line, 7, SIZE_MAX)))
        return err_fail(e, ERR_INPUT, "line 3: expected a seed");
    if (!lock)
        return err_fail(e, ERR_DENIED, "the key is encrypted and the file `passphrase` is gone");
    if (!key_unseal(lock, key_label(role, label), bytes_of(box, n), a, &plain, e))
        return false;
    if (plain.n != 32)
        return err_fail(e, ERR_INPUT, "line 3: expected a seed");
    memcpy(seed, plain.p, 32);
    return true;
}

static struct sign_key *load_key(const struct os *os, const char *dir, enum key_role role,
                                 const uint8_t *lock, struct arena *a, struct err *e)
{
    char path[PATH_ROOM], role_line[32];
    struct sign_key *key = NULL;
    struct bytes text, line;
    struct reader r;
    uint8_t seed[32] = {0};

    if (!path_in(path, dir, key_role_name(role), ".key", e) ||
        !os_read_file(os, path, KEY_FILE_MAX, a, &text, e))
        return NULL;
    snprintf(role_line, sizeof role_line, "role %s", key_role_name(role));
    r = reader_of(text);
    reader_expect_line(&r, "entente-key/1");
    reader_expect_line(&r, role_line);
    line = reader_line(&r);
    if (reader_end(&r, e) && parse_seed(line, role, lock, a, seed, e))
        key = sign_key_of_seed(seed, e);
    if (!key)
        err_within(e, "%s", path);
    wipe(seed, sizeof seed);
    return key;
}

struct keyring *keyring_open(const struct os *os, const char *dir, unsigned roles,
                             struct bytes passphrase, struct err *e)
{
    struct arena *a = arena_new_secret(1 << 20);
    struct keyring *k = a ? keyring_empty(e) : NULL;
    bool locked = keyring_locked(os, dir), ok = k != NULL;
    uint8_t lock[32];

    ok = ok && (!locked || open_lock(os, dir, passphrase, lock, a, e));
    for (int i = 0; ok && i < KEY_ROLES; i++)
        if (roles & 1u << i)
            ok = (k->key[i] = load_key(os, dir, (enum key_role)i, locked ? lock : NULL, a, e));
    wipe(lock, sizeof lock);
    arena_free(a);
    if (!ok) {
        keyring_free(k);
        return NULL;
    }
    return k;
}
