/* Signed notes, heads, cosignatures and trees, once more and by themselves: C2SP signed-note,
 * tlog-checkpoint, tlog-cosignature; RFC 6962 section 2.1. */
#include "verify/verify_impl.h"

bool split_note(struct bytes note, struct signed_text *out)
{
    size_t at = bytes_find_last(note, BYTES("\n\n"));

    if (at == SIZE_MAX || !utf8_valid(note) || note.p[note.n - 1] != '\n')
        return false;
    out->text = bytes_part(note, 0, at + 1);
    out->block = bytes_part(note, at + 2, SIZE_MAX);
    return out->block.n > 0;
}

void key_id(const char *name, uint8_t type, const struct sign_public *key, uint8_t id[4])
{
    struct sha256 h;
    struct hash all;

    sha256_start(&h);
    sha256_add(&h, bytes_text(name));
    sha256_add(&h, BYTES("\n"));
    sha256_add(&h, bytes_of(&type, 1));
    sha256_add(&h, bytes_of(key->b, 32));
    sha256_end(&h, &all);
    memcpy(id, all.b, 4);
}

/* "— name base64": its name and decoded payload. */
static bool read_line(struct bytes line, struct bytes *name, uint8_t payload[128], size_t *n)
{
    static const char dash[] = "\xe2\x80\x94 ";
    size_t space;

    if (!bytes_start_with(line, dash))
        return false;
    line = bytes_part(line, sizeof dash - 1, SIZE_MAX);
    space = bytes_find_byte(line, ' ');
    *name = bytes_part(line, 0, space);
    *n = 128;
    return name->n && base64_decode(payload, n, bytes_part(line, space + 1, SIZE_MAX));
}

static bool cosigned_text(struct bytes text, uint64_t time, const struct sign_public *key,
                          const struct signature *s)
{
    uint8_t message[1024];
    int n = snprintf((char *)message, sizeof message, "cosignature/v1\ntime %llu\n",
                     (unsigned long long)time);

    if (n < 0 || text.n > sizeof message - (size_t)n)
        return false;
    memcpy(message + n, text.p, text.n);
    return sign_verify(key, bytes_of(message, (size_t)n + text.n), s);
}

enum line_state line_next(const struct signed_text *s, struct bytes *rest, const char *name,
                          uint8_t type, const uint8_t id[4], const struct sign_public *key,
                          uint64_t *time)
{
    size_t n, head = type == 4 ? 12 : 4;
    struct bytes line, who;
    uint8_t payload[128];

    while (bytes_next_line(rest, &line)) {
        struct signature sig;
        uint64_t t = 0;
        if (!read_line(line, &who, payload, &n) || !bytes_are(who, name) ||
            n != head + sizeof sig.b || memcmp(payload, id, 4))
            continue;
        for (size_t i = 4; i < head; i++)
            t = t << 8 | payload[i];
        memcpy(sig.b, payload + head, sizeof sig.b);
        if (!(type == 4 ? cosigned_text(s->text, t, key, &sig) : sign_verify(key, s->text, &sig)))
            return LINE_WRONG;
        if (time)
            *time = t;
        return LINE_GOOD;
    }
    return LINE_ABSENT;
}

enum line_state line_by_valid(const struct signed_text *s, const char *name, uint8_t type,
                              const struct sign_public *key, uint64_t *time)
{
    struct bytes rest = s->block;
    uint8_t id[4];

    key_id(name, type, key, id);
    return line_next(s, &rest, name, type, id, key, time);
}

enum line_state line_by(const struct signed_text *s, const char *name, uint8_t type,
                        const struct sign_public *key, uint64_t *time)
{
    enum line_state state = line_by_valid(s, name, type, key, time);

    return state == LINE_GOOD && !sign_public_valid(key) ? LINE_WRONG : state;
}

bool signed_by(const struct signed_text *s, const char *name, uint8_t type,
               const struct sign_public *key, uint64_t *time)
{
    return line_by(s, name, type, key, time) == LINE_GOOD;
}

bool read_vkey(struct bytes vkey, char name[256], uint8_t *type, struct sign_public *key)
{
    size_t plus = bytes_find_byte(vkey, '+');
    struct bytes rest = bytes_part(vkey, plus + 1, SIZE_MAX);
    size_t second = bytes_find_byte(rest, '+');
    uint8_t raw[33], id[4], want[4];
    size_t n = sizeof raw;

    if (plus == 0 || plus > 255 || !hex_decode(id, 4, bytes_part(rest, 0, second)) ||
        !base64_decode(raw, &n, bytes_part(rest, second + 1, SIZE_MAX)) || n != 33)
        return false;
    memcpy(name, vkey.p, plus);
    name[plus] = '\0';
    *type = raw[0];
    memcpy(key->b, raw + 1, 32);
    key_id(name, *type, key, want);
    return !memcmp(id, want, 4);
}

bool read_head(struct bytes text, struct head *out)
{
    struct reader r = reader_of(text);

    out->origin = reader_line(&r);
    out->size = reader_decimal_line(&r);
    reader_base64_line(&r, out->root.b, sizeof out->root.b);
    return reader_end(&r, NULL) && out->size <= INT64_MAX;
}

/* ---- trees ---- */

static void hash_pair(const struct hash *l, const struct hash *r, struct hash *out)
{
    struct sha256 h;

    sha256_start(&h);
    sha256_add(&h, bytes_of("\1", 1));
    sha256_add(&h, hash_bytes(l));
    sha256_add(&h, hash_bytes(r));
    sha256_end(&h, out);
}

void leaf_of(struct bytes entry, struct hash *out)
{
    struct sha256 h;

    sha256_start(&h);
    sha256_add(&h, bytes_of("\0", 1));
    sha256_add(&h, entry);
    sha256_end(&h, out);
}

void frontier_add(struct frontier *f, const struct hash *leaf)
{
    struct hash h = *leaf;
    int level = 0;

    for (; f->size >> level & 1; level++)
        hash_pair(&f->h[level], &h, &h);
    f->h[level] = h;
    f->size++;
}

void frontier_root(const struct frontier *f, struct hash *out)
{
    bool any = false;

    sha256(bytes_of(NULL, 0), out);
    for (int level = 0; level < 63; level++) {
        if (!(f->size >> level & 1))
            continue;
        if (any)
            hash_pair(&f->h[level], out, out);
        else
            *out = f->h[level];
        any = true;
    }
}

static unsigned bit_length(uint64_t x)
{
    unsigned n = 0;

    for (; x; x >>= 1)
        n++;
    return n;
}

static unsigned ones(uint64_t x)
{
    unsigned n = 0;

    for (; x; x &= x - 1)
        n++;
    return n;
}

bool included(const struct hash *leaf, uint64_t index, uint64_t size, const struct hash *proof,
              size_t n, const struct hash *root)
{
    unsigned inner;
    struct hash h = *leaf;

    if (index >= size)
        return false;
    inner = bit_length(index ^ (size - 1));
    if (n != inner + ones(inner < 64 ? index >> inner : 0))
        return false;
    for (size_t j = 0; j < n; j++)
        if (j < inner && !(index >> j & 1))
            hash_pair(&h, &proof[j], &h);
        else
            hash_pair(&proof[j], &h, &h);
    return hash_equal(&h, root);
}

bool prefix_roots(uint64_t small, uint64_t large, const struct hash *path, size_t n,
                  struct hash *old_root, struct hash *root)
{
    unsigned inner, shift = 0;
    uint64_t mask;

    if (small == 0 || small >= large || n == 0)
        return false;
    while (!(small >> shift & 1))
        shift++;
    inner = bit_length((small - 1) ^ (large - 1)) - shift;
    mask = (small - 1) >> shift;
    if (n != 1 + inner + ones(inner < 64 ? mask >> inner : 0))
        return false;
    *old_root = *root = path[0];
    for (size_t j = 0; j + 1 < n; j++) {
        const struct hash *p = &path[j + 1];
        if (j >= inner || mask >> j & 1) {
            hash_pair(p, old_root, old_root);
            hash_pair(p, root, root);
        } else {
            hash_pair(root, p, root);
        }
    }
    return true;
}

bool grew(uint64_t small, const struct hash *old_root, uint64_t large, const struct hash *root,
          const struct hash *path, size_t n)
{
    struct hash seeded[65], was, is;
    bool whole = small && !(small & (small - 1)); /* the old tree is one subtree: its own seed */

    if (small == large)
        return n == 0 && hash_equal(old_root, root);
    if (n > 63)
        return false;
    if (whole)
        seeded[0] = *old_root;
    if (n)
        memcpy(seeded + whole, path, n * sizeof *path);
    return prefix_roots(small, large, seeded, n + whole, &was, &is) && hash_equal(&was, old_root) &&
           hash_equal(&is, root);
}
