/* A key is changed in every log of ours and in the card, or nowhere. Before the first act the new
 * keys and the new card lie ready on disk; after the last they take the old ones' places:
 *
 *     keys.next/            all keys, one of them new, and `change`: what is being done
 *     card.next             the new card; once it is there, the change will be made
 *     ... an act in every log ...
 *     keys.next/ready       (was `change`) the rest is moving files, and nothing is read before
 *                           the last of them has moved
 *
 * Wherever a crash falls, the next open goes on from there. */
#include "node/node_impl.h"

#include <stdio.h>

#define ALL_ROLES ((1u << KEY_ROLES) - 1)

struct change {
    enum key_role role;
    bool revoke;
    int64_t when; /* revoke: acts from then on are in doubt */
};

static bool have(const struct node *n, const char *name)
{
    char path[PATH_ROOM];

    return path_print(path, NULL, "%s/%s", n->dir, name) && os_exists(n->os, path);
}

static bool move(struct node *n, const char *from, const char *to, struct err *e)
{
    char a[PATH_ROOM], b[PATH_ROOM];

    return path_print(a, e, "%s/%s", n->dir, from) && path_print(b, e, "%s/%s", n->dir, to) &&
           os_rename(n->os, a, b, e) && n->os->ops->sync_dir(n->os->self, n->dir, e);
}

static bool remove_dir(struct node *n, const char *name, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    char dir[PATH_ROOM], path[PATH_ROOM];
    struct bytes *names;
    size_t count = 0;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && path_print(dir, e, "%s/%s", n->dir, name) &&
         os_list(n->os, dir, a, &names, &count, e);
    for (size_t i = 0; ok && i < count; i++)
        ok = path_print(path, e, "%s/%.*s", dir, BYTES_FMT(names[i])) && os_remove(n->os, path, e);
    ok = ok && os_remove(n->os, dir, e);
    arena_free(a);
    return ok;
}

/* ---- what is being done
 * ----------------------------------------------------------------------------- */

static bool change_write(struct node *n, const struct change *c, struct err *e)
{
    char path[PATH_ROOM], text[128];
    int len = c->revoke ? snprintf(text, sizeof text, "revoke %s\n%lld\n", key_role_name(c->role),
                                   (long long)c->when)
                        : snprintf(text, sizeof text, "rotate %s\n0\n", key_role_name(c->role));

    return path_print(path, e, "%s/keys.next/change", n->dir) &&
           os_write_file(n->os, path, bytes_of(text, (size_t)len), OS_PRIVATE, e);
}

static bool change_read(struct node *n, struct change *c, struct err *e)
{
    struct arena *a = arena_new(1 << 16);
    struct bytes text, word;
    struct reader r;
    char path[PATH_ROOM];
    uint64_t when;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && path_print(path, e, "%s/keys.next/change", n->dir) &&
         os_read_file(n->os, path, 128, a, &text, e);
    if (ok) {
        r = reader_of(text);
        word = reader_line(&r);
        when = reader_decimal_line(&r);
        c->revoke = bytes_start_with(word, "revoke ");
        c->when = (int64_t)when;
        if (!reader_end(&r, e) || when > INT64_MAX ||
            !(c->revoke || bytes_start_with(word, "rotate ")) ||
            !key_role_parse(bytes_part(word, 7, SIZE_MAX), &c->role))
            ok = err_fail(e, ERR_INPUT, "%s: not a change of a key", path);
    }
    arena_free(a);
    return ok;
}

/* ---- the acts
 * ------------------------------------------------------------------------------------------ */

/* The first act of ours that may have been made after `when`: cosignatures bound it from above. */
static bool first_bad(struct slot *s, int64_t when, uint64_t *out, struct err *e)
{
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 2);
    struct record_head own;
    uint64_t low = 0, high;
    bool ok = a && record_head(s->record, record_self(s->record), a, &own, e);

    arena_free(a);
    if (!ok)
        return false;
    for (high = own.size; low < high;) {
        uint64_t middle = low + (high - low) / 2;
        int64_t after, before;
        if (!record_bracket(s->record, record_self(s->record), middle, &after, &before, e))
            return false;
        if (before > when)
            high = middle;
        else
            low = middle + 1;
    }
    *out = low;
    return true;
}

static bool change_one(struct node *n, struct slot *s, const struct change *c,
                       const struct keyring *next, struct err *e)
{
    const struct sign_key *fresh = keyring_key(next, c->role);
    struct sign_public want = sign_key_public(fresh);
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 2);
    struct record_head own = {0};
    uint64_t bad = 0;
    bool ok = a && slot_hold(n, s, e), done;

    if (!ok) {
        arena_free(a);
        return false;
    }
    ok = record_head(s->record, node_slug(n), a, &own, e);
    done =
        !ok || own.size == 0 || /* not signed: made anew with the new card */
        memcmp(record_key(s->record, node_slug(n), c->role, UINT64_MAX), &want, sizeof want) == 0;
    if (!done && c->revoke)
        ok = first_bad(s, c->when, &bad, e) &&
             record_revoke(s->record, c->role, bad, keyring_key(next, KEY_RECOVERY), fresh, e);
    else if (!done)
        ok = record_rotate(s->record, c->role, keyring_key(n->keys, c->role), fresh, e);
    if (!ok)
        node_note_failure(n, s, e);
    slot_release(n, s);
    arena_free(a);
    return ok || err_within(e, "agreement %s", s->id);
}

static bool change_logs(struct node *n, const struct change *c, const struct keyring *next,
                        struct err *e)
{
    struct slot *s;

    for (size_t i = 0; (s = slot_at(n, i)); i++)
        if (!change_one(n, s, c, next, e))
            return false;
    return true;
}

/* ---- the folder
 * ---------------------------------------------------------------------------------------- */

/* All that is in keys.next goes over what is in keys: those under a passphrase only fit together.
 */
static bool move_keys(struct node *n, struct err *e)
{
    struct arena *a = arena_new(1 << 20);
    char from[PATH_ROOM], to[PATH_ROOM];
    struct bytes *names;
    size_t count = 0;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && path_print(from, e, "%s/keys.next", n->dir) &&
         os_list(n->os, from, a, &names, &count, e);
    for (size_t i = 0; ok && i < count; i++)
        if (!bytes_are(names[i], "ready"))
            ok = path_print(from, e, "%s/keys.next/%.*s", n->dir, BYTES_FMT(names[i])) &&
                 path_print(to, e, "%s/keys/%.*s", n->dir, BYTES_FMT(names[i])) &&
                 os_rename(n->os, from, to, e);
    ok = ok && path_print(to, e, "%s/keys", n->dir) && n->os->ops->sync_dir(n->os->self, to, e);
    arena_free(a);
    return ok;
}

bool rotation_finish_folder(struct node *n, struct err *e)
{
    if (!have(n, "keys.next"))
        return true;
    if (have(n, "keys.next/ready"))
        return move_keys(n, e) && (!have(n, "card.next") || move(n, "card.next", "card.note", e)) &&
               remove_dir(n, "keys.next", e);
    return have(n, "card.next") || remove_dir(n, "keys.next", e); /* it never began */
}

static bool finish(struct node *n, struct bytes passphrase, struct err *e)
{
    char path[PATH_ROOM];

    return move(n, "keys.next/change", "keys.next/ready", e) &&
           path_print(path, e, "%s/keys.next", n->dir) &&
           n->os->ops->sync_dir(n->os->self, path, e) && rotation_finish_folder(n, e) &&
           folder_reopen(n, passphrase, e);
}

bool rotation_resume(struct node *n, struct bytes passphrase, struct err *e)
{
    struct keyring *next = NULL;
    struct change c;
    char path[PATH_ROOM];
    bool ok;

    if (!have(n, "keys.next"))
        return true;
    ok = change_read(n, &c, e) && path_print(path, e, "%s/keys.next", n->dir) &&
         (next = keyring_open(n->os, path, ALL_ROLES, passphrase, e)) &&
         change_logs(n, &c, next, e) && finish(n, passphrase, e);
    keyring_free(next);
    return ok || err_within(e, "finishing a change of keys");
}

/* ---- beginning
 * ------------------------------------------------------------------------------------------ */

static bool prepare(struct node *n, const struct change *c, struct keyring *next,
                    struct bytes passphrase, struct err *e)
{
    struct arena *a = arena_new(LIMIT_CARD_BYTES * 16);
    char path[PATH_ROOM];
    struct card card;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && path_print(path, e, "%s/keys.next", n->dir) && os_make_dirs(n->os, path, e) &&
         keyring_save(next, n->os, path, passphrase, e) && change_write(n, c, e) &&
         folder_card_make(n, next, a, &card, e) && path_print(path, e, "%s/card.next", n->dir) &&
         os_write_file(n->os, path, card.note, 0, e);
    arena_free(a);
    return ok;
}

static bool change(struct node *n, const struct change *c, struct bytes passphrase, struct err *e)
{
    struct keyring *next = NULL;
    struct sign_key *old = NULL;
    char path[PATH_ROOM];
    bool ok;

    if (n->serving)
        return err_fail(e, ERR_DENIED, "the server is running with the present keys") ||
               err_hint(e, "stop it, change the key, start it again");
    if (c->role == KEY_RECOVERY)
        return err_fail(e, ERR_DENIED, "the recovery key is the party's id: it does not change");
    ok = path_print(path, e, "%s/keys", n->dir) &&
         (next = keyring_open(n->os, path, ALL_ROLES, passphrase, e)) &&
         (old = keyring_rotate(next, n->os, c->role, e)) && prepare(n, c, next, passphrase, e) &&
         change_logs(n, c, next, e) && finish(n, passphrase, e);
    sign_key_free(old);
    keyring_free(next);
    if (ok)
        diag(n->diag, DIAG_INFO, "a key was changed", "role=%s", key_role_name(c->role));
    return ok || err_within(e, "changing the key \"%s\"", key_role_name(c->role));
}

bool node_rotate(struct node *n, enum key_role role, struct bytes passphrase, struct err *e)
{
    struct change c = {.role = role};

    return change(n, &c, passphrase, e);
}

bool node_revoke(struct node *n, enum key_role role, int64_t when, struct bytes passphrase,
                 struct err *e)
{
    struct change c = {.role = role, .revoke = true, .when = when < 0 ? 0 : when};

    return change(n, &c, passphrase, e);
}
