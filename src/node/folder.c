/* The node's folder: made once, then owned by one process at a time. */
#include "node/node_impl.h"

#include "base/cpu.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NODE_ARENA ((size_t)1 << 30) /* a cap, not a size: cards and configurations, for years */
#define OPERATING_ROLES ((1u << KEY_OPERATING) - 1)
#define ALL_ROLES ((1u << KEY_ROLES) - 1)

bool path_print(char out[PATH_ROOM], struct err *e, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(out, PATH_ROOM, format, args);
    va_end(args);
    return (n > 0 && n < PATH_ROOM) || err_fail(e, ERR_LIMIT, "a path is too long");
}

bool node_keep(struct node *n, struct bytes b, struct bytes *out, struct err *e)
{
    return arena_copy(n->arena, b, out, e);
}

void node_note_failure(struct node *n, const struct slot *s, const struct err *e)
{
    if (e->code != ERR_IO)
        return;
    diag(n->diag, DIAG_ERROR, "a disk failed: this process must end and recover",
         "agreement=%s why=\"%s\"", s ? s->id : "", e->text);
    atomic_store(&n->broken, true);
    node_poke(n);
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool fresh_config(const struct node_fresh *f, struct arena *a, struct bytes *text,
                         struct err *e)
{
    struct node_config c = node_config_default(), check;

    c.name = f->name;
    if (f->listen.n && !http_address_parse(f->listen, &c.listen, e))
        return err_within(e, "listen");
    c.addresses_n = f->addresses_n;
    memcpy(c.addresses, f->addresses, sizeof c.addresses);
    c.contacts_n = f->contacts_n;
    memcpy(c.contacts, f->contacts, sizeof c.contacts);
    /* What was given must survive being written down: no line feed hides in a name. */
    return node_config_print(&c, a, text, e) && node_config_parse(*text, a, &check, e);
}

static bool make_dirs(const struct os *os, const char *dir, struct err *e)
{
    static const char *const below[] = {"", "/keys", "/cards", "/agreements", "/witness", "/run"};
    char path[PATH_ROOM];

    for (size_t i = 0; i < sizeof below / sizeof below[0]; i++)
        if (!path_print(path, e, "%s%s", dir, below[i]) || !os_make_dirs(os, path, e))
            return false;
    return true;
}

static bool refuse_existing(const struct os *os, const char *dir, struct err *e)
{
    static const char *const signs[] = {"entente.conf", "card.note", "keys"};
    char path[PATH_ROOM];

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (!path_print(path, e, "%s/%s", dir, signs[i]))
            return false;
        if (os_exists(os, path)) {
            err_fail(e, ERR_DENIED, "%s is there already: nothing is overwritten", path);
            return err_hint(e, "choose another folder, or remove what an earlier init left");
        }
    }
    return true;
}

static bool fresh_card(const struct os *os, const struct node_fresh *f, const struct keyring *keys,
                       struct arena *a, struct card *c, struct err *e)
{
    char *issued = arena_get(a, TIME_TEXT_MAX, e);

    if (!issued)
        return false;
    time_print(issued, os_now(os));
    *c = (struct card){.slug = f->slug, .name = f->name, .issued = bytes_text(issued), .serial = 1};
    c->addresses_n = f->addresses_n;
    memcpy(c->addresses, f->addresses, sizeof c->addresses);
    c->contacts_n = f->contacts_n;
    memcpy(c->contacts, f->contacts, sizeof c->contacts);
    return card_sign(c, keys, a, e);
}

/* The configuration comes last: where it is, the rest is too. */
static bool write_fresh(const struct os *os, const char *dir, const struct node_fresh *f,
                        struct bytes config, const struct card *card, const struct keyring *keys,
                        struct err *e)
{
    char at[PATH_ROOM];

    return make_dirs(os, dir, e) && path_print(at, e, "%s/keys", dir) &&
           keyring_save(keys, os, at, f->passphrase, e) && path_print(at, e, "%s/card.note", dir) &&
           os_write_file(os, at, card->note, 0, e) && path_print(at, e, "%s/entente.conf", dir) &&
           os_write_file(os, at, config, 0, e);
}

bool node_init(const struct os *os, const char *dir, const struct node_fresh *f, struct err *e)
{
    struct arena *a = arena_new(LIMIT_CARD_BYTES * 16);
    struct keyring *keys = NULL;
    struct bytes config;
    struct card card;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    if (ok && !slug_valid(f->slug)) {
        err_fail(e, ERR_INPUT, "the slug names the party in every log");
        ok = err_hint(e, "letters a-z, digits, '-' and '_', beginning with a letter, at most 63");
    }
    ok = ok && refuse_existing(os, dir, e) && fresh_config(f, a, &config, e) &&
         (keys = keyring_new(os, e)) && fresh_card(os, f, keys, a, &card, e) &&
         write_fresh(os, dir, f, config, &card, keys, e);
    keyring_free(keys);
    arena_free(a);
    return ok || err_within(e, "new node in %s", dir);
}

bool node_is(const struct os *os, const char *dir)
{
    char path[PATH_ROOM];

    return path_print(path, NULL, "%s/entente.conf", dir) && os_exists(os, path);
}

bool node_locked(const struct os *os, const char *dir)
{
    char path[PATH_ROOM];

    return path_print(path, NULL, "%s/keys", dir) && keyring_locked(os, path);
}

/* ---- configuration and card ---------------------------------------------------------------------
 */

/* Reads into the node's arena: what is replaced stays valid for those who look at it. */
static bool read_config(struct node *n, struct node_config **out, struct err *e)
{
    struct arena *a = arena_new(LIMIT_CONFIG_BYTES * 2);
    struct bytes text;
    char path[PATH_ROOM];
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && path_print(path, e, "%s/entente.conf", n->dir) &&
         os_read_file(n->os, path, LIMIT_CONFIG_BYTES, a, &text, e);
    pthread_mutex_lock(&n->lock);
    if (ok && !((*out = arena_get(n->arena, sizeof **out, e)) &&
                node_config_parse(text, n->arena, *out, e)))
        ok = err_within(e, "%s", path);
    pthread_mutex_unlock(&n->lock);
    arena_free(a);
    return ok;
}

struct card *folder_card_read(struct node *n, const char *path, struct err *e)
{
    struct arena *a = arena_new(LIMIT_CARD_BYTES * 8);
    struct card *card = NULL;
    struct bytes text;

    if (!a)
        err_fail(e, ERR_NOMEM, "out of memory");
    else if (os_read_file(n->os, path, LIMIT_CARD_BYTES, a, &text, e)) {
        pthread_mutex_lock(&n->lock);
        if (node_keep(n, text, &text, e) && (card = arena_get(n->arena, sizeof *card, e)) &&
            !card_parse(text, n->arena, card, e)) {
            err_within(e, "%s", path);
            card = NULL;
        }
        pthread_mutex_unlock(&n->lock);
    }
    arena_free(a);
    return card;
}

static bool contact_equal(const struct contact *a, const struct contact *b)
{
    return a->role == b->role && bytes_equal(a->name, b->name) && bytes_equal(a->email, b->email) &&
           bytes_equal(a->phone, b->phone) && bytes_equal(a->hours, b->hours) &&
           bytes_equal(a->languages, b->languages);
}

bool folder_config_differs(const struct node_config *c, const struct card *card)
{
    bool same = bytes_equal(c->name, card->name) && c->addresses_n == card->addresses_n &&
                c->contacts_n == card->contacts_n;

    for (size_t i = 0; same && i < c->addresses_n; i++)
        same = bytes_equal(c->addresses[i], card->addresses[i]);
    for (size_t i = 0; same && i < c->contacts_n; i++)
        same = contact_equal(&c->contacts[i], &card->contacts[i]);
    return !same;
}

bool folder_card_make(struct node *n, const struct keyring *whole, struct arena *a,
                      struct card *out, struct err *e)
{
    const struct node_config *c = node_config(n);
    char *issued = arena_get(a, TIME_TEXT_MAX, e);

    if (!issued)
        return false;
    time_print(issued, os_now(n->os));
    *out = *node_card(n);
    out->serial++;
    out->issued = bytes_text(issued);
    out->name = c->name;
    out->addresses_n = c->addresses_n;
    memcpy(out->addresses, c->addresses, sizeof out->addresses);
    out->contacts_n = c->contacts_n;
    memcpy(out->contacts, c->contacts, sizeof out->contacts);
    return card_sign(out, whole, a, e);
}

static bool card_replace(struct node *n, const struct card *fresh, struct err *e)
{
    char path[PATH_ROOM];
    struct card *card;

    if (!path_print(path, e, "%s/card.note", n->dir) ||
        !os_write_file(n->os, path, fresh->note, 0, e) || !(card = folder_card_read(n, path, e)))
        return false;
    pthread_mutex_lock(&n->lock);
    n->card = card;
    pthread_mutex_unlock(&n->lock);
    diag(n->diag, DIAG_INFO, "our card was signed anew", "serial=%llu",
         (unsigned long long)card->serial);
    return true;
}

bool node_card_update(struct node *n, struct bytes passphrase, bool *changed, struct err *e)
{
    bool differs = folder_config_differs(node_config(n), node_card(n)), ok = true;
    struct arena *a = NULL;
    struct keyring *whole = NULL;
    struct card fresh;
    char path[PATH_ROOM];

    if (differs) {
        a = arena_new(LIMIT_CARD_BYTES * 16);
        ok = (a || err_fail(e, ERR_NOMEM, "out of memory")) &&
             path_print(path, e, "%s/keys", n->dir) &&
             (whole = keyring_open(n->os, path, ALL_ROLES, passphrase, e)) &&
             folder_card_make(n, whole, a, &fresh, e) && card_replace(n, &fresh, e);
        if (!ok && e && e->code == ERR_MISSING)
            err_hint(e, "a card is signed by the recovery key too: bring its file back for this");
    }
    if (ok && changed)
        *changed = differs;
    keyring_free(whole);
    arena_free(a);
    return ok;
}

/* Whoever edits the configuration and restarts should not need a second step; where the recovery
 * key is away or locked, we say so. */
static void card_follow(struct node *n, struct bytes passphrase)
{
    struct err e = {0};

    if (!node_card_update(n, passphrase, NULL, &e))
        diag_err(n->diag, DIAG_WARN, "our card does not say what entente.conf says", &e);
}

static void use_config(struct node *n, const struct node_config *c)
{
    pthread_mutex_lock(&n->lock);
    n->config = c;
    if (n->own_diag.least != c->log && n->diag == &n->own_diag)
        n->own_diag.least = c->log;
    pthread_mutex_unlock(&n->lock);
}

bool node_reload(struct node *n, struct err *e)
{
    struct node_config *fresh = NULL;

    if (!read_config(n, &fresh, e) || !witness_reload(n, e))
        return false;
    use_config(n, fresh);
    card_follow(n, (struct bytes){0});
    diag(n->diag, DIAG_INFO, "the configuration was read again", "dir=%s", n->dir);
    return true;
}

/* ---- opening -----------------------------------------------------------------------------------
 */

static bool take_lock(struct node *n, struct err *e)
{
    char path[PATH_ROOM];

    if (!path_print(path, e, "%s/run", n->dir) || !os_make_dirs(n->os, path, e) ||
        !path_print(path, e, "%s/run/lock", n->dir))
        return false;
    if (os_open(n->os, path, OS_READ | OS_WRITE | OS_CREATE | OS_PRIVATE | OS_LOCK, &n->lock_file,
                e))
        return true;
    if (e && e->code == ERR_DENIED)
        err_hint(e, "another entente process works in %s", n->dir);
    return false;
}

static bool keys_match(const struct keyring *k, const struct card *c, struct err *e)
{
    for (int i = 0; i < KEY_OPERATING; i++) {
        struct sign_public have = sign_key_public(keyring_key(k, (enum key_role)i));
        if (memcmp(&have, &c->keys[i], sizeof have) != 0)
            return err_fail(e, ERR_PROOF, "the key \"%s\" is not the one in card.note",
                            key_role_name((enum key_role)i));
    }
    return true;
}

static bool open_identity(struct node *n, struct bytes passphrase, struct err *e)
{
    char path[PATH_ROOM];

    if (!path_print(path, e, "%s/keys", n->dir) ||
        !(n->keys = keyring_open(n->os, path, OPERATING_ROLES, passphrase, e)) ||
        !path_print(path, e, "%s/card.note", n->dir) || !(n->card = folder_card_read(n, path, e)) ||
        !keys_match(n->keys, n->card, e))
        return false;
    n->identity = http_identity_open(keyring_key(n->keys, KEY_TLS), NULL, 0, e);
    return n->identity != NULL;
}

bool folder_reopen(struct node *n, struct bytes passphrase, struct err *e)
{
    slots_close(n);
    http_identity_close(n->identity);
    keyring_free(n->keys);
    n->identity = NULL;
    n->keys = NULL;
    return open_identity(n, passphrase, e) && slots_open(n, e);
}

static bool open_all(struct node *n, struct bytes passphrase, struct err *e)
{
    struct node_config *config = NULL;
    unsigned threads = n->o.threads ? n->o.threads : cpu_count();

    if (!take_lock(n, e) || !read_config(n, &config, e))
        return false;
    use_config(n, config);
    if (!rotation_finish_folder(n, e) || !open_identity(n, passphrase, e))
        return false;
    if (threads > 1 && !(n->workers = workers_open(threads)))
        return err_fail(e, ERR_NOMEM, "out of threads");
    routes_init(n);
    metrics_init(n);
    if (!cards_open(n, e) || !slots_open(n, e) || !witness_reload(n, e) ||
        !rotation_resume(n, passphrase, e))
        return false;
    card_follow(n, passphrase);
    return true;
}

static struct node *node_new(const struct node_options *o, const char *dir)
{
    struct node *n = calloc(1, sizeof *n);
    pthread_condattr_t clock;

    if (!n)
        return NULL;
    n->o = *o;
    n->o.passphrase = (struct bytes){0};
    n->os = o->os;
    n->wake_fd = -1;
    if (o->diag) {
        n->own_diag = *o->diag;
        n->diag = &n->own_diag;
    }
    pthread_mutex_init(&n->lock, NULL);
    pthread_mutex_init(&n->witnessing, NULL);
    n->matching = matching_open();
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&n->due, &clock);
    pthread_cond_init(&n->ending, &clock);
    pthread_condattr_destroy(&clock);
    n->arena = arena_new(NODE_ARENA);
    n->dir = strdup(dir);
    if (!n->arena || !n->dir) {
        node_close(n);
        return NULL;
    }
    return n;
}

struct node *node_open(const struct node_options *o, const char *dir, struct err *e)
{
    struct node *n;

    if (!node_is(o->os, dir)) {
        err_fail(e, ERR_MISSING, "%s is no node's folder", dir);
        err_hint(e, "make one with: entente init --name NAME --slug SLUG %s", dir);
        return NULL;
    }
    n = node_new(o, dir);
    if (!n) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    if (!open_all(n, o->passphrase, e)) {
        node_close(n);
        err_within(e, "node %s", dir);
        return NULL;
    }
    return n;
}

void node_close(struct node *n)
{
    if (!n)
        return;
    matching_close(n, n->matching);
    slots_close(n);
    http_identity_close(n->identity);
    workers_close(n->workers);
    keyring_free(n->keys);
    if (n->lock_file)
        os_close(n->os, n->lock_file);
    arena_free(n->strangers_arena);
    arena_free(n->arena);
    pthread_cond_destroy(&n->due);
    pthread_cond_destroy(&n->ending);
    pthread_mutex_destroy(&n->witnessing);
    pthread_mutex_destroy(&n->lock);
    free(n->dir);
    free(n);
}

/* ---- looking ------------------------------------------------------------------------------------
 */

const char *node_dir(const struct node *n)
{
    return n->dir;
}

const struct os *node_os(const struct node *n)
{
    return n->os;
}

const struct diag *node_diag(const struct node *n)
{
    return n->diag;
}

const struct keyring *node_keys(const struct node *n)
{
    return n->keys;
}

struct workers *node_workers(const struct node *n)
{
    return n->workers;
}

struct bytes node_slug(const struct node *n)
{
    return node_card(n)->slug;
}

/* The pointers below change whole; a const node stays const for its users. */
static pthread_mutex_t *lock_of(const struct node *n)
{
    return (pthread_mutex_t *)(uintptr_t)&n->lock;
}

const struct card *node_card(const struct node *n)
{
    const struct card *c;

    pthread_mutex_lock(lock_of(n));
    c = n->card;
    pthread_mutex_unlock(lock_of(n));
    return c;
}

const struct node_config *node_config(const struct node *n)
{
    const struct node_config *c;

    pthread_mutex_lock(lock_of(n));
    c = n->config;
    pthread_mutex_unlock(lock_of(n));
    return c;
}
