/* The archive is read from its first byte to its last, and the directory at its end is held to what
 * was met on the way (APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12, 4.3.16). */
#include "verify/zip.h"
#include "base/crc32.h"
#include "base/text.h"

#define LOCAL 0x04034b50u
#define CENTRAL 0x02014b50u
#define END 0x06054b50u
#define LOCAL_BYTES 30
#define CENTRAL_BYTES 46
#define END_BYTES 22

/* What stands in every header alike: see doc/formats/dossier.md. */
#define NEEDED 10             /* version 1.0: stored files */
#define MADE_BY (3 << 8 | 10) /* Unix, so that the mode below is understood */
#define DATE 0x0021           /* 1980-01-01, the first there is */
#define MODE (0100644u << 16) /* a plain file */

struct zip {
    struct bytes in;
    size_t at;
    struct zip_file *files;
    size_t n, cap;
    const char *wrong; /* what was not as it must be; NULL: nothing */
};

static uint32_t get(struct zip *z, unsigned bytes)
{
    uint32_t v = 0;

    if (z->wrong || z->in.n - z->at < bytes) {
        z->wrong = z->wrong ? z->wrong : "it ends too early";
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint32_t)z->in.p[z->at + i] << 8 * i;
    z->at += bytes;
    return v;
}

static void want(struct zip *z, unsigned bytes, uint32_t value, const char *else_wrong)
{
    size_t at = z->at;

    if (get(z, bytes) == value || z->wrong)
        return;
    z->at = at;
    z->wrong = else_wrong;
}

static struct bytes take(struct zip *z, size_t n)
{
    struct bytes b = {0};

    if (z->wrong || z->in.n - z->at < n) {
        z->wrong = z->wrong ? z->wrong : "it ends too early";
        return b;
    }
    b = bytes_of(z->in.p + z->at, n);
    z->at += n;
    return b;
}

/* Letters, digits, '.', '_', '-', and '/' between parts that do not begin with a dot: nothing that
 * climbs, hides, or means something else on another system. */
static bool plain_name(struct bytes name)
{
    bool start = true;

    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '-';
        if (!word && (start || (c != '.' && c != '/')))
            return false;
        start = c == '/';
    }
    return name.n && !start;
}

/* Ascending, so that no name can stand twice; only `mimetype` comes before all others. */
static bool in_order(const struct zip *z, struct bytes name)
{
    const struct zip_file *last = z->n ? &z->files[z->n - 1] : NULL;

    return !last ||
           (bytes_are(last->name, "mimetype") && z->n == 1 && !bytes_are(name, "mimetype")) ||
           bytes_compare(last->name, name) < 0;
}

static bool add(struct zip *z, struct zip_file f, struct arena *a, struct err *e)
{
    if (z->n == LIMIT_DOSSIER_FILES)
        return err_fail(e, ERR_LIMIT, "more than %d files", LIMIT_DOSSIER_FILES);
    if (z->n == z->cap) {
        size_t cap = z->cap ? z->cap * 4 : 64;
        struct zip_file *more = arena_get_array(a, cap, sizeof *more, e);
        if (!more)
            return false;
        if (z->n)
            memcpy(more, z->files, z->n * sizeof *more);
        z->files = more;
        z->cap = cap;
    }
    z->files[z->n++] = f;
    return true;
}

/* Name length, no extra field: the same in both headers. */
static uint32_t name_length(struct zip *z)
{
    uint32_t n = get(z, 2);

    if (!z->wrong && (n == 0 || n > LIMIT_DOSSIER_NAME)) {
        z->at -= 2;
        z->wrong = "a name of no length, or too long";
    }
    want(z, 2, 0, "there is an extra field");
    return n;
}

static void read_common(struct zip *z)
{
    want(z, 2, NEEDED, "it is no stored file of version 1.0");
    want(z, 2, 0, "a flag is set: encryption, or sizes behind the bytes");
    want(z, 2, 0, "it is compressed");
    want(z, 2, 0, "it has a time");
    want(z, 2, DATE, "it has a date");
}

static struct zip_file read_local(struct zip *z)
{
    struct zip_file f = {0};
    uint32_t size, n;

    read_common(z);
    f.crc = get(z, 4);
    size = get(z, 4);
    want(z, 4, size, "two sizes differ");
    n = name_length(z);
    f.name = take(z, n);
    if (!z->wrong && (!plain_name(f.name) || !in_order(z, f.name))) {
        z->at -= n;
        z->wrong = plain_name(f.name) ? "a name is out of order" : "a name of other characters";
    }
    f.bytes = take(z, size);
    return f;
}

static void read_central(struct zip *z, const struct zip_file *f)
{
    size_t header = (size_t)(f->name.p - z->in.p) - LOCAL_BYTES;

    want(z, 4, CENTRAL, "the directory lacks an entry");
    want(z, 2, MADE_BY, "it was made by something else");
    read_common(z);
    want(z, 4, f->crc, "the directory has another checksum");
    want(z, 4, (uint32_t)f->bytes.n, "the directory has another size");
    want(z, 4, (uint32_t)f->bytes.n, "the directory has another size");
    want(z, 2, (uint32_t)f->name.n, "the directory has another name");
    want(z, 2, 0, "there is an extra field");
    want(z, 2, 0, "there is a comment");
    want(z, 2, 0, "it is on another disk");
    want(z, 2, 0, "an attribute is set");
    want(z, 4, MODE, "it is no plain file");
    want(z, 4, (uint32_t)header, "the directory points elsewhere");
    if (!z->wrong && !bytes_equal(bytes_part(z->in, z->at, f->name.n), f->name))
        z->wrong = "the directory has another name";
    take(z, f->name.n);
}

static void read_end(struct zip *z, size_t from)
{
    size_t size = z->at - from;

    want(z, 4, END, "the directory has more entries than there are files");
    want(z, 4, 0, "it is in several parts");
    want(z, 2, (uint32_t)z->n, "the count of files is wrong");
    want(z, 2, (uint32_t)z->n, "the count of files is wrong");
    want(z, 4, (uint32_t)size, "the size of the directory is wrong");
    want(z, 4, (uint32_t)from, "the place of the directory is wrong");
    want(z, 2, 0, "there is a comment");
    if (!z->wrong && z->at != z->in.n)
        z->wrong = "something stands behind its end";
}

/* The name in the local header there, if one can be made out: for people. */
static struct bytes name_near(struct bytes in, size_t header)
{
    struct bytes h = bytes_part(in, header, LOCAL_BYTES);
    size_t n = h.n == LOCAL_BYTES ? h.p[26] | (size_t)h.p[27] << 8 : 0;
    struct bytes name = bytes_part(in, header + LOCAL_BYTES, n < LIMIT_DOSSIER_NAME ? n : 0);

    return plain_name(name) ? name : bytes_of(NULL, 0);
}

/* Where it went wrong, and within which file. */
static bool not_so(const struct zip *z, struct bytes near, struct err *e)
{
    char name[LIMIT_DOSSIER_NAME * 4 + 1];

    text_escape(name, sizeof name, near);
    return err_fail(e, ERR_INPUT, "%s%sbyte %zu: %s", name, near.n ? ": " : "", z->at, z->wrong);
}

bool zip_read(struct bytes in, struct arena *a, struct zip_file **files, size_t *n, struct err *e)
{
    struct zip z = {.in = in};
    size_t from;

    if (in.n > LIMIT_DOSSIER_BYTES)
        return err_fail(e, ERR_LIMIT, "it has more than %zu bytes", LIMIT_DOSSIER_BYTES);
    for (from = 0; get(&z, 4) == LOCAL; from = z.at) {
        struct zip_file f = read_local(&z);
        if (z.wrong)
            return not_so(&z, name_near(in, from), e);
        if (!add(&z, f, a, e))
            return false;
    }
    if (z.n == 0)
        return err_fail(e, ERR_INPUT, "byte 0: it is no dossier (no ZIP archive of stored files)");
    z.at = z.wrong ? z.at : from;
    for (size_t i = 0; i < z.n && !z.wrong; i++) {
        read_central(&z, &z.files[i]);
        if (z.wrong)
            return not_so(&z, z.files[i].name, e);
    }
    read_end(&z, from);
    if (z.wrong)
        return not_so(&z, bytes_of(NULL, 0), e);
    *files = z.files;
    *n = z.n;
    return true;
}

bool zip_intact(const struct zip_file *f)
{
    return crc32_of(f->bytes) == f->crc;
}
