/* Sharing many objects with one act: objects are hashed and written as they come, each list of
 * them follows, the act at the end names the lists. Nothing is said before the act. */
#include "record/record_impl.h"

#include <stdlib.h>

#define COMMIT_BYTES ((size_t)16 << 20)
#define LISTS_BYTES ((size_t)64 << 20) /* half a million lists */

struct record_share {
    struct record *r;
    struct arena *arena;       /* the list being made; given back with each list */
    struct arena *lists_arena; /* the lines that name lists */
    struct arena_mark mark;
    struct buf part, lists;
    size_t part_objects, part_bytes;
    uint64_t objects, lists_n;
    struct bytes only_part; /* the list, while there is just one */
    bool failed;
};

struct record_share *record_share_open(struct record *r, struct err *e)
{
    struct record_share *s;

    record_lock(r);
    s = calloc(1, sizeof *s);
    if (!s || !(s->arena = arena_new((size_t)16 << 20)) ||
        !(s->lists_arena = arena_new(LISTS_BYTES * 4))) {
        err_fail(e, ERR_NOMEM, "out of memory");
    } else if (!r->own) {
        err_fail(e, ERR_DENIED, "we are not a party");
    } else if (record_writable(r, e) && fence_allows(r, e)) {
        s->r = r;
        s->mark = arena_mark(s->arena);
        s->part = buf_in(s->arena);
        s->lists = buf_in(s->lists_arena);
        return s; /* with the lock: nobody else may write between our batches */
    }
    if (s) {
        arena_free(s->arena);
        arena_free(s->lists_arena);
    }
    free(s);
    record_unlock(r);
    return NULL;
}

static void put_line(struct buf *b, struct bytes what)
{
    struct hash h;

    sha256(what, &h);
    buf_hex(b, h.b, sizeof h.b);
    buf_puts(b, " ");
    buf_decimal(b, what.n);
    buf_puts(b, " ");
}

/* End the list: write it behind its objects, name it. */
static bool end_part(struct record_share *s, struct err *e)
{
    struct log *l = s->r->own;
    struct bytes part;
    uint64_t position;

    if (s->part_objects == 0)
        return true;
    if (!buf_end(&s->part, &part, e) || !segments_append(l->seg, SEG_PART, &part, 1, &position, e))
        return false;
    put_line(&s->lists, part);
    buf_decimal(&s->lists, s->part_objects);
    buf_puts(&s->lists, "\n");
    s->lists_n++;
    if (s->lists_n == 1 && !arena_copy(s->lists_arena, part, &s->only_part, e))
        return false;
    s->part_objects = s->part_bytes = 0;
    arena_reset(s->arena, s->mark);
    s->part = buf_in(s->arena);
    return segments_pending(l->seg) < COMMIT_BYTES || log_commit(s->r, l, e);
}

static bool add(struct record_share *s, struct bytes object, struct bytes id, int tlp,
                struct err *e)
{
    uint64_t position;

    if (object.n > gate_max_object_bytes(s->r->now))
        return err_fail(e, ERR_LIMIT,
                        "an object of %zu bytes; clauses.log.max_object_bytes is %llu", object.n,
                        (unsigned long long)gate_max_object_bytes(s->r->now));
    if (!segments_append(s->r->own->seg, SEG_OBJECT, &object, 1, &position, e))
        return false;
    put_line(&s->part, object);
    buf_puts(&s->part, tlp_word(tlp));
    buf_puts(&s->part, " ");
    buf_put(&s->part, id);
    buf_puts(&s->part, "\n");
    s->objects++;
    s->part_objects++;
    s->part_bytes += object.n;
    if (s->part_objects < RECORD_PART_OBJECTS && s->part_bytes < RECORD_PART_BYTES)
        return true;
    return end_part(s, e);
}

bool record_share_add(struct record_share *s, struct bytes object, struct bytes id, int tlp,
                      struct err *e)
{
    struct bytes seen_id, type;
    int seen_tlp;

    if (s->failed)
        return err_fail(e, ERR_IO, "the share has failed already");
    if (!object_peek(object, &seen_id, &type, &seen_tlp, e))
        return false;
    if (!bytes_equal(seen_id, id) || seen_tlp > tlp || tlp < 0)
        return err_fail(e, ERR_INPUT,
                        "the object has another id, or a stricter marking of its own");
    s->failed = !add(s, object, id, tlp, e);
    return !s->failed;
}

static bool say(struct record_share *s, const struct record_draft *draft,
                struct record_placed *placed, struct err *e)
{
    struct record_draft d = *draft;

    if (!end_part(s, e))
        return false;
    if (s->lists_n == 0)
        return err_fail(e, ERR_INPUT, "there is nothing to share");
    d.media_type = s->lists_n == 1 ? BYTES(MEDIA_LIST) : BYTES(MEDIA_LISTS);
    if (s->lists_n == 1)
        d.payload = s->only_part;
    else if (!buf_end(&s->lists, &d.payload, e))
        return false;
    return record_append(s->r, &d, 1, placed, e);
}

bool record_share_commit(struct record_share *s, const struct record_draft *draft,
                         struct record_placed *placed, struct err *e)
{
    bool ok = !s->failed && say(s, draft, placed, e);

    s->failed = true; /* it is used up */
    return ok;
}

void record_share_close(struct record_share *s)
{
    struct record *r;

    if (!s)
        return;
    r = s->r;
    if (!r->poisoned)
        segments_discard(r->own->seg);
    arena_free(s->arena);
    arena_free(s->lists_arena);
    free(s);
    record_unlock(r);
}
