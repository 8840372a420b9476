#include "tlog_support.h"

static struct sign_key *kept[256];

const struct sign_key *test_key(uint8_t from)
{
    uint8_t seed[32];

    for (unsigned i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t)(from + i);
    assert_true(crypto_init());
    if (!kept[from])
        kept[from] = sign_key_of_seed(seed, NULL);
    assert_non_null(kept[from]);
    return kept[from];
}

void test_keys_free(void)
{
    for (unsigned i = 0; i < 256; i++) {
        sign_key_free(kept[i]);
        kept[i] = NULL;
    }
}

struct checkpoint_key test_log_key(const char *origin, uint8_t seed)
{
    struct checkpoint_key k;
    struct err e = {0};

    must(checkpoint_key_init(&k, bytes_text(origin), test_key(seed), &e), &e);
    return k;
}

struct cosign_key test_cosign_key(const char *name, uint8_t seed)
{
    struct cosign_key k;
    struct err e = {0};

    must(cosign_key_init(&k, bytes_text(name), test_key(seed), &e), &e);
    return k;
}

struct act_key test_act_key(const char *name, uint8_t seed)
{
    struct act_key k;
    struct err e = {0};

    must(act_key_init(&k, bytes_text(name), test_key(seed), &e), &e);
    return k;
}

void test_log_make(struct test_log *l, struct arena *a, const char *origin, uint8_t seed,
                   uint64_t n, const char *salt)
{
    struct err e = {0};

    l->a = a;
    l->origin = origin;
    l->key = test_log_key(origin, seed);
    l->leaf = arena_get_array(a, n + 1, sizeof *l->leaf, &e);
    assert_non_null(l->leaf);
    for (uint64_t i = 0; i < n; i++) {
        struct buf b = buf_in(a);
        buf_decimal(&b, i);
        buf_puts(&b, salt);
        tlog_leaf_hash(buf_view(&b), &l->leaf[i]);
    }
    l->leaves = (struct tlog_leaves){l->leaf, n};
    l->source = tlog_leaves_source(&l->leaves);
}

struct checkpoint test_log_head(const struct test_log *l, uint64_t size)
{
    struct tlog_tree t;
    struct checkpoint c;
    struct err e = {0};

    must(tlog_source_tree(&l->source, size, &t, &e), &e);
    must(checkpoint_of_tree(&t, bytes_text(l->origin), &c, &e), &e);
    return c;
}

struct bytes test_sign_head(const struct test_log *l, const struct checkpoint *c)
{
    struct bytes note;
    struct err e = {0};

    must(checkpoint_sign(&l->key, c, l->a, &note, &e), &e);
    return note;
}

struct bytes test_log_note(const struct test_log *l, uint64_t size)
{
    struct checkpoint c = test_log_head(l, size);

    return test_sign_head(l, &c);
}

struct bytes test_cosign(struct arena *a, const struct cosign_key *k, struct bytes note,
                         uint64_t time)
{
    struct checkpoint c;
    struct note parsed;
    struct bytes line;
    struct err e = {0};

    must(note_parse(note, a, &parsed, &e), &e);
    must(checkpoint_parse(parsed.text, &c, &e), &e);
    must(cosignature_sign(k, &c, time, a, &line, &e), &e);
    must(note_append(note, line, a, &note, &e), &e);
    return note;
}

struct bytes test_sign_raw(struct arena *a, const struct note_key *k, const struct sign_key *secret,
                           struct bytes text, const char *prefix, struct bytes before)
{
    struct buf message = buf_in(a), raw = buf_in(a), out = buf_in(a);
    struct signature s;

    buf_puts(&message, prefix);
    buf_put(&message, text);
    sign_message(secret, buf_view(&message), &s);
    buf_u32(&raw, k->id);
    buf_put(&raw, before);
    buf_put(&raw, bytes_of(s.b, sizeof s.b));
    buf_put(&out, text);
    buf_format(&out, "\n\xe2\x80\x94 %s ", k->name);
    buf_base64(&out, raw.p, raw.n);
    buf_puts(&out, "\n");
    return buf_view(&out);
}

json_t *test_json(const char *file)
{
    struct arena *a = test_arena();
    struct bytes b = test_vector(a, file);
    json_error_t why;
    json_t *j = json_loadb((const char *)b.p, b.n, 0, &why);

    if (!j)
        fail_msg("%s: %s", file, why.text);
    arena_free(a);
    return j;
}

struct bytes test_text(const json_t *o, const char *name)
{
    const json_t *v = name ? json_object_get(o, name) : o;

    if (!json_is_string(v))
        fail_msg("no text \"%s\"", name ? name : "");
    return bytes_of(json_string_value(v), json_string_length(v));
}

struct hash test_hash(const json_t *hex)
{
    struct hash h;

    assert_true(hex_decode(h.b, sizeof h.b, test_text(hex, NULL)));
    return h;
}

struct tlog_proof test_proof(const json_t *array)
{
    struct tlog_proof p = {.n = json_array_size(array)};

    assert_true(json_is_array(array) && p.n <= TLOG_PROOF_MAX);
    for (size_t i = 0; i < p.n; i++)
        p.hash[i] = test_hash(json_array_get(array, i));
    return p;
}

uint64_t test_number(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);

    if (!json_is_integer(v))
        fail_msg("no number \"%s\"", name);
    return (uint64_t)json_integer_value(v);
}

struct bytes test_hex(struct arena *a, const json_t *hex)
{
    struct bytes text = test_text(hex, NULL);
    uint8_t *p = arena_get(a, text.n / 2, NULL);

    assert_non_null(p);
    assert_true(hex_decode(p, text.n / 2, text));
    return bytes_of(p, text.n / 2);
}
