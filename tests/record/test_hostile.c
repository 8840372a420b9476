/* A peer who signs what it likes and sends what it likes: pieces made here by hand. */
#include "record/evidence.h"
#include "record/record_impl.h"
#include "record/record_support.h"
#include "support/simdisk.h"

/* South lies; north is our node. What south says is a list of acts, and it may keep several. */
struct liar {
    struct arena *a;
    struct test_party north, south;
    struct agreement g;
    struct simdisk *disk;
    struct record *r;
    struct hash leaf[64], prev[64]; /* prev[i]: text hash of act i - 1 */
    uint64_t n;
};

static struct record_options options(struct liar *w)
{
    return (struct record_options){.os = simdisk_os(w->disk),
                                   .keys = w->north.keys,
                                   .self = BYTES("north"),
                                   .memory_index = true,
                                   .segment_bytes = 1 << 20};
}

static void open_north(struct liar *w)
{
    struct record_options o = options(w);
    struct err e = {0};

    w->r = record_open(&o, "agreements", w->g.id, &e);
    must(w->r != NULL, &e);
}

/* The next act of south; it counts once `keep` has been called. */
static struct act says(struct liar *w, const char *kind, const char *media, struct bytes payload)
{
    struct act act = {.agreement = bytes_of(w->g.id, ACT_AGREEMENT),
                      .from = BYTES("south"),
                      .kind = bytes_text(kind),
                      .time = BYTES("2026-01-31T12:00:00Z"),
                      .seq = w->n,
                      .prev = w->prev[w->n]};
    struct act_key key;
    struct err e = {0};

    if (media)
        act.body = (struct act_body){.media_type = bytes_text(media), .size = payload.n};
    sha256(payload, &act.body.sha256);
    os_random(os_system(), act.nonce, sizeof act.nonce);
    must(act_print(&act, w->a, &e), &e);
    must(act_signer(act.from, KEY_ACTS, keyring_key(w->south.keys, KEY_ACTS), &key, &e), &e);
    must(act_sign(&act, &key, w->a, &e), &e);
    return act;
}

static struct bytes keep(struct liar *w, struct act act)
{
    tlog_leaf_hash(hash_bytes(&act.entry), &w->leaf[w->n++]);
    w->prev[w->n] = act.text_hash;
    return act.note;
}

static struct bytes word(struct liar *w)
{
    return keep(w, says(w, "request", NULL, BYTES("")));
}

static struct bytes head(struct liar *w, uint64_t size)
{
    struct tlog_leaves leaves = {w->leaf, size};
    struct tlog_source source = tlog_leaves_source(&leaves);
    struct checkpoint c = {.size = size};
    struct checkpoint_key k;
    struct bytes note;
    struct err e = {0};

    agreement_origin(&w->g, BYTES("south"), c.origin);
    must(tlog_source_root(&source, size, &c.root, &e), &e);
    must(checkpoint_key_init(&k, bytes_text(c.origin), keyring_key(w->south.keys, KEY_CHECKPOINTS),
                             &e),
         &e);
    must(checkpoint_sign(&k, &c, w->a, &note, &e), &e);
    return note;
}

/* A piece of `acts` acts under the head of the first `size`, proved by what south has now. */
static struct bytes piece(struct liar *w, uint64_t from, uint64_t acts, uint64_t size,
                          struct bytes note, struct bytes frames)
{
    struct tlog_leaves leaves = {w->leaf, size};
    struct tlog_source source = tlog_leaves_source(&leaves);
    struct tlog_proof proof = {0};
    struct buf b = buf_in(w->a);
    struct bytes out;
    struct err e = {0};

    if (from + acts && from + acts < size)
        must(tlog_prove_consistency(&source, from + acts, size, &proof, &e), &e);
    buf_puts(&b, "entente-piece/1\n");
    buf_u64(&b, from);
    buf_u32(&b, 0);
    buf_u64(&b, acts);
    buf_u32(&b, (uint32_t)note.n);
    buf_put(&b, note);
    buf_byte(&b, (uint8_t)proof.n);
    for (size_t i = 0; i < proof.n; i++)
        buf_put(&b, hash_bytes(&proof.hash[i]));
    buf_put(&b, frames);
    must(buf_end(&b, &out, &e), &e);
    return out;
}

static bool take(struct liar *w, struct bytes p, struct err *e)
{
    struct record_taken taken;

    return record_piece_take(w->r, BYTES("south"), p, &taken, e);
}

static struct record_head south_head(struct liar *w)
{
    struct record_head h;
    struct err e = {0};

    must(record_head(w->r, BYTES("south"), w->a, &h, &e), &e);
    return h;
}

/* What is said next, whole, under a head of its own. */
static void tell(struct liar *w, struct act act, struct bytes payload)
{
    struct buf b = buf_in(w->a);
    uint64_t from = w->n;
    struct err e = {0};

    frame_put(&b, FRAME_ACT, keep(w, act));
    if (act.body.media_type.n)
        frame_put(&b, FRAME_PAYLOAD, payload);
    must(take(w, piece(w, from, 1, w->n, head(w, w->n), buf_view(&b)), &e), &e);
}

static struct liar *new_liar(void)
{
    struct arena *a = test_arena();
    struct err e = {0};
    struct liar *w = arena_get(a, sizeof *w, &e);
    struct test_party both[2];
    struct record_options o;

    w->a = a;
    w->disk = simdisk_new(1);
    w->north = both[0] = test_party(a, "north");
    w->south = both[1] = test_party(a, "south");
    w->g = test_agreement(a, both, 2);
    o = options(w);
    must(record_create(&o, "agreements", &w->g, &e), &e);
    open_north(w);
    must(record_sign(w->r, &e), &e);
    tell(w, says(w, "agreement.sign", MEDIA_AGREEMENT, w->g.bytes), w->g.bytes);
    return w;
}

static void end_liar(struct liar *w)
{
    record_close(w->r);
    simdisk_free(w->disk);
    keyring_free(w->north.keys);
    keyring_free(w->south.keys);
    arena_free(w->a);
}

/* Frames of the n acts that south says next. */
static struct bytes words(struct liar *w, size_t n)
{
    struct buf b = buf_in(w->a);
    struct bytes out;
    struct err e = {0};

    while (n--)
        frame_put(&b, FRAME_ACT, word(w));
    must(buf_end(&b, &out, &e), &e);
    return out;
}

/* ---- heads ---- */

static void acts_need_a_head_that_has_them(void **state)
{
    struct liar *w = new_liar();
    struct bytes old = head(w, 1), frames = words(w, 2);
    struct err e = {0};

    (void)state;
    must_fail(take(w, piece(w, 1, 2, 1, old, frames), &e), &e, ERR_PEER, "under a head of size 1");
    assert_int_equal(south_head(w).size, 1);
    must(take(w, piece(w, 1, 2, 3, head(w, 3), frames), &e), &e);
    end_liar(w);
}

/* South promises a history of five acts, then goes on with another. `at_once`: the piece that
 * leaves the promise behind also passes it. */
static void a_promise_is_not_forgotten(void **state)
{
    bool at_once = *state != NULL;
    struct liar *w = new_liar();
    struct bytes first, promise, frames;
    struct err e = {0};

    first = words(w, 1);
    words(w, 3);
    promise = head(w, 5);
    must(take(w, piece(w, 1, 1, 5, promise, first), &e), &e);
    assert_int_equal(south_head(w).seen, 5);
    w->n = 2; /* another history from here on */
    frames = words(w, at_once ? 3 : 1);
    if (at_once) {
        words(w, 1);
        must_fail(take(w, piece(w, 2, 3, 6, head(w, 6), frames), &e), &e, ERR_PROOF,
                  "size 5 that was signed before");
        assert_int_equal(south_head(w).size, 2);
    } else {
        struct bytes more = words(w, 3), short_head = head(w, 6);
        must(take(w, piece(w, 2, 1, 6, short_head, frames), &e), &e);
        must_fail(take(w, piece(w, 3, 3, 6, short_head, more), &e), &e, ERR_PROOF,
                  "size 5 that was signed before");
        assert_int_equal(south_head(w).size, 3);
    }
    assert_true(bytes_equal(south_head(w).note, promise));
    must_fail(record_cosign(w->r, BYTES("south"), w->a, &first, &e), &e, ERR_MISSING, NULL);
    end_liar(w);
}

static void two_heads_of_a_size_convict_before_their_acts_came(void **state)
{
    struct liar *w = new_liar();
    struct bytes first = words(w, 1), promise, other;
    char name[256];
    struct err e = {0};

    (void)state;
    words(w, 3);
    promise = head(w, 5);
    must(take(w, piece(w, 1, 1, 5, promise, first), &e), &e);
    w->n = 4;
    words(w, 1);
    other = head(w, 5);
    must_fail(record_compare(w->r, BYTES("south"), other, name, &e), &e, ERR_PROOF,
              "two histories");
    assert_true(name[0] != '\0' && south_head(w).stopped);
    end_liar(w);
}

static void nothing_is_hidden_between_two(void **state)
{
    struct liar *w = new_liar();
    struct act act = says(w, "request", NULL, BYTES(""));
    struct buf b = buf_in(w->a);
    struct err e = {0};

    (void)state;
    keep(w, act);
    frame_put(&b, FRAME_ENTRY, hash_bytes(&act.entry));
    must_fail(take(w, piece(w, 1, 1, 2, head(w, 2), buf_view(&b)), &e), &e, ERR_PEER, "hidden");
    end_liar(w);
}

/* ---- the fold ---- */

static void the_state_survives_whatever_is_said(void **state)
{
    struct liar *w = new_liar();
    struct buf big = buf_in(w->a), junk = buf_in(w->a);
    struct record_state s;

    (void)state;
    buf_puts(&big, "{\"clauses\":[\"match\"],\"x\":\"");
    for (int i = 0; i < 1 << 17; i++)
        buf_puts(&big, "sixteen letters.");
    buf_puts(&big, "\"}");
    tell(w, says(w, "agreement.suspend", MEDIA_JSON, buf_view(&big)), buf_view(&big));
    buf_puts(&junk, "{\"clauses\":[");
    for (int i = 0; i < 40; i++)
        buf_format(&junk, "\"no clause %d\",", i);
    buf_puts(&junk, "\"share\"]}");
    tell(w, says(w, "agreement.suspend", MEDIA_JSON, buf_view(&junk)), buf_view(&junk));
    tell(w, says(w, "key.rotate", MEDIA_JSON, BYTES("{}")), BYTES("{}"));
    tell(w, says(w, "key.nonsense", MEDIA_JSON, BYTES("[")), BYTES("["));
    record_close(w->r);
    open_north(w);
    record_state(w->r, 0, &s);
    assert_int_equal(s.stage, STAGE_IN_FORCE);
    assert_int_equal(s.suspended_n, 1);
    assert_true(bytes_are(s.suspended[0], "share"));
    end_liar(w);
}

static void changes_of_the_agreement_are_few(void **state)
{
    struct liar *w = new_liar();
    struct record_draft d = {.kind = BYTES("agreement.withdraw")};
    struct buf b = buf_in(w->a);
    struct err e = {0};

    (void)state;
    w->r->logs[1].changes = LIMIT_RECORD_CHANGES;
    frame_put(&b, FRAME_ACT, keep(w, says(w, "key.nonsense", NULL, BYTES(""))));
    must_fail(take(w, piece(w, 1, 1, 2, head(w, 2), buf_view(&b)), &e), &e, ERR_LIMIT,
              "acts that change");
    w->r->logs[0].changes = LIMIT_RECORD_CHANGES; /* nor do we say what nobody would take */
    err_clear(&e);
    must_fail(record_append(w->r, &d, 1, NULL, &e), &e, ERR_LIMIT, "acts that change");
    end_liar(w);
}

/* ---- memory and time ---- */

/* Acts that are no acts, of as many JSON values as fit. */
static void acts_that_are_none_are_refused(void **state)
{
    struct liar *w = new_liar();
    struct buf b = buf_in(w->a), act = buf_in(w->a);
    struct err e = {0};

    (void)state;
    buf_puts(&act, "entente/act/v1\n{\"to\":[");
    while (act.n < LIMIT_ACT_BYTES - 300)
        buf_puts(&act, "[],");
    buf_puts(&act, "[]]}\n\n— south/acts ");
    buf_base64(&act, w->leaf[0].b, 32);
    buf_puts(&act, "\n");
    for (int i = 0; i < 64; i++)
        frame_put(&b, FRAME_ACT, buf_view(&act));
    must_fail(take(w, piece(w, 1, 64, 1, head(w, 1), buf_view(&b)), &e), &e, ERR_INPUT, NULL);
    end_liar(w);
}

/* ---- lists that nobody said ---- */

static const char object[] =
    "{\"created\":\"2026-01-31T12:00:00Z\",\"id\":\"indicator--00000000-0000-4000-8000-"
    "000000000001\",\"modified\":\"2026-01-31T12:00:00Z\",\"object_marking_refs\":[\"marking-"
    "definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb\"],\"pattern\":\"[url:value = "
    "'https://a.example']\",\"pattern_type\":\"stix\",\"spec_version\":\"2.1\",\"type\":"
    "\"indicator\",\"valid_from\":\"2026-01-31T12:00:00Z\"}";

static void put_line(struct buf *b, struct bytes what, const char *rest)
{
    struct hash h;

    sha256(what, &h);
    buf_hex(b, h.b, 32);
    buf_format(b, " %zu %s\n", what.n, rest);
}

static bool count_all(void *self, const struct record_object *o)
{
    (void)o;
    ++*(size_t *)self;
    return true;
}

static void what_was_begun_and_not_said_is_nobodys(void **state)
{
    struct liar *w = new_liar();
    struct buf list = buf_in(w->a), lists = buf_in(w->a), b = buf_in(w->a);
    size_t seen = 0;
    struct act act;
    struct err e = {0};

    (void)state;
    put_line(&list, bytes_text(object), "green indicator--00000000-0000-4000-8000-000000000001");
    put_line(&lists, buf_view(&list), "1");
    put_line(&lists, BYTES("another list"), "1");
    act = says(w, "share", MEDIA_LISTS, buf_view(&lists));
    frame_put(&b, FRAME_ACT, act.note);
    frame_put(&b, FRAME_PAYLOAD, buf_view(&lists));
    frame_put(&b, FRAME_LIST, buf_view(&list));
    frame_put(&b, FRAME_OBJECT, bytes_text(object));
    must(take(w, piece(w, 1, 0, 1, head(w, 1), buf_view(&b)), &e), &e);
    assert_int_equal(south_head(w).parts, 1);
    tell(w, says(w, "request", NULL, BYTES("")), BYTES("")); /* it says something else */
    must(record_object(w->r, BYTES("indicator--00000000-0000-4000-8000-000000000001"), count_all,
                       &seen, &e),
         &e);
    assert_int_equal(seen, 0);
    end_liar(w);
}

/* ---- evidence ---- */

static void evidence_of_another_agreement_convicts_nobody_here(void **state)
{
    struct liar *w = new_liar();
    struct bytes note[2], file;
    char name[256];
    struct note_key accused;
    struct err e = {0};

    (void)state;
    w->g.id[0] = w->g.id[0] == 'a' ? 'b' : 'a'; /* what south says is said there */
    for (int i = 0; i < 2; i++)
        note[i] = says(w, "request", NULL, BYTES("")).note;
    must(note_key_make(BYTES("south/acts"), NOTE_ED25519, &w->south.card.keys[KEY_ACTS], &accused,
                       &e),
         &e);
    must(act_evidence_make(&accused, note[0], note[1], w->a, &file, &e), &e);
    must_fail(record_convict(w->r, BYTES("south"), file, name, &e), &e, ERR_PROOF, "somebody else");
    assert_false(south_head(w).stopped);
    end_liar(w);
}

static void a_liar_does_not_fill_the_disk_with_lies(void **state)
{
    struct liar *w = new_liar();
    struct note_key accused;
    struct bytes file, *names;
    char name[256];
    size_t n;
    struct err e = {0};

    (void)state;
    must(note_key_make(BYTES("south/acts"), NOTE_ED25519, &w->south.card.keys[KEY_ACTS], &accused,
                       &e),
         &e);
    for (int i = 0; i < LIMIT_EVIDENCE_FILES + 4; i++) {
        struct bytes a = says(w, "request", NULL, BYTES("")).note,
                     b = says(w, "request", NULL, BYTES("")).note;
        must(act_evidence_make(&accused, a, b, w->a, &file, &e), &e);
        must(record_convict(w->r, BYTES("south"), file, name, &e), &e);
    }
    must(os_list(simdisk_os(w->disk), arena_format(w->a, &e, "agreements/%s/evidence", w->g.id),
                 w->a, &names, &n, &e),
         &e);
    assert_int_equal(n, LIMIT_EVIDENCE_FILES);
    end_liar(w);
}

/* ---- cosignatures ---- */

static struct bytes cosigned(struct liar *w, struct bytes note, uint64_t time, bool mirror)
{
    enum key_role role = mirror ? KEY_MIRROR : KEY_WITNESS;
    struct cosign_key k;
    struct checkpoint c;
    struct note parsed;
    struct bytes line, out;
    struct err e = {0};

    must(note_parse(note, w->a, &parsed, &e) && checkpoint_parse(parsed.text, &c, &e), &e);
    must(cosign_key_init(&k, mirror ? BYTES("south/mirror") : BYTES("south/witness"),
                         keyring_key(w->south.keys, role), &e),
         &e);
    must(cosignature_sign(&k, &c, time, w->a, &line, &e), &e);
    must(note_append(note, line, w->a, &out, &e), &e);
    return out;
}

static void each_cosigner_counts_once_for_a_head(void **state)
{
    struct liar *w = new_liar();
    struct record_head h;
    struct bytes kept, note;
    bool news;
    struct err e = {0};

    (void)state;
    must(record_head(w->r, BYTES("north"), w->a, &h, &e), &e);
    must(record_take_cosigned(w->r, cosigned(w, h.note, 1000, false), &news, &e), &e);
    assert_true(news);
    note = cosigned(w, h.note, 1001, true);
    must(note_append(note, BYTES("\xe2\x80\x94 nobody AAAAAAAA\n"), w->a, &note, &e), &e);
    must(record_take_cosigned(w->r, note, &news, &e), &e);
    assert_true(news);
    must(record_cosigned(w->r, BYTES("north"), w->a, &kept, &e), &e);
    assert_true(bytes_find(kept, BYTES("south/witness")) != SIZE_MAX); /* both stand on it */
    assert_true(bytes_find(kept, BYTES("south/mirror")) != SIZE_MAX);
    assert_true(bytes_find(kept, BYTES("nobody")) == SIZE_MAX);
    /* A later time is news to those who date acts, and once only; the note stays as it is. */
    must(record_take_cosigned(w->r, cosigned(w, h.note, 2000, true), &news, &e), &e);
    assert_true(news);
    must(record_take_cosigned(w->r, cosigned(w, h.note, 2000, true), &news, &e), &e);
    assert_false(news);
    must(record_take_cosigned(w->r, cosigned(w, h.note, 1500, true), &news, &e), &e);
    assert_false(news);
    must(record_cosigned(w->r, BYTES("north"), w->a, &note, &e), &e);
    assert_true(bytes_equal(kept, note));
    end_liar(w);
}

/* ---- the fence ---- */

static void restore(struct liar *w, struct simdisk *backup)
{
    record_close(w->r);
    simdisk_free(w->disk);
    w->disk = backup;
    open_north(w);
}

static void a_counterparty_cannot_talk_a_backup_into_signing(void **state)
{
    struct liar *w = new_liar();
    struct record_draft d = {.kind = BYTES("request")};
    struct record_head h;
    struct bytes old;
    bool news;
    struct err e = {0};

    (void)state;
    must(record_head(w->r, BYTES("north"), w->a, &h, &e), &e);
    old = h.note;
    must(record_append(w->r, &d, 1, NULL, &e), &e);
    must(record_head(w->r, BYTES("north"), w->a, &h, &e), &e);
    must(record_take_cosigned(w->r, cosigned(w, h.note, 1000, true), &news, &e), &e);
    restore(w, simdisk_copy(w->disk, 7));
    assert_int_equal(record_fence(w->r), FENCE_UNSURE);
    must(record_fence_confirm(w->r, bytes_of(NULL, 0), &e), &e); /* "I hold nothing" */
    assert_int_equal(record_fence(w->r), FENCE_UNSURE);
    must(record_fence_confirm(w->r, old, &e), &e); /* less than it has cosigned */
    assert_int_equal(record_fence(w->r), FENCE_UNSURE);
    must(record_fence_confirm(w->r, h.note, &e), &e);
    assert_int_equal(record_fence(w->r), FENCE_OK);
    end_liar(w);
}

static void to_be_behind_outlives_a_restart(void **state)
{
    struct liar *w = new_liar();
    struct record_draft d = {.kind = BYTES("request")};
    struct simdisk *backup = simdisk_copy(w->disk, 7);
    struct record_head h;
    struct err e = {0};

    (void)state;
    must(record_append(w->r, &d, 1, NULL, &e), &e);
    must(record_head(w->r, BYTES("north"), w->a, &h, &e), &e);
    restore(w, backup);
    must(record_fence_confirm(w->r, h.note, &e), &e);
    assert_int_equal(record_fence(w->r), FENCE_BEHIND);
    must_fail(record_append(w->r, &d, 1, NULL, &e), &e, ERR_DENIED, "restored backup");
    record_close(w->r);
    open_north(w);
    assert_int_equal(record_fence(w->r), FENCE_UNSURE);
    must_fail(record_append(w->r, &d, 1, NULL, &e), &e, ERR_DENIED, "copy or a restored");
    end_liar(w);
}

/* ---- our own disk ---- */

/* Whatever fails while an act is written: a head that may not be on disk is never shown. */
static void what_may_not_be_durable_is_not_shown(void **state)
{
    static const enum simdisk_fault faults[] = {SIMDISK_EIO, SIMDISK_ENOSPC, SIMDISK_SHORT};
    size_t refused = 0;

    (void)state;
    for (uint64_t n = 1; n <= 6; n++)
        for (size_t f = 0; f < 3; f++) {
            struct liar *w = new_liar();
            struct record_draft d = {.kind = BYTES("request")};
            struct record_head before, h;
            struct bytes p;
            struct err e = {0};
            bool said;
            must(record_head(w->r, BYTES("north"), w->a, &before, &e), &e);
            simdisk_fail(w->disk, n, faults[f]);
            said = record_append(w->r, &d, 1, NULL, &e);
            simdisk_fail(w->disk, 0, SIMDISK_EIO);
            err_clear(&e);
            if (!said) {
                refused++;
                must_fail(record_head(w->r, BYTES("north"), w->a, &h, &e), &e, ERR_IO,
                          "outcome is unknown");
                err_clear(&e);
                must_fail(record_piece_make(w->r, BYTES("north"), BYTES("south"), 0, 0, 1 << 20,
                                            w->a, &p, &e),
                          &e, ERR_IO, "outcome is unknown");
                err_clear(&e);
            }
            record_close(w->r);
            open_north(w);
            must(record_head(w->r, BYTES("north"), w->a, &h, &e), &e);
            assert_true(h.size == 2 || (!said && h.size == before.size));
            end_liar(w);
        }
    assert_true(refused >= 3);
}

static void a_salted_payload_can_be_read(void **state)
{
    struct liar *w = new_liar();
    struct record_draft d = {.kind = BYTES("request"),
                             .media_type = BYTES(MEDIA_JSON),
                             .payload = BYTES("{\"a\":1}"),
                             .salted = true};
    struct bytes got, p;
    struct act *act;
    struct err e = {0};

    (void)state;
    must(record_append(w->r, &d, 1, NULL, &e), &e);
    act = arena_get(w->a, sizeof *act, &e);
    must(record_act(w->r, BYTES("north"), 1, w->a, act, &e), &e);
    assert_true(act->body.salted);
    must(record_payload(w->r, act, w->a, &got, &e), &e);
    assert_true(bytes_equal(got, d.payload));
    must(record_piece_make(w->r, BYTES("north"), BYTES("south"), 1, 0, 1 << 20, w->a, &p, &e), &e);
    assert_true(bytes_find(p, d.payload) != SIZE_MAX);
    end_liar(w);
}

static void an_act_for_oneself_alone_is_not_said(void **state)
{
    struct liar *w = new_liar();
    struct record_draft d = {.kind = BYTES("request"), .to = {BYTES("north")}, .to_n = 1};
    struct err e = {0};

    (void)state;
    must_fail(record_append(w->r, &d, 1, NULL, &e), &e, ERR_INPUT, "only its speaker");
    end_liar(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acts_need_a_head_that_has_them),
        {"a promised history is not forgotten when it is passed at once",
         a_promise_is_not_forgotten, NULL, NULL, (void *)1},
        {"a promised history is not forgotten when it is left behind first",
         a_promise_is_not_forgotten, NULL, NULL, NULL},
        cmocka_unit_test(two_heads_of_a_size_convict_before_their_acts_came),
        cmocka_unit_test(nothing_is_hidden_between_two),
        cmocka_unit_test(the_state_survives_whatever_is_said),
        cmocka_unit_test(changes_of_the_agreement_are_few),
        cmocka_unit_test(acts_that_are_none_are_refused),
        cmocka_unit_test(what_was_begun_and_not_said_is_nobodys),
        cmocka_unit_test(evidence_of_another_agreement_convicts_nobody_here),
        cmocka_unit_test(a_liar_does_not_fill_the_disk_with_lies),
        cmocka_unit_test(each_cosigner_counts_once_for_a_head),
        cmocka_unit_test(a_counterparty_cannot_talk_a_backup_into_signing),
        cmocka_unit_test(to_be_behind_outlives_a_restart),
        cmocka_unit_test(what_may_not_be_durable_is_not_shown),
        cmocka_unit_test(a_salted_payload_can_be_read),
        cmocka_unit_test(an_act_for_oneself_alone_is_not_said),
    };
    if (!crypto_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
