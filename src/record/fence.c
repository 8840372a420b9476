/* The fence: a log that was restored from a backup must not be signed before somebody who holds
 * more of it has been asked, or an honest party forks its own log. */
#include "record/record_impl.h"

/* The file says which segments directory it was written beside. */
static bool fence_identity(struct record *r, uint8_t out[OS_IDENTITY_BYTES], struct err *e)
{
    char *path = record_path(r, r->arena, e, "%.*s/owner", BYTES_FMT(r->own->slug));

    if (!path)
        return false;
    if (!os_exists(r->o.os, path) &&
        !os_write_file(r->o.os, path, bytes_of("entente\n", 8), OS_PRIVATE, e))
        return false;
    return os_identity(r->o.os, path, out, e);
}

#define FENCE_BYTES (OS_IDENTITY_BYTES + 8)

bool fence_keep(struct record *r, struct err *e)
{
    uint8_t now[FENCE_BYTES];
    char *path = record_path(r, r->arena, e, "fence");

    if (r->fence != FENCE_OK)
        return true;
    if (!path || !fence_identity(r, now, e))
        return false;
    put_be64(now + OS_IDENTITY_BYTES, r->own->tree.size);
    return os_write_file(r->o.os, path, bytes_of(now, sizeof now), OS_PRIVATE, e);
}

bool fence_start(struct record *r, struct err *e)
{
    uint8_t now[OS_IDENTITY_BYTES];
    char *path = record_path(r, r->arena, e, "fence");
    struct bytes kept = {0};

    r->fence = FENCE_OK;
    if (!r->own)
        return true;
    if (!path || !fence_identity(r, now, e))
        return false;
    if (!os_exists(r->o.os, path)) {
        if (r->own->tree.size)
            r->fence = FENCE_UNSURE;
        return r->fence != FENCE_OK || fence_keep(r, e);
    }
    if (!os_read_file(r->o.os, path, 4096, r->arena, &kept, e))
        return false;
    /* Another file, or a log shorter than it was when the fence was last kept. */
    if (kept.n != FENCE_BYTES || memcmp(kept.p, now, sizeof now) ||
        get_be64(kept.p + OS_IDENTITY_BYTES) > r->own->tree.size)
        r->fence = FENCE_UNSURE;
    if (r->fence == FENCE_UNSURE)
        diag(r->o.diag, DIAG_WARN,
             "this folder is a copy or a restored backup: a counterparty must confirm the log "
             "before anything is signed",
             "log=%s size=%llu", r->own->origin, (unsigned long long)r->own->tree.size);
    return true;
}

enum record_fence record_fence(const struct record *r)
{
    enum record_fence f;

    record_lock(r);
    f = r->fence;
    record_unlock(r);
    return f;
}

bool fence_allows(const struct record *r, struct err *e)
{
    if (r->fence == FENCE_OK)
        return true;
    if (r->fence == FENCE_BEHIND)
        return err_fail(e, ERR_DENIED,
                        "this is a restored backup: a counterparty holds more of our log than we "
                        "do, so nothing may be signed") ||
               err_hint(e, "get the missing acts back from the counterparty: entente log recover");
    return err_fail(e, ERR_DENIED,
                    "this folder is a copy or a restored backup, and no counterparty has "
                    "confirmed yet that nothing is missing") ||
           err_hint(e, "let it reach a counterparty (entente sync), or insist: entente log fence");
}

/* Somebody holds what we do not: so it stays over a restart, until the log is whole. */
bool fence_behind(struct record *r, struct err *e)
{
    char *path = record_path(r, r->arena, e, "fence");

    if (r->fence == FENCE_BEHIND)
        return true;
    r->fence = FENCE_BEHIND;
    return path && os_write_file(r->o.os, path, BYTES("behind\n"), OS_PRIVATE, e);
}

static bool confirm(struct record *r, struct bytes note, struct err *e)
{
    struct log *l = r->own;
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 4);
    struct checkpoint theirs;
    struct note_key keys[KEY_SPANS];
    struct tlog_source source;
    struct hash root;
    size_t n = l->keys.n[KEY_CHECKPOINTS];
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    for (size_t i = 0; ok && i < n; i++)
        ok = note_key_of_checked(bytes_text(l->origin), NOTE_ED25519,
                                 &l->keys.span[KEY_CHECKPOINTS][i].key, &keys[i], e);
    ok = ok && checkpoint_verify(note, keys, n, a, &theirs, e);
    if (ok && theirs.size > l->tree.size) {
        ok = fence_behind(r, e);
    } else if (ok && r->fence != FENCE_OK && theirs.size < l->cosigned) {
        ok = true; /* others have cosigned more than this one shows: it cannot tell */
    } else if (ok) {
        ok = log_source(r, l, l->tree.size, a, &source, e) &&
             tlog_source_root(&source, theirs.size, &root, e);
        if (ok && !hash_equal(&root, &theirs.root)) {
            fence_behind(r, e);
            ok = err_fail(e, ERR_PROOF, "a counterparty holds another history of our log");
        } else if (ok && r->fence != FENCE_OK) { /* nothing is missing, or no longer */
            r->fence = FENCE_OK;
            ok = fence_keep(r, e);
        }
    }
    arena_free(a);
    return ok;
}

bool record_fence_confirm(struct record *r, struct bytes note, struct err *e)
{
    bool ok = true;

    record_lock(r);
    if (!r->own)
        ok = err_fail(e, ERR_DENIED, "we are not a party");
    else if (note.n)
        ok = confirm(r, note, e);
    else if (r->fence == FENCE_UNSURE && r->own->cosigned == 0) {
        /* It holds nothing, as far as we know: nothing can be missing there. */
        r->fence = FENCE_OK;
        ok = fence_keep(r, e);
    }
    record_unlock(r);
    return ok;
}

bool record_fence_force(struct record *r, struct err *e)
{
    bool ok;

    record_lock(r);
    if (r->own)
        r->fence = FENCE_OK;
    ok = r->own ? fence_keep(r, e) : err_fail(e, ERR_DENIED, "we are not a party");
    record_unlock(r);
    return ok;
}
