#include "tlog/tlog_impl.h"

/* ---- parsing -------------------------------------------------------------------------------- */

/* Unicode's White_Space, without the control characters, which no note may hold. */
static bool is_space(int32_t c)
{
    return c == ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
           c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Others may have names that ours may not: all of UTF-8 without spaces and '+'. */
static bool foreign_name_valid(struct bytes name)
{
    for (size_t at = 0; at < name.n;) {
        int32_t c = utf8_next(name, &at);
        if (c < 0 || c == '+' || is_space(c))
            return false;
    }
    return name.n != 0;
}

static bool note_bytes_valid(struct bytes in)
{
    for (size_t i = 0; i < in.n; i++)
        if (in.p[i] < 0x20 && in.p[i] != '\n')
            return false;
    return utf8_valid(in);
}

bool note_text_valid(struct bytes text)
{
    return bytes_end_with(text, "\n") && note_bytes_valid(text);
}

static bool parse_line(struct bytes line, struct arena *a, struct note_line *out, struct err *e)
{
    struct bytes rest = bytes_part(line, sizeof EM_DASH " " - 1, SIZE_MAX);
    struct bytes name = bytes_part(rest, 0, bytes_find_byte(rest, ' '));
    struct bytes text = bytes_part(rest, name.n + 1, SIZE_MAX);
    size_t n = text.n / 4 * 3;
    uint8_t *raw;

    if (!bytes_start_with(line, EM_DASH " ") || !foreign_name_valid(name))
        return err_fail(e, ERR_INPUT, "expected an em dash, a key's name and a signature");
    raw = arena_get(a, n, e);
    if (!raw)
        return false;
    if (!base64_decode(raw, &n, text) || n < 5)
        return err_fail(e, ERR_INPUT, "expected the signature in base64");
    *out = (struct note_line){
        .whole = bytes_of(line.p, line.n + 1), /* its line feed is there, see parse_lines */
        .name = name,
        .id = (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3],
        .signature = bytes_of(raw + 4, n - 4)};
    return true;
}

/* `first`: the number of the block's first line, for errors. */
static bool parse_lines(struct bytes block, size_t first, struct arena *a, struct note_line **out,
                        size_t *count, struct err *e)
{
    struct note_line *lines;
    size_t n = 0;

    for (size_t i = 0; i < block.n; i++)
        n += block.p[i] == '\n';
    if (n == 0 || block.p[block.n - 1] != '\n')
        return err_fail(e, ERR_INPUT, "expected signature lines that end in a line feed");
    if (n > LIMIT_NOTE_SIGNATURES)
        return err_fail(e, ERR_LIMIT, "more than %d signatures", LIMIT_NOTE_SIGNATURES);
    lines = arena_get_array(a, n, sizeof *lines, e);
    for (size_t i = 0; lines && i < n; i++) {
        struct bytes line = bytes_part(block, 0, bytes_find_byte(block, '\n'));
        if (!parse_line(line, a, &lines[i], e))
            return err_within(e, "line %zu", first + i);
        block = bytes_part(block, line.n + 1, SIZE_MAX);
    }
    *out = lines;
    *count = n;
    return lines != NULL;
}

bool note_lines_parse(struct bytes in, struct arena *a, struct note_line **out, size_t *n,
                      struct err *e)
{
    if (in.n > LIMIT_NOTE_BYTES)
        return err_fail(e, ERR_LIMIT, "more than %zu bytes of signatures", LIMIT_NOTE_BYTES);
    if (!note_bytes_valid(in))
        return err_fail(e, ERR_INPUT, "signatures that are not UTF-8 without control characters");
    return parse_lines(in, 1, a, out, n, e);
}

bool note_parse(struct bytes in, struct arena *a, struct note *out, struct err *e)
{
    struct note note = {.whole = in};
    size_t split, first = 2;

    if (in.n > LIMIT_NOTE_BYTES)
        return err_fail(e, ERR_LIMIT, "a note of more than %zu bytes", LIMIT_NOTE_BYTES);
    if (!note_bytes_valid(in))
        return err_fail(e, ERR_INPUT, "a note is UTF-8 without control characters");
    split = bytes_find_last(in, BYTES("\n\n"));
    if (split == SIZE_MAX)
        return err_fail(e, ERR_INPUT, "no empty line between the note's text and its signatures");
    note.text = bytes_part(in, 0, split + 1);
    for (size_t i = 0; i < note.text.n; i++)
        first += in.p[i] == '\n';
    if (!parse_lines(bytes_part(in, split + 2, SIZE_MAX), first, a, &note.lines, &note.n, e))
        return false;
    *out = note;
    return true;
}

/* ---- verifying ------------------------------------------------------------------------------ */

static bool names(const struct note_line *l, const struct note_key *k, uint8_t type,
                  const char *name)
{
    bool wanted = type ? k->type == type : k->type == NOTE_ED25519 || k->type == NOTE_COSIGNATURE;

    return wanted && l->id == k->id && bytes_are(l->name, k->name) &&
           (!name || strcmp(k->name, name) == 0);
}

static bool signature_verify(const struct note *note, const struct note_line *l,
                             const struct note_key *k, uint64_t *time)
{
    struct signature s;

    *time = 0;
    if (k->type == NOTE_COSIGNATURE)
        return cosignature_verify(k, note->text, l->signature, time);
    if (l->signature.n != sizeof s.b)
        return false;
    memcpy(s.b, l->signature.p, sizeof s.b);
    return sign_verify(&k->public, note->text, &s);
}

/* Two keys can share a name and, by chance or malice, an id: one of them must have signed. */
static bool match_line(const struct note *note, size_t line, const struct note_key *keys, size_t n,
                       uint8_t type, const char *name, struct note_match *out, size_t *count,
                       struct err *e)
{
    const struct note_line *l = &note->lines[line];
    bool known = false;
    uint64_t time;

    for (size_t i = 0; i < n; i++) {
        if (!names(l, &keys[i], type, name))
            continue;
        if (signature_verify(note, l, &keys[i], &time)) {
            out[(*count)++] = (struct note_match){line, i, time};
            return true;
        }
        known = true;
    }
    if (known)
        return err_fail(e, ERR_PROOF, "the signature by %.*s does not verify", BYTES_FMT(l->name));
    return true;
}

bool note_match_all(const struct note *note, const struct note_key *keys, size_t n, uint8_t type,
                    const char *name, struct note_match out[LIMIT_NOTE_SIGNATURES], size_t *count,
                    struct err *e)
{
    size_t found = 0;

    for (size_t i = 0; i < note->n; i++)
        if (!match_line(note, i, keys, n, type, name, out, &found, e))
            return false;
    *count = found;
    return true;
}

bool note_verify(const struct note *note, const struct note_key *keys, size_t n, bool *signed_by,
                 struct err *e)
{
    struct note_match found[LIMIT_NOTE_SIGNATURES];
    size_t count;

    if (!note_match_all(note, keys, n, 0, NULL, found, &count, e))
        return false;
    if (count == 0)
        return err_fail(e, ERR_PROOF, "no known key has signed the note");
    if (signed_by && n)
        memset(signed_by, 0, n * sizeof *signed_by);
    for (size_t i = 0; signed_by && i < count; i++)
        signed_by[found[i].key] = true;
    return true;
}

/* ---- writing -------------------------------------------------------------------------------- */

void note_line_print(const struct note_key *k, struct bytes signature, struct buf *out)
{
    uint8_t raw[4 + 8 + sizeof(struct signature)];

    for (size_t i = 0; i < 4; i++)
        raw[i] = (uint8_t)(k->id >> (24 - 8 * i));
    memcpy(raw + 4, signature.p, signature.n);
    buf_puts(out, EM_DASH " ");
    buf_puts(out, k->name);
    buf_puts(out, " ");
    buf_base64(out, raw, 4 + signature.n);
    buf_puts(out, "\n");
}

bool note_append(struct bytes note, struct bytes line, struct arena *a, struct bytes *out,
                 struct err *e)
{
    struct buf b = buf_in(a);
    struct note_line *added;
    struct note old;
    size_t n;

    if (!note_parse(note, a, &old, e) || !note_lines_parse(line, a, &added, &n, e))
        return false;
    buf_put(&b, note);
    for (size_t i = 0; i < n; i++) {
        bool there = false;
        for (size_t j = 0; j < old.n; j++)
            there |= bytes_equal(old.lines[j].whole, added[i].whole);
        if (!there)
            buf_put(&b, added[i].whole);
    }
    if (!buf_end(&b, &note, e) || !note_parse(note, a, &old, e)) /* still within the limits? */
        return false;
    *out = note;
    return true;
}

bool act_key_init(struct act_key *k, struct bytes name, const struct sign_key *secret,
                  struct err *e)
{
    struct sign_public public = sign_key_public(secret);

    if (!note_key_of_checked(name, NOTE_ED25519, &public, &k->public, e))
        return false;
    k->secret = secret;
    return true;
}

/* Anybody's reading of a checkpoint: ours, or one with extension lines behind. */
static bool like_a_checkpoint(struct bytes text)
{
    struct reader r = reader_of(text);
    struct hash root;

    reader_line(&r);
    reader_decimal_line(&r);
    reader_base64_line(&r, root.b, sizeof root.b);
    return !reader_failed(&r);
}

bool note_sign(const struct act_key *k, struct bytes text, struct arena *a, struct bytes *out,
               struct err *e)
{
    struct buf b = buf_in(a);
    struct signature s;

    if (!note_text_valid(text))
        return err_fail(e, ERR_INPUT, "a note's text is UTF-8 lines without control characters");
    if (text.n > LIMIT_NOTE_BYTES - 1024)
        return err_fail(e, ERR_LIMIT, "a note of more than %zu bytes", LIMIT_NOTE_BYTES);
    if (like_a_checkpoint(text) || bytes_start_with(text, "cosignature/"))
        return err_fail(e, ERR_INPUT, "this key signs no checkpoints and no cosignatures");
    sign_message(k->secret, text, &s);
    buf_put(&b, text);
    buf_puts(&b, "\n");
    note_line_print(&k->public, bytes_of(s.b, sizeof s.b), &b);
    return buf_end(&b, out, e);
}
