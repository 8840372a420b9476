/* Proofs of misbehaviour: two signatures that cannot both be honest. */
#include "base/catalogue.h"
#include "verify/verify_impl.h"

struct accused {
    char name[256];
    uint8_t type;
    struct sign_public key;
};

static bool read_accused(struct bytes line, struct accused *out)
{
    return bytes_start_with(line, "accused ") &&
           read_vkey(bytes_part(line, 8, SIZE_MAX), out->name, &out->type, &out->key) &&
           (out->type == 1 || out->type == 4);
}

/* `word <length>` and then so many bytes. */
static struct bytes counted(struct reader *r, const char *word)
{
    struct bytes line = reader_line(r);
    size_t n = strlen(word);
    uint64_t length = 0;

    if (!bytes_start_with(line, word) || line.n <= n || line.p[n] != ' ' ||
        !decimal_parse(bytes_part(line, n + 1, SIZE_MAX), &length) || length > (1 << 20))
        reader_fail(r, "an item and its length");
    return reader_bytes(r, reader_failed(r) ? 0 : (size_t)length);
}

/* Whose key it is, if a card says so. */
static void say_whose(struct verifying *v, struct item *i, const struct sign_public *key)
{
    for (size_t j = 0; j < v->holders_n; j++) {
        const struct holder *h = &v->holders[j];
        const struct sign_public *keys[] = {&h->acts, &h->checkpoints, &h->witness, &h->mirror};
        for (size_t k = 0; k < 4; k++)
            if (!memcmp(keys[k]->b, key->b, 32)) {
                verify_say(v, VERIFY_PROVED, i->name, "the key is that of %.*s (%.*s), by its card",
                           BYTES_FMT(h->slug), BYTES_FMT(h->name));
                return;
            }
    }
    verify_say(v, VERIFY_UNKNOWN, i->name, "whose key that is: no card here names it");
}

static bool contradicts(struct bytes kind, const struct head *a, const struct head *b, uint64_t ta,
                        uint64_t tb, const struct hash *path, size_t n)
{
    struct hash old_root, root;

    if (!bytes_equal(a->origin, b->origin))
        return false;
    if (bytes_are(kind, "same-size"))
        return a->size == b->size && !hash_equal(&a->root, &b->root);
    if (bytes_are(kind, "backwards"))
        return a->size < b->size && ta > tb;
    return bytes_are(kind, "fork") && prefix_roots(a->size, b->size, path, n, &old_root, &root) &&
           hash_equal(&root, &b->root) && !hash_equal(&old_root, &a->root);
}

void verify_heads(struct verifying *v, struct item *i)
{
    struct reader r = reader_of(i->bytes);
    struct signed_text note[2];
    struct bytes kind, line, raw[2];
    struct hash path[64];
    struct accused who;
    struct head head[2];
    uint64_t time[2] = {0}, n = 0;
    bool ok;

    i->used = true;
    reader_expect_line(&r, "entente/tlog-evidence/v1");
    kind = reader_line(&r);
    line = reader_line(&r);
    raw[0] = counted(&r, "note");
    raw[1] = counted(&r, "note");
    if (bytes_are(kind, "fork")) {
        struct bytes count = reader_line(&r);
        if (!bytes_start_with(count, "path ") ||
            !decimal_parse(bytes_part(count, 5, SIZE_MAX), &n) || n > 63)
            reader_fail(&r, "a path");
        for (size_t j = 0; !reader_failed(&r) && j < n; j++)
            reader_base64_line(&r, path[j].b, sizeof path[j].b);
    }
    ok = reader_end(&r, NULL) && read_accused(line, &who);
    for (int j = 0; ok && j < 2; j++)
        ok = split_note(raw[j], &note[j]) && read_head(note[j].text, &head[j]) &&
             signed_by(&note[j], who.name, who.type, &who.key, &time[j]);
    if (!ok || !contradicts(kind, &head[0], &head[1], time[0], time[1], path, (size_t)n)) {
        verify_say(v, VERIFY_FAILED, i->name,
                   "it proves nothing: malformed, not signed by the key it "
                   "accuses, or no contradiction");
        return;
    }
    verify_say(
        v, VERIFY_PROVED, i->name,
        bytes_are(kind, "same-size")
            ? N_("one key signed two different contents of the log %.*s at the same size, %llu")
            : N_("one key signed two heads of the log %.*s, of which the larger does not go on "
                 "from "
                 "the smaller, of size %llu"),
        BYTES_FMT(head[0].origin), (unsigned long long)head[0].size);
    say_whose(v, i, &who.key);
    verify_say(v, VERIFY_UNKNOWN, i->name,
               "why: a theft of the key, a restored backup and intent leave the same trace");
}

void verify_two_acts(struct verifying *v, struct item *i)
{
    struct reader r = reader_of(i->bytes);
    struct bytes line, raw[2];
    struct accused who;
    struct said said[2];
    bool ok;

    i->used = true;
    reader_expect_line(&r, "entente/act-evidence/v1");
    reader_expect_line(&r, "double-sequence");
    line = reader_line(&r);
    raw[0] = counted(&r, "act");
    raw[1] = counted(&r, "act");
    ok = reader_end(&r, NULL) && read_accused(line, &who) && who.type == 1;
    for (int j = 0; ok && j < 2; j++)
        ok = read_said(raw[j], v->a, &said[j], NULL) &&
             signed_by(&said[j].note, who.name, 1, &who.key, NULL);
    if (!ok || said[0].seq != said[1].seq || !bytes_equal(said[0].from, said[1].from) ||
        !bytes_equal(said[0].agreement, said[1].agreement) ||
        hash_equal(&said[0].text_hash, &said[1].text_hash)) {
        verify_say(v, VERIFY_FAILED, i->name,
                   "it proves nothing: malformed, not signed by the key it "
                   "accuses, or no contradiction");
        return;
    }
    verify_say(v, VERIFY_PROVED, i->name,
               "%.*s signed two different acts as number %llu under agreement %.*s",
               BYTES_FMT(said[0].from), (unsigned long long)said[0].seq,
               BYTES_FMT(bytes_part(said[0].agreement, 0, 12)));
    say_whose(v, i, &who.key);
    verify_say(v, VERIFY_UNKNOWN, i->name,
               "why: a theft of the key, a restored backup and intent leave the same trace");
}
