/* Cosignatures: ours on others' heads, others' on ours. */
#include "record/record_impl.h"

#include <stdio.h>

/* ---- finding notes that were kept ---- */

/* The note kept with the largest size in [least, most], or the smallest if !largest. */
static bool kept_note(struct record *r, struct log *l, uint64_t least, uint64_t most, bool largest,
                      struct arena *a, struct bytes *out, struct err *e)
{
    struct index_snapshot *v = NULL;
    struct index_cursor *c = NULL;
    struct bytes key = {0}, value;
    uint64_t position = 0;
    uint8_t from[20] = {0};
    bool ok = index_fresh(r, e) && (v = index_snapshot_open(r->index, e)) &&
              (c = index_cursor_open(v, T_COSIGNED, bytes_of(l->tag, sizeof l->tag), e));

    memcpy(from, l->tag, 4);
    put_be64(from + 4, least);
    ok = ok && index_cursor_seek(c, bytes_of(from, 20), &key, &value, e);
    while (ok && key.p && get_be64(key.p + 4) <= most) {
        position = get_be64(key.p + 12);
        if (!largest)
            break;
        ok = index_cursor_next(c, &key, &value, e);
    }
    index_cursor_close(c);
    index_snapshot_close(v);
    if (ok && !position)
        return err_fail(e, ERR_MISSING, "no cosigned head of %s", l->origin);
    return ok && read_at(l, position, SEG_COSIGNED, a, out, e);
}

bool cosigned_at(struct record *r, struct log *l, uint64_t size, struct arena *a,
                 struct bytes *note, struct err *e)
{
    return kept_note(r, l, size, size, true, a, note, e);
}

bool cosigned_from(struct record *r, struct log *l, uint64_t least, struct arena *a,
                   struct bytes *note, struct err *e)
{
    return kept_note(r, l, least, UINT64_MAX, false, a, note, e);
}

bool cosigned_until(struct record *r, struct log *l, uint64_t most, struct arena *a,
                    struct bytes *note, struct err *e)
{
    return kept_note(r, l, 0, most, true, a, note, e);
}

bool newest_whole_head(struct record *r, struct log *l, struct arena *a, struct checkpoint *c,
                       struct bytes *note, struct err *e)
{
    struct err missing = {0};
    struct note parsed;

    *c = (struct checkpoint){0};
    *note = bytes_of(NULL, 0);
    if (!cosigned_until(r, l, l->tree.size, a, note, &missing))
        return missing.code == ERR_MISSING || err_pass(e, &missing);
    return note_parse(*note, a, &parsed, e) && checkpoint_parse(parsed.text, c, e);
}

/* ---- whose cosignatures count ---- */

static struct bytes cosigner_name(struct bytes slug, enum key_role role, char out[128])
{
    int n = snprintf(out, 128, "%.*s/%s", BYTES_FMT(slug), key_role_name(role));

    return bytes_of(out, n > 0 && n < 128 ? (size_t)n : 0);
}

/* Keys of all parties but `but`, mirrors first, then witnesses, then the outside ones. All keys a
 * party has ever had count: a cosignature was good when it was made. */
bool cosigner_keys(const struct record *r, struct bytes but, struct arena *a, struct note_key **out,
                   struct cosigner **who, size_t *n, size_t *mirrors, struct err *e)
{
    size_t most = r->logs_n * KEY_SPANS * 2 + r->outsiders_n, k = 0;
    char name[128];

    *out = arena_get_array(a, most, sizeof **out, e);
    if (!*out || (who && !(*who = arena_get_array(a, most, sizeof **who, e))))
        return false;
    for (int role = 0; role < 2; role++) {
        enum key_role which = role == 0 ? KEY_MIRROR : KEY_WITNESS;
        for (size_t i = 0; i < r->logs_n; i++) {
            const struct log *l = &r->logs[i];
            for (size_t j = 0; !bytes_equal(l->slug, but) && j < l->keys.n[which]; j++, k++) {
                if (!note_key_of_checked(cosigner_name(l->slug, which, name), NOTE_COSIGNATURE,
                                         &l->keys.span[which][j].key, &(*out)[k], e))
                    return false;
                if (who)
                    (*who)[k] = (struct cosigner){(uint16_t)i, role == 0};
            }
        }
        if (role == 0)
            *mirrors = k;
    }
    for (size_t i = 0; i < r->outsiders_n; i++, k++) {
        (*out)[k] = r->outsiders[i]->key;
        if (who)
            (*who)[k] = (struct cosigner){(uint16_t)(r->logs_n + i), false};
    }
    *n = k;
    return true;
}

/* ---- ours
 * ------------------------------------------------------------------------------------------------
 */

static bool sign_as(struct record *r, struct log *l, enum key_role role, int64_t time,
                    struct arena *a, struct dated_line *out, struct bytes *note, struct err *e)
{
    struct cosign_key key;
    char name[128];

    out->by = (struct cosigner){(uint16_t)(r->own - r->logs), role == KEY_MIRROR};
    out->time = time;
    return cosign_key_init(&key, cosigner_name(r->o.self, role, name), keyring_key(r->o.keys, role),
                           e) &&
           cosignature_sign(&key, &l->head, (uint64_t)time, a, &out->line, e) &&
           note_append(*note, out->line, a, note, e);
}

/* Mirror and witness sign the head of `l` now; their lines are kept, and appended to *note. */
static bool sign_now(struct record *r, struct log *l, struct arena *a, struct bytes *note,
                     struct err *e)
{
    int64_t now = os_now(r->o.os);
    struct dated_line lines[2];
    struct note parsed;
    unsigned news = 0;

    if (now < l->last_cosign)
        return err_fail(e, ERR_DENIED,
                        "the clock has gone back: the last cosignature was made at a later time") ||
               err_hint(e, "set the clock; cosignatures never go back in time");
    *note = bytes_of(l->note, l->note_n);
    if (!sign_as(r, l, KEY_MIRROR, now, a, &lines[0], note, e) ||
        !sign_as(r, l, KEY_WITNESS, now, a, &lines[1], note, e) ||
        !note_parse(*note, a, &parsed, e))
        return false;
    l->last_cosign = now;
    return dates_keep(r, l, parsed.text, l->head.size, lines, 2, &news, a, e);
}

static bool cosign(struct record *r, struct log *l, struct arena *a, struct bytes *note,
                   struct err *e)
{
    struct bytes signed_note;
    struct hash root;

    tlog_tree_root(&l->tree, &root);
    if (!hash_equal(&root, &l->head.root))
        return err_fail(e, ERR_PROOF, "the head of %s is not that of the acts we hold", l->origin);
    if (cosigned_at(r, l, l->head.size, a, note, NULL))
        return true; /* said already */
    if (!sign_now(r, l, a, &signed_note, e) || !log_keep_cosigned(r, l, signed_note, e) ||
        !log_commit(r, l, e))
        return false;
    *note = signed_note;
    return state_fold_if_waiting(r, e);
}

static bool may_cosign(struct record *r, const struct log *l, struct err *e)
{
    if (!record_writable(r, e))
        return false;
    if (!r->own || !r->o.keys || !keyring_key(r->o.keys, KEY_MIRROR) ||
        !keyring_key(r->o.keys, KEY_WITNESS))
        return err_fail(e, ERR_DENIED, "the keys to cosign are not here");
    if (l->stopped)
        return err_fail(e, ERR_DENIED, "%s is stopped", l->origin);
    if (!fence_allows(r, e))
        return false;
    return (l->head.size && l->head.size == l->tree.size) ||
           err_fail(e, ERR_MISSING, "we do not hold all of a head of %s", l->origin);
}

bool record_cosign(struct record *r, struct bytes slug, struct arena *a, struct bytes *note,
                   struct err *e)
{
    struct log *l = log_of(r, slug);
    bool ok;

    if (!l || l == r->own)
        return err_fail(e, ERR_DENIED, "one cosigns the logs of others");
    record_lock(r);
    ok = may_cosign(r, l, e) && cosign(r, l, a, note, e);
    record_unlock(r);
    return ok;
}

static bool cosign_again(struct record *r, struct log *l, struct arena *a, struct bytes *note,
                         struct err *e)
{
    struct hash root;

    tlog_tree_root(&l->tree, &root);
    if (!hash_equal(&root, &l->head.root))
        return err_fail(e, ERR_PROOF, "the head of %s is not that of the acts we hold", l->origin);
    return sign_now(r, l, a, note, e) && log_commit(r, l, e) && state_fold_if_waiting(r, e);
}

bool record_cosign_again(struct record *r, struct bytes slug, struct arena *a, struct bytes *note,
                         struct err *e)
{
    struct log *l = log_of(r, slug);
    bool ok;

    if (!l || l == r->own)
        return err_fail(e, ERR_DENIED, "one cosigns the logs of others");
    record_lock(r);
    ok = may_cosign(r, l, e) && cosign_again(r, l, a, note, e);
    record_unlock(r);
    return ok;
}

int64_t record_last_cosign(struct record *r, struct bytes slug)
{
    struct log *l = log_of(r, slug);
    int64_t time;

    record_lock(r);
    time = l ? l->last_cosign : 0;
    record_unlock(r);
    return time;
}

/* ---- theirs
 * ------------------------------------------------------------------------------------------------
 */

static void note_receipt(struct log *l, const struct checkpoint *c, const struct cosignature *s,
                         size_t n, size_t mirrors)
{
    for (size_t i = 0; i < n; i++)
        if (s[i].key < mirrors && c->size > l->cosigned) {
            l->cosigned = c->size;
            l->cosigned_at = (int64_t)s[i].time;
        }
}

/* The text with its owner's signature and no other line. */
static bool note_alone(const struct note *n, const struct note_key *own, struct arena *a,
                       struct bytes *out, struct err *e)
{
    struct buf b = buf_in(a);

    buf_put(&b, n->text);
    buf_puts(&b, "\n");
    for (size_t i = 0; i < n->n; i++)
        if (n->lines[i].id == own->id && bytes_are(n->lines[i].name, own->name)) {
            buf_put(&b, n->lines[i].whole);
            break;
        }
    return buf_end(&b, out, e);
}

static bool has_key(const struct cosignature *s, size_t n, size_t key)
{
    for (size_t i = 0; i < n; i++)
        if (s[i].key == key)
            return true;
    return false;
}

/* The note that we have of this size, and lines by cosigners who are not on it yet: what anybody
 * else adds is not kept, and nobody fills our disk by cosigning one head for ever. */
static bool add_cosigners(struct record *r, struct log *l, const struct note *theirs, uint64_t size,
                          const struct note_key *own, const struct cosignature *s, size_t n,
                          const struct note_key *keys, size_t keys_n, struct bytes *out, bool *news,
                          struct arena *a, struct err *e)
{
    struct err missing = {0};
    struct cosignature *had = NULL;
    struct note parsed;
    size_t had_n = 0;

    if (cosigned_at(r, l, size, a, out, &missing)) {
        if (!note_parse(*out, a, &parsed, e) ||
            !cosignature_find_all(&parsed, keys, keys_n, a, &had, &had_n, e))
            return false;
    } else if (missing.code != ERR_MISSING)
        return err_pass(e, &missing);
    else if (!note_alone(theirs, own, a, out, e)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (has_key(had, had_n, s[i].key) || has_key(s, i, s[i].key))
            continue;
        if (!note_append(*out, s[i].line, a, out, e))
            return false;
        *news = true;
    }
    return true;
}

static bool take_cosigned(struct record *r, struct log *l, struct bytes note, bool *news,
                          struct arena *a, struct err *e)
{
    struct note_key *keys, own;
    struct cosigner *who;
    struct cosignature *cosignatures;
    struct dated_line *lines;
    unsigned dated = 0;
    struct tlog_source source;
    struct checkpoint c;
    struct note parsed;
    struct hash root;
    size_t n, mirrors, found;
    struct bytes kept;

    if (!note_parse(note, a, &parsed, e) || !checkpoint_parse(parsed.text, &c, e))
        return false;
    if (strcmp(c.origin, l->origin))
        return err_fail(e, ERR_PEER, "a head of another log");
    if (!log_keys_for(l, KEY_CHECKPOINTS, c.size, &own, e) ||
        !checkpoint_verify_note(&parsed, &own, 1, &c, e))
        return false;
    if (c.size > l->tree.size) {
        fence_behind(r, e);
        return err_fail(e, ERR_PROOF, "a head of our log that we do not hold");
    }
    if (!log_source(r, l, l->tree.size, a, &source, e) ||
        !tlog_source_root(&source, c.size, &root, e))
        return false;
    if (!hash_equal(&root, &c.root)) {
        fence_behind(r, e);
        return err_fail(e, ERR_PROOF, "a head of another history of our log");
    }
    if (!cosigner_keys(r, l->slug, a, &keys, &who, &n, &mirrors, e) ||
        !cosignature_find_all(&parsed, keys, n, a, &cosignatures, &found, e) ||
        !(lines = arena_get_array(a, found, sizeof *lines, e)))
        return false;
    if (found == 0)
        return true;
    for (size_t i = 0; i < found; i++)
        lines[i] = (struct dated_line){who[cosignatures[i].key], (int64_t)cosignatures[i].time,
                                       cosignatures[i].line};
    if (!dates_keep(r, l, parsed.text, c.size, lines, found, &dated, a, e))
        return false;
    if (!add_cosigners(r, l, &parsed, c.size, &own, cosignatures, found, keys, n, &kept, news, a,
                       e))
        return false;
    if (!*news && !dated)
        return true;
    note_receipt(l, &c, cosignatures, found, mirrors);
    if (*news && !log_keep_cosigned(r, l, kept, e))
        return false;
    *news = true;
    return log_commit(r, l, e) && state_fold_if_waiting(r, e);
}

bool record_take_cosigned(struct record *r, struct bytes note, bool *news, struct err *e)
{
    struct arena *a = arena_new(LIMIT_NOTE_BYTES * 16);
    bool ok;

    *news = false;
    record_lock(r);
    if (!a)
        ok = err_fail(e, ERR_NOMEM, "out of memory");
    else if (!r->own)
        ok = err_fail(e, ERR_DENIED, "we are not a party");
    else
        ok = record_writable(r, e) && take_cosigned(r, r->own, note, news, a, e);
    record_unlock(r);
    arena_free(a);
    return ok;
}

bool record_cosigned(struct record *r, struct bytes slug, struct arena *a, struct bytes *note,
                     struct err *e)
{
    struct log *l = log_of(r, slug);
    struct err missing = {0};
    bool ok;

    if (!l)
        return err_fail(e, ERR_MISSING, "%.*s is not a party", BYTES_FMT(bytes_part(slug, 0, 64)));
    record_lock(r);
    ok = cosigned_until(r, l, UINT64_MAX, a, note, &missing);
    record_unlock(r);
    if (ok)
        return true;
    *note = bytes_of(NULL, 0);
    return missing.code == ERR_MISSING || err_pass(e, &missing);
}
