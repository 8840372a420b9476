/* A piece: some acts of a log with the proof that they are the beginning of its head. The same
 * bytes travel between nodes, lie in an exported log, and are what a stranger verifies.
 *
 *     "entente-piece/1\n", u64 from, u32 parts, u64 acts,
 *     u32 length, head (a checkpoint note; may be empty),
 *     u8 n, n times 32 bytes: consistency of from + acts with the head's size
 *     frames: u8 kind, u32 length, bytes
 *
 * For each act: ACT, then what its body names (PAYLOAD or OBJECT; LIST and its objects; or PAYLOAD
 * (the lists) and, for each list, LIST and its objects), or ENTRY alone. An act that follows the
 * last whole one is unfinished: the lists that fitted. doc/formats/piece.md. */
#include "record/record_impl.h"

#include <stdio.h>

#define MAGIC "entente-piece/1\n"

/* ---- reading ---- */

bool piece_parse(struct bytes in, struct piece *out, struct err *e)
{
    struct reader r = reader_of(in);
    struct bytes magic = reader_bytes(&r, sizeof MAGIC - 1);
    struct piece p = {0};

    p.from = reader_u64(&r);
    p.parts = reader_u32(&r);
    p.acts = reader_u64(&r);
    p.head = reader_bytes(&r, reader_u32(&r));
    p.proof.n = reader_u8(&r);
    if (p.proof.n > LIMIT_PROOF_HASHES)
        reader_fail(&r, "at most 63 hashes");
    for (size_t i = 0; !reader_failed(&r) && i < p.proof.n; i++)
        reader_copy(&r, p.proof.hash[i].b, 32);
    p.frames = reader_bytes(&r, reader_left(&r));
    if (!reader_end(&r, e))
        return err_within(e, "piece");
    if (!bytes_are(magic, MAGIC))
        return err_fail(e, ERR_INPUT, "not a piece of a log");
    if (p.head.n > LIMIT_NOTE_BYTES || p.acts > p.frames.n)
        return err_fail(e, ERR_INPUT, "piece: a head too long or more acts than bytes");
    *out = p;
    return true;
}

bool frame_next(struct reader *r, struct frame *out)
{
    if (reader_left(r) == 0)
        return false;
    out->kind = reader_u8(r);
    out->bytes = reader_bytes(r, reader_u32(r));
    if (!reader_failed(r) && (out->kind < FRAME_ACT || out->kind > FRAME_WITHHELD))
        reader_fail(r, "a frame of a known kind");
    return !reader_failed(r);
}

uint32_t piece_parts(const struct piece *p, uint32_t parts)
{
    struct reader r = reader_of(p->frames);
    uint64_t acts = 0;
    uint32_t lists = 0;
    struct frame f;

    while (frame_next(&r, &f)) {
        if (f.kind == FRAME_ACT || f.kind == FRAME_ENTRY) {
            acts++;
            lists = 0;
        }
        lists += f.kind == FRAME_LIST;
    }
    if (acts <= p->acts)
        return 0;
    return lists + (p->acts == 0 ? parts : 0);
}

void frame_put(struct buf *b, uint8_t kind, struct bytes bytes)
{
    buf_byte(b, kind);
    buf_u32(b, (uint32_t)bytes.n);
    buf_put(b, bytes);
}

/* ---- making ---- */

struct maker {
    struct record *r;
    struct log *log;
    struct bytes reader;
    struct arena *scratch; /* given back after each act */
    struct buf frames;
    size_t most;
    uint32_t skip; /* lists of the first act that the reader has */
    bool full;     /* the act at hand did not fit whole */
    bool owner;    /* the reader wants its own acts back: hashes are of no use to it */
    bool hidden;   /* ... and this one we only have as a hash */
};

/* The bytes of a payload, or none if they were erased or never came. */
static bool payload_or_none(struct maker *m, const struct hash *sha256, struct payload_place *place,
                            struct bytes *out, bool *there, struct err *e)
{
    struct err missing = {0};

    *there = find_payload(m->r, m->log, sha256, m->scratch, place, &missing) &&
             read_at(m->log, place->position, 0, m->scratch, out, &missing);
    if (*there || missing.code == ERR_MISSING)
        return true;
    return err_pass(e, &missing);
}

#define RUN_OBJECTS ((size_t)256)

static bool put_objects(struct maker *m, const struct payload_place *place, struct err *e)
{
    struct segments_record rec[RUN_OBJECTS];

    for (size_t i = 0; i < place->objects; i += RUN_OBJECTS) {
        struct arena_mark mark = arena_mark(m->scratch);
        size_t n = place->objects - i < RUN_OBJECTS ? place->objects - i : RUN_OBJECTS;
        if (!segments_read_run(m->log->seg, place->object + i, n, m->scratch, rec, e))
            return err_within(e, "log %s", m->log->origin);
        for (size_t k = 0; k < n; k++)
            if (rec[k].kind == SEG_OBJECT && !rec[k].erased)
                frame_put(&m->frames, FRAME_OBJECT, rec[k].payload);
            else
                frame_put(&m->frames, FRAME_WITHHELD, bytes_of(NULL, 0));
        arena_reset(m->scratch, mark);
    }
    return true;
}

static bool put_list(struct maker *m, const struct hash *sha256, struct err *e)
{
    struct payload_place place = {0};
    struct bytes list;
    bool there;

    if (!payload_or_none(m, sha256, &place, &list, &there, e))
        return false;
    if (!there) {
        frame_put(&m->frames, FRAME_WITHHELD, bytes_of(NULL, 0));
        return true;
    }
    frame_put(&m->frames, FRAME_LIST, list);
    return put_objects(m, &place, e);
}

/* The lists of an act that has many: as many as fit; the reader asks again for the others. */
static bool put_lists(struct maker *m, struct bytes lists, struct err *e)
{
    struct bytes rest = lists;
    struct list_line line;
    struct err bad = {0};

    for (uint32_t i = 0; list_next(&rest, true, &line, &bad); i++) {
        struct arena_mark mark = arena_mark(m->scratch);
        if (i < m->skip)
            continue;
        if (m->frames.n >= m->most) {
            m->full = true;
            return true;
        }
        if (!put_list(m, &line.sha256, e))
            return false;
        arena_reset(m->scratch, mark);
    }
    return true;
}

static bool put_body(struct maker *m, const struct act *act, struct err *e)
{
    struct payload_place place = {0};
    struct bytes payload;
    bool there;

    if (act->body.media_type.n == 0)
        return true;
    if (bytes_are(act->body.media_type, MEDIA_LIST))
        return put_list(m, &act->body.sha256, e);
    if (!payload_or_none(m, &act->body.sha256, &place, &payload, &there, e))
        return false;
    if (!there)
        frame_put(&m->frames, FRAME_WITHHELD, bytes_of(NULL, 0));
    else
        frame_put(&m->frames, place.kind == SEG_OBJECT ? FRAME_OBJECT : FRAME_PAYLOAD, payload);
    return !there || !bytes_are(act->body.media_type, MEDIA_LISTS) || put_lists(m, payload, e);
}

static bool put_act(struct maker *m, uint64_t index, struct err *e)
{
    struct segments_record rec;
    struct act *act = arena_get(m->scratch, sizeof *act, e);
    struct hash entry;
    uint64_t position;

    if (!act || !find_act(m->r, m->log, index, &position, e) ||
        !segments_read(m->log->seg, position, m->scratch, &rec, e))
        return false;
    if (rec.kind == SEG_ENTRY && m->owner) {
        m->hidden = true; /* somebody else has it */
        return true;
    }
    if (rec.kind == SEG_ENTRY) {
        frame_put(&m->frames, FRAME_ENTRY, rec.payload);
        return true;
    }
    if (!act_parse(rec.payload, m->scratch, act, e))
        return false;
    if (m->reader.n && !act_is_for(act, m->reader)) {
        sha256(rec.payload, &entry);
        frame_put(&m->frames, FRAME_ENTRY, hash_bytes(&entry));
        return true;
    }
    frame_put(&m->frames, FRAME_ACT, rec.payload);
    return put_body(m, act, e);
}

/* A head for a reader who holds `from` acts: the newest, unless the key that signs heads was
 * changed since, and the reader does not know the new key yet: then the last head of the old one.
 */
static bool head_for(struct record *r, struct log *l, uint64_t from, struct arena *a,
                     struct checkpoint *c, struct bytes *note, struct err *e)
{
    *c = l->head;
    *note = bytes_of(l->note, l->note_n);
    for (size_t i = 1; i < l->keys.n[KEY_CHECKPOINTS]; i++) {
        uint64_t changed = l->keys.span[KEY_CHECKPOINTS][i].from;
        struct note parsed;
        if (from + 1 >= changed)
            continue;
        return cosigned_at(r, l, changed - 1, a, note, e) && note_parse(*note, a, &parsed, e) &&
               checkpoint_parse(parsed.text, c, e);
    }
    return true;
}

static bool make_frames(struct maker *m, uint64_t from, uint64_t end, uint64_t *acts, struct err *e)
{
    uint64_t index = from;

    for (; index < end && m->frames.n < m->most && !m->full; index++) {
        struct arena_mark mark = arena_mark(m->scratch);
        if (!put_act(m, index, e))
            return false;
        if (m->hidden)
            break;
        m->skip = 0;
        arena_reset(m->scratch, mark);
    }
    *acts = index - from - (m->full ? 1 : 0);
    return true;
}

static bool finish(struct maker *m, uint64_t from, uint32_t parts, uint64_t acts,
                   const struct checkpoint *head, struct bytes note, struct arena *a,
                   struct bytes *out, struct err *e)
{
    struct tlog_source source;
    struct tlog_proof proof = {0};
    struct buf b = buf_in(a);
    struct bytes frames;

    if (from + acts && from + acts < head->size &&
        (!log_source(m->r, m->log, m->log->tree.size, a, &source, e) ||
         !tlog_prove_consistency(&source, from + acts, head->size, &proof, e)))
        return false;
    buf_puts(&b, MAGIC);
    buf_u64(&b, from);
    buf_u32(&b, parts);
    buf_u64(&b, acts);
    buf_u32(&b, (uint32_t)note.n);
    buf_put(&b, note);
    buf_byte(&b, (uint8_t)proof.n);
    for (size_t i = 0; i < proof.n; i++)
        buf_put(&b, hash_bytes(&proof.hash[i]));
    if (!buf_end(&m->frames, &frames, e))
        return false;
    buf_put(&b, frames);
    return buf_end(&b, out, e);
}

bool record_piece_make(struct record *r, struct bytes slug, struct bytes reader, uint64_t from,
                       uint32_t parts, size_t most, struct arena *a, struct bytes *out,
                       struct err *e)
{
    struct log *l = log_of(r, slug);
    struct maker m = {.r = r,
                      .log = l,
                      .reader = reader,
                      .most = most,
                      .skip = parts,
                      .owner = bytes_equal(slug, reader)};
    struct checkpoint head;
    struct bytes note;
    uint64_t acts = 0, end;
    bool ok;

    if (!l)
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    m.scratch = arena_new(LIMIT_PAYLOAD_BYTES * 8);
    m.frames = buf_in(a);
    record_lock(r);
    ok = (m.scratch || err_fail(e, ERR_NOMEM, "out of memory")) && record_writable(r, e) &&
         head_for(r, l, from, a, &head, &note, e);
    /* We cannot prove more than we hold, and a head beyond that proves nothing we can show. */
    if (ok && head.size > l->tree.size)
        ok = newest_whole_head(r, l, a, &head, &note, e);
    end = ok ? (head.size < l->tree.size ? head.size : l->tree.size) : 0;
    ok = ok && (from >= end || make_frames(&m, from, end, &acts, e)) &&
         finish(&m, from, parts, acts, &head, note, a, out, e);
    record_unlock(r);
    arena_free(m.scratch);
    return ok;
}
