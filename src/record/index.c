/* The index: what the segments hold, by index, digest and id. Derived: applied batch by batch, with
 * its position in the same transaction, so that it can lag, be dropped, and be made again. */
#include "record/record_impl.h"

#include <stdlib.h>

static const char *const table_names[TABLES] = {
    "act", "text", "payload", "object", "special", "cosigned", "revoked", "said", "dated"};

#define KEY_ROOM 24

/* A small key and value that wait to be put in order: random keys go in many times faster so. */
struct pair {
    uint8_t key[KEY_ROOM];
    uint8_t key_n, value_n;
    uint8_t value[14];
};

struct pairs {
    struct pair *p;
    size_t n, cap;
};

#define PAIRS_MOST ((size_t)1 << 19)

struct applier {
    struct record *r;
    struct log *log;
    struct index_txn *txn;
    struct pairs text, object;
    struct arena *arena;
    uint64_t next;    /* index of the next act */
    uint64_t payload; /* position of the last payload since the last act; 0: none */
    uint8_t payload_kind;
    uint64_t *objects; /* positions since the last list or act */
    size_t objects_n, objects_cap;
};

static bool add_pair(struct pairs *pairs, const uint8_t *key, size_t key_n, const uint8_t *value,
                     size_t value_n, struct err *e)
{
    struct pair *p;

    if (pairs->n == pairs->cap) {
        size_t cap = pairs->cap ? pairs->cap * 2 : 1024;
        p = realloc(pairs->p, cap * sizeof *p);
        if (!p)
            return err_fail(e, ERR_NOMEM, "out of memory");
        pairs->p = p;
        pairs->cap = cap;
    }
    p = &pairs->p[pairs->n++];
    memset(p, 0, sizeof *p);
    memcpy(p->key, key, key_n);
    memcpy(p->value, value, value_n);
    p->key_n = (uint8_t)key_n;
    p->value_n = (uint8_t)value_n;
    return true;
}

static int by_key(const void *a, const void *b)
{
    return memcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key, KEY_ROOM);
}

static bool put_pairs(struct index_txn *t, size_t table, struct pairs *pairs, struct err *e)
{
    if (pairs->n) /* qsort wants a pointer even then */
        qsort(pairs->p, pairs->n, sizeof *pairs->p, by_key);
    for (size_t i = 0; i < pairs->n; i++) {
        const struct pair *p = &pairs->p[i];
        if (!index_put(t, table, bytes_of(p->key, p->key_n), bytes_of(p->value, p->value_n), e))
            return false;
    }
    pairs->n = 0;
    return true;
}

/* ---- keys ---- */

static struct bytes act_key_of(const struct log *l, uint64_t index, uint8_t key[12])
{
    memcpy(key, l->tag, 4);
    put_be64(key + 4, index);
    return bytes_of(key, 12);
}

static struct bytes payload_key(const struct log *l, const struct hash *sha256, uint8_t key[20])
{
    memcpy(key, l->tag, 4);
    memcpy(key + 4, sha256->b, 16);
    return bytes_of(key, 20);
}

/* ---- applying one record ---- */

static bool note_object(struct applier *ap, uint64_t position, struct err *e)
{
    if (ap->objects_n == ap->objects_cap) {
        size_t cap = ap->objects_cap ? ap->objects_cap * 2 : 256;
        uint64_t *p = realloc(ap->objects, cap * sizeof *p);
        if (!p)
            return err_fail(e, ERR_NOMEM, "out of memory");
        ap->objects = p;
        ap->objects_cap = cap;
    }
    ap->objects[ap->objects_n++] = position;
    return true;
}

static bool put_object(struct applier *ap, struct bytes id, uint64_t position, uint64_t list,
                       struct err *e)
{
    uint8_t key[20], value[8];
    struct hash h;

    sha256(id, &h);
    memcpy(key, h.b, 8);
    memcpy(key + 8, ap->log->tag, 4);
    put_be64(key + 12, position);
    put_be64(value, list);
    return add_pair(&ap->object, key, sizeof key, value, sizeof value, e);
}

/* A payload or list: its digest, place, and where its objects are. */
static bool put_payload(struct applier *ap, const struct segments_record *rec, struct err *e)
{
    struct arena_mark m = arena_mark(ap->arena);
    uint8_t key[20], *value = arena_get(ap->arena, 9 + 8 * ap->objects_n, e);
    struct hash h;
    bool ok;

    if (!value)
        return false;
    sha256(rec->payload, &h);
    ap->payload = rec->position;
    ap->payload_kind = value[0] = rec->kind;
    put_be64(value + 1, rec->position);
    for (size_t i = 0; rec->kind == SEG_PART && i < ap->objects_n; i++)
        put_be64(value + 9 + 8 * i, ap->objects[i]);
    ok = index_put(ap->txn, T_PAYLOAD, payload_key(ap->log, &h, key),
                   bytes_of(value, rec->kind == SEG_PART ? 9 + 8 * ap->objects_n : 9), e);
    arena_reset(ap->arena, m);
    return ok;
}

static bool apply_part(struct applier *ap, const struct segments_record *rec, struct err *e)
{
    struct bytes rest = rec->payload;
    struct list_line line;
    struct err bad = {0};

    for (size_t i = 0; i < ap->objects_n && list_next(&rest, false, &line, &bad); i++)
        if (!put_object(ap, line.id, ap->objects[i], rec->position, e))
            return false;
    if (!put_payload(ap, rec, e))
        return false;
    ap->objects_n = 0;
    return true;
}

/* "kind" is always there, and its value needs no unescaping: act.c takes nothing else. */
static struct bytes kind_of(struct bytes note)
{
    size_t at = bytes_find(note, BYTES("\"kind\":\""));
    struct bytes rest;

    if (at == SIZE_MAX)
        return bytes_of(NULL, 0);
    rest = bytes_part(note, at + 8, SIZE_MAX);
    return bytes_part(rest, 0, bytes_find_byte(rest, '"'));
}

static bool put_revoked(struct applier *ap, struct bytes note, struct err *e)
{
    struct arena_mark m = arena_mark(ap->arena);
    const struct json *body, *ids;
    struct payload_place place;
    struct bytes payload;
    struct act act;
    bool ok = true;

    if (act_parse(note, ap->arena, &act, NULL) &&
        find_payload_in(index_view(ap->txn), ap->log, &act.body.sha256, ap->arena, &place, NULL) &&
        read_at(ap->log, place.position, SEG_PAYLOAD, ap->arena, &payload, NULL) &&
        (body = json_parse(payload, ap->arena, NULL)) && (ids = json_find(body, "objects")))
        for (size_t i = 0; ok && i < json_count(ids); i++) {
            uint8_t key[20];
            struct bytes id;
            struct hash h;
            if (!json_as_string(json_at(ids, i), &id))
                continue;
            sha256(id, &h);
            memcpy(key, h.b, 8);
            memcpy(key + 8, ap->log->tag, 4);
            put_be64(key + 12, act.seq);
            ok = index_put(ap->txn, T_REVOKED, bytes_of(key, sizeof key), bytes_of(NULL, 0), e);
        }
    arena_reset(ap->arena, m);
    return ok;
}

/* An act of a single object: the object stands just before it. */
static bool put_single(struct applier *ap, struct err *e)
{
    struct arena_mark m = arena_mark(ap->arena);
    struct bytes object, id, type;
    bool ok = true;
    int tlp;

    for (size_t i = 0; ok && i < ap->objects_n; i++)
        if (read_at(ap->log, ap->objects[i], SEG_OBJECT, ap->arena, &object, NULL) &&
            object_peek(object, &id, &type, &tlp, NULL)) {
            struct segments_record rec = {ap->objects[i], object, (uint32_t)object.n, SEG_OBJECT,
                                          false};
            ok = put_object(ap, id, ap->objects[i], 0, e) && put_payload(ap, &rec, e);
        }
    ap->objects_n = 0;
    arena_reset(ap->arena, m);
    return ok;
}

/* A salted payload is found under what its act calls it: the digest with the salt. */
static bool put_salted(struct applier *ap, struct bytes note, struct err *e)
{
    struct arena_mark m = arena_mark(ap->arena);
    uint8_t key[20], value[9] = {ap->payload_kind};
    struct act *act = arena_get(ap->arena, sizeof *act, e);
    bool ok = act != NULL;

    put_be64(value + 1, ap->payload);
    if (ok && ap->payload && act_parse(note, ap->arena, act, NULL) && act->body.salted)
        ok = index_put(ap->txn, T_PAYLOAD, payload_key(ap->log, &act->body.sha256, key),
                       bytes_of(value, sizeof value), e);
    arena_reset(ap->arena, m);
    return ok;
}

/* Acts of cases (doc/formats/case-acts.md), by the first word of their kind, and what bears on
 * them: exhibits without the bytes themselves, and officers. */
static bool is_said(struct bytes kind)
{
    static const char *const words[] = {"request", "claim",   "agree",  "ping",
                                        "pong",    "outage",  "remedy", "comment",
                                        "exhibit", "officer", "match"};
    struct bytes word = bytes_part(kind, 0, bytes_find_byte(kind, '.'));

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_are(word, words[i]))
            return !bytes_are(kind, "exhibit.part");
    return false;
}

static bool put_said(struct applier *ap, const uint8_t key[12], uint64_t position, struct err *e)
{
    uint8_t value[16];

    put_be64(value, position);
    put_be64(value + 8, ap->payload);
    return index_put(ap->txn, T_SAID, bytes_of(key, 12), bytes_of(value, sizeof value), e);
}

static bool apply_act(struct applier *ap, const struct segments_record *rec, struct err *e)
{
    uint8_t key[12], value[12];
    size_t end = bytes_find_last(rec->payload, BYTES("\n\n"));
    struct hash text;
    struct bytes kind = kind_of(rec->payload);

    put_be64(value, rec->position);
    if (!index_put(ap->txn, T_ACT, act_key_of(ap->log, ap->next, key), bytes_of(value, 8), e))
        return false;
    if (state_is_special(kind) &&
        !index_put(ap->txn, T_SPECIAL, bytes_of(key, sizeof key), bytes_of(value, 8), e))
        return false;
    sha256(bytes_part(rec->payload, 0, end == SIZE_MAX ? 0 : end + 1), &text);
    memcpy(value, key, sizeof key);
    if (!add_pair(&ap->text, text.b, 16, value, sizeof value, e) || !put_single(ap, e) ||
        (bytes_find(rec->payload, BYTES("\"salt\":")) != SIZE_MAX &&
         !put_salted(ap, rec->payload, e)) ||
        (bytes_are(kind, "revoke") && !put_revoked(ap, rec->payload, e)) ||
        (is_said(kind) && !put_said(ap, key, rec->position, e)))
        return false;
    ap->payload = 0;
    ap->next++;
    return true;
}

static bool apply_cosigned(struct applier *ap, const struct segments_record *rec, struct err *e)
{
    struct bytes rest = rec->payload, line;
    uint8_t key[20];
    uint64_t size;

    if (!bytes_next_line(&rest, &line) || !bytes_next_line(&rest, &line) ||
        !decimal_parse(line, &size))
        return true; /* not ours to judge here: nobody will find it */
    memcpy(key, ap->log->tag, 4);
    put_be64(key + 4, size);
    put_be64(key + 12, rec->position);
    return index_put(ap->txn, T_COSIGNED, bytes_of(key, sizeof key), bytes_of(NULL, 0), e);
}

static bool apply_record(struct applier *ap, const struct segments_record *rec, struct err *e)
{
    uint8_t key[12], value[8];

    switch (rec->kind) {
    case SEG_OBJECT:
    case SEG_WITHHELD:
        return note_object(ap, rec->position, e);
    case SEG_PART:
        return apply_part(ap, rec, e);
    case SEG_PAYLOAD:
        return put_payload(ap, rec, e);
    case SEG_ACT:
        return apply_act(ap, rec, e);
    case SEG_ENTRY:
        put_be64(value, rec->position);
        return index_put(ap->txn, T_ACT, act_key_of(ap->log, ap->next++, key), bytes_of(value, 8),
                         e);
    case SEG_COSIGNED:
        return apply_cosigned(ap, rec, e);
    case SEG_DATED:
        memcpy(key, ap->log->tag, 4);
        put_be64(key + 4, rec->position);
        return index_put(ap->txn, T_DATED, bytes_of(key, sizeof key), bytes_of(NULL, 0), e);
    default:
        return true;
    }
}

/* ---- applying what is new ---- */

/* The index of the first act of a batch: what its note says less the acts in it. */
static bool first_index(const struct segments_batch *b, uint64_t *out, struct err *e)
{
    struct reader r = reader_of(b->note);
    uint64_t acts = 0, size;
    uint16_t n;

    reader_u16(&r); /* version, flags */
    n = reader_u16(&r);
    size = reader_u64(&r); /* a tree begins with its size */
    if (!reader_ok(&r, e) || n < 8)
        return err_fail(e, ERR_INPUT, "a batch without its note");
    for (size_t i = 0; i < b->n; i++)
        acts += b->records[i].kind == SEG_ACT || b->records[i].kind == SEG_ENTRY;
    if (acts > size)
        return err_fail(e, ERR_INPUT, "a batch with more acts than its log");
    *out = size - acts;
    return true;
}

static bool flush_pairs(struct applier *ap, struct err *e)
{
    return put_pairs(ap->txn, T_TEXT, &ap->text, e) && put_pairs(ap->txn, T_OBJECT, &ap->object, e);
}

/* Objects may stand in a batch before that of their list, so the position applied goes forward
 * only where nothing waits. */
static bool apply_log(struct applier *ap, struct err *e)
{
    struct segments_iter *it = NULL;
    const struct segments_batch *b = NULL;
    uint64_t from;
    bool ok;

    ok = index_applied(ap->r->index, ap->log->origin, &from, e);
    if (!ok || from == segments_end(ap->log->seg))
        return ok;
    it = segments_iter_open(ap->log->seg, from, e);
    ap->txn = it ? index_begin(ap->r->index, e) : NULL;
    ok = ap->txn != NULL;
    ap->objects_n = 0;
    ap->payload = 0;
    while (ok && (ok = segments_next(it, &b, e)) && b) {
        ok = first_index(b, &ap->next, e);
        for (size_t i = 0; ok && i < b->n; i++)
            ok = apply_record(ap, &b->records[i], e);
        if (!ok || ap->objects_n)
            continue;
        ok = index_set_applied(ap->txn, ap->log->origin, b->next, e);
        if (ok && (ap->object.n + ap->text.n > PAIRS_MOST || index_full(ap->txn))) {
            ok = flush_pairs(ap, e) && index_commit(ap->txn, e);
            ap->txn = ok ? index_begin(ap->r->index, e) : NULL;
            ok = ap->txn != NULL;
        }
    }
    if (ok)
        ok = flush_pairs(ap, e) && index_commit(ap->txn, e);
    else
        index_abort(ap->txn);
    segments_iter_close(it);
    return ok || err_within(e, "index of %s", ap->log->origin);
}

static bool apply_all(struct record *r, struct err *e)
{
    struct applier ap = {.r = r, .arena = arena_new(LIMIT_PAYLOAD_BYTES * 8)};
    bool ok = ap.arena || err_fail(e, ERR_NOMEM, "out of memory");

    for (size_t i = 0; ok && i < r->logs_n; i++) {
        ap.log = &r->logs[i];
        ok = apply_log(&ap, e);
    }
    free(ap.text.p);
    free(ap.object.p);
    free(ap.objects);
    arena_free(ap.arena);
    if (ok)
        r->unindexed = 0;
    return ok;
}

bool index_attach(struct record *r, struct err *e)
{
    struct index_options options = {0};
    char *dir = record_path(r, r->arena, e, "index");

    if (!dir)
        return false;
    r->index = r->o.memory_index ? index_open_memory(table_names, TABLES, e)
                                 : index_open(r->o.os, dir, table_names, TABLES, &options, e);
    return r->index != NULL;
}

bool index_start(struct record *r, struct err *e)
{
    return apply_all(r, e);
}

bool index_fresh(struct record *r, struct err *e)
{
    return r->unindexed == 0 || apply_all(r, e);
}

bool index_again(struct record *r, struct err *e)
{
    char *dir = record_path(r, r->arena, e, "index");

    if (!dir || !index_close(r->index, e))
        return false;
    r->index = NULL;
    if (!r->o.memory_index && !index_drop(r->o.os, dir, e))
        return false;
    return index_attach(r, e) && index_start(r, e);
}

/* ---- finding ---- */

bool find_act(struct record *r, struct log *l, uint64_t index, uint64_t *position, struct err *e)
{
    struct index_snapshot *v;
    struct bytes value = {0};
    uint8_t key[12];
    bool ok;

    if (!index_fresh(r, e) || !(v = index_snapshot_open(r->index, e)))
        return false;
    ok = index_find(v, T_ACT, act_key_of(l, index, key), &value, e);
    if (ok && value.n == 8)
        *position = get_be64(value.p);
    index_snapshot_close(v);
    if (ok && value.n != 8)
        return err_fail(e, ERR_MISSING, "%s has no act %llu", l->origin, (unsigned long long)index);
    return ok;
}

bool find_payload_in(struct index_snapshot *v, struct log *l, const struct hash *sha256,
                     struct arena *a, struct payload_place *out, struct err *e)
{
    struct bytes value = {0};
    uint8_t key[20];

    if (!index_find(v, T_PAYLOAD, payload_key(l, sha256, key), &value, e))
        return false;
    if (value.n < 9)
        return err_fail(e, ERR_MISSING,
                        "the payload is not here: withheld, or not addressed to us");
    out->kind = value.p[0];
    out->position = get_be64(value.p + 1);
    out->objects = (value.n - 9) / 8;
    out->object = arena_get_array(a, out->objects, 8, e);
    for (size_t i = 0; out->object && i < out->objects; i++)
        out->object[i] = get_be64(value.p + 9 + 8 * i);
    return out->object != NULL;
}

bool find_payload(struct record *r, struct log *l, const struct hash *sha256, struct arena *a,
                  struct payload_place *out, struct err *e)
{
    struct index_snapshot *v;
    bool ok;

    if (!index_fresh(r, e) || !(v = index_snapshot_open(r->index, e)))
        return false;
    ok = find_payload_in(v, l, sha256, a, out, e);
    index_snapshot_close(v);
    return ok;
}

bool read_at(struct log *l, uint64_t position, uint8_t kind, struct arena *a, struct bytes *out,
             struct err *e)
{
    struct segments_record rec;

    if (!segments_read(l->seg, position, a, &rec, e))
        return err_within(e, "log %s", l->origin);
    if (kind && rec.kind != kind)
        return err_fail(e, ERR_PROOF, "log %s: something else stands at position %llu", l->origin,
                        (unsigned long long)position);
    if (rec.erased)
        return err_fail(e, ERR_MISSING, "the bytes were erased");
    *out = rec.payload;
    return true;
}

bool read_act(struct record *r, struct log *l, uint64_t index, struct arena *a, struct act *out,
              struct err *e)
{
    struct segments_record rec;
    uint64_t position;

    if (!find_act(r, l, index, &position, e))
        return false;
    if (!segments_read(l->seg, position, a, &rec, e))
        return err_within(e, "log %s", l->origin);
    if (rec.kind == SEG_ENTRY)
        return err_fail(e, ERR_MISSING, "act %llu of %.*s is not addressed to us",
                        (unsigned long long)index, BYTES_FMT(l->slug));
    return act_parse(rec.payload, a, out, e) ||
           err_within(e, "act %llu of %s", (unsigned long long)index, l->origin);
}
