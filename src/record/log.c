/* One party's log on disk: segments, and the note that ends each batch. */
#include "record/record_impl.h"

#include <assert.h>
#include <stdlib.h>

struct log *log_of(const struct record *r, struct bytes slug)
{
    for (size_t i = 0; i < r->logs_n; i++)
        if (bytes_equal(r->logs[i].slug, slug))
            return &r->logs[i];
    return NULL;
}

/* ---- the note of a batch: everything about the log that is not an act ---- */

#define NOTE_VERSION 1

static bool note_encode(const struct log *l, struct arena *a, struct bytes *out, struct err *e)
{
    uint8_t tree[TLOG_TREE_BYTES_MAX];
    size_t n = tlog_tree_encode(&l->tree, tree);
    struct buf b = buf_in(a);

    buf_byte(&b, NOTE_VERSION);
    buf_byte(&b, (uint8_t)((l->prev_known ? 1 : 0) | (l->stopped ? 2 : 0)));
    buf_u16(&b, (uint16_t)n);
    buf_put(&b, bytes_of(tree, n));
    buf_put(&b, hash_bytes(&l->prev));
    buf_u32(&b, l->parts);
    buf_put(&b, hash_bytes(&l->pending));
    buf_u64(&b, l->cosigned);
    buf_u64(&b, (uint64_t)l->cosigned_at);
    buf_u64(&b, (uint64_t)l->last_cosign);
    buf_u32(&b, (uint32_t)l->note_n);
    buf_put(&b, bytes_of(l->note, l->note_n));
    return buf_end(&b, out, e);
}

/* Our own disk is hostile too: what it says must fit. */
static bool note_decode(struct log *l, struct bytes in, struct arena *a, struct err *e)
{
    struct reader r = reader_of(in);
    uint8_t version = reader_u8(&r), flags = reader_u8(&r);
    struct bytes tree = reader_bytes(&r, reader_u16(&r)), note;
    struct note parsed;

    reader_copy(&r, l->prev.b, 32);
    l->parts = reader_u32(&r);
    reader_copy(&r, l->pending.b, 32);
    l->cosigned = reader_u64(&r);
    l->cosigned_at = (int64_t)reader_u64(&r);
    l->last_cosign = (int64_t)reader_u64(&r);
    note = reader_bytes(&r, reader_u32(&r));
    if (!reader_end(&r, e))
        return false;
    if (version != NOTE_VERSION || flags > 3)
        return err_fail(e, ERR_INPUT, "a batch of version %u, made by another program", version);
    l->prev_known = flags & 1;
    l->stopped = flags & 2;
    if (!tlog_tree_decode(tree, &l->tree, e))
        return false;
    if (note.n == 0)
        return true;
    if (!note_parse(note, a, &parsed, e) || !checkpoint_parse(parsed.text, &l->head, e))
        return false;
    return log_set_head(l, &l->head, note, e);
}

bool log_set_head(struct log *l, const struct checkpoint *c, struct bytes note, struct err *e)
{
    uint8_t *copy = malloc(note.n ? note.n : 1);

    if (!copy)
        return err_fail(e, ERR_NOMEM, "out of memory");
    memcpy(copy, note.p, note.n);
    free(l->note);
    l->note = copy;
    l->note_n = note.n;
    l->head = *c;
    return true;
}

/* ---- open ---- */

static bool recover(struct record *r, struct log *l, struct err *e)
{
    struct arena *a = arena_new(LIMIT_STORE_NOTE_BYTES * 4);
    struct bytes note;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && segments_last_note(l->seg, a, &note, e) &&
         (note.n == 0 || note_decode(l, note, a, e));
    if (ok && segments_dropped(l->seg))
        diag(r->o.diag, DIAG_WARN, "dropped a batch that a crash left unfinished",
             "log=%s bytes=%llu", l->origin, (unsigned long long)segments_dropped(l->seg));
    arena_free(a);
    return ok || err_within(e, "log %s", l->origin);
}

bool log_open(struct record *r, struct log *l, struct err *e)
{
    struct segments_options options = {.segment_bytes = r->o.segment_bytes};
    char *dir = record_path(r, r->arena, e, "%.*s/segments", BYTES_FMT(l->slug));
    struct hash h;

    l->dir = record_path(r, r->arena, e, "%.*s", BYTES_FMT(l->slug));
    if (!dir || !l->dir || !os_make_dirs(r->o.os, dir, e))
        return false;
    agreement_origin(&r->first, l->slug, l->origin);
    if (!index_applied(r->index, l->origin, &options.hint, e))
        return false;
    sha256(l->slug, &h);
    memcpy(l->tag, h.b, sizeof l->tag);
    l->seg = segments_open(r->o.os, dir, &options, e);
    return l->seg && recover(r, l, e);
}

void log_close(struct log *l)
{
    segments_close(l->seg);
    arena_free(l->tiles_arena);
    arena_free(l->stage_arena);
    arena_free(l->read_arena);
    free(l->note);
    dates_free(&l->dates);
}

/* ---- write ---- */

bool log_add_entry(struct log *l, const struct hash *entry, struct err *e)
{
    return tlog_tree_append(&l->tree, hash_bytes(entry), e);
}

bool log_commit(struct record *r, struct log *l, struct err *e)
{
    struct arena *a = arena_new(LIMIT_STORE_NOTE_BYTES * 4);
    struct segments_counts before = segments_counts(l->seg), after;
    struct bytes note;
    uint64_t end;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    r->unindexed += segments_pending(l->seg);
    ok = ok && note_encode(l, a, &note, e) && segments_commit(l->seg, note, &end, e);
    arena_free(a);
    after = segments_counts(l->seg);
    r->counts.commits += after.commits - before.commits;
    r->counts.syncs += after.syncs - before.syncs;
    if (ok)
        return true;
    r->poisoned = true;
    return err_within(e, "log %s", l->origin) ||
           err_hint(e,
                    "the outcome of the write is unknown: start again, and it recovers from disk");
}

void log_discard(struct log *l, const struct tlog_tree *tree)
{
    segments_discard(l->seg);
    l->tree = *tree;
}

bool log_keys_for(const struct log *l, enum key_role role, uint64_t at, struct note_key *out,
                  struct err *e)
{
    return note_key_of_checked(bytes_text(l->origin), NOTE_ED25519, keys_at(&l->keys, role, at),
                               out, e);
}

bool log_sign_head(struct record *r, struct log *l, struct arena *a, struct err *e)
{
    const struct sign_key *secret =
        r->head_key ? r->head_key : keyring_key(r->o.keys, KEY_CHECKPOINTS);
    struct checkpoint_key key;
    struct checkpoint c;
    struct bytes note;
    struct hash again;

    if (!checkpoint_of_tree(&l->tree, bytes_text(l->origin), &c, e))
        return false;
    tlog_builder_root(l->builder, &again);
    assert(tlog_builder_size(l->builder) == l->tree.size && hash_equal(&again, &c.root));
    assert(c.size >= l->head.size); /* a log only grows */
    return checkpoint_key_init(&key, bytes_text(l->origin), secret, e) &&
           checkpoint_sign(&key, &c, a, &note, e) && log_set_head(l, &c, note, e);
}

bool log_keep_cosigned(struct record *r, struct log *l, struct bytes note, struct err *e)
{
    uint64_t position;

    (void)r;
    return segments_append(l->seg, SEG_COSIGNED, &note, 1, &position, e);
}
