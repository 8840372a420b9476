/* input: what a file is, stage by stage, and on to the scanner. */
#include "watch/input_impl.h"

#include <stdlib.h>

#define READ ((size_t)256 << 10)
#define SNIFF 4 /* bytes that tell what a stream is */

enum kind { KIND_UNKNOWN, KIND_PLAIN, KIND_GZIP, KIND_ZSTD, KIND_UTF16, KIND_CAPTURE };

/* Two of these: the file itself, and what is inside of compression. */
struct stage {
    enum kind kind;
    uint8_t first[SNIFF];
    size_t n_first;
};

struct watch_input {
    const struct os *os;
    struct watch_scanner *scanner;
    struct watch_input_counts counts;
    struct stage outer, inner;
    struct unpack *unpack;
    struct capture *capture;
    struct utf16 utf16;
    uint8_t *room;
    bool two_threads;
};

struct watch_input *watch_input_new(const struct os *os, struct watch_scanner *s, struct err *e)
{
    struct watch_input *in = calloc(1, sizeof *in);

    if (in)
        in->room = malloc(READ);
    if (!in || !in->room) {
        free(in);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    in->os = os;
    in->scanner = s;
    in->two_threads = os == os_system();
    return in;
}

void watch_input_threads(struct watch_input *in, bool two)
{
    in->two_threads = two;
}

static void stream_reset(struct watch_input *in)
{
    uint64_t packets, others;

    if (in->capture) {
        capture_counts(in->capture, &packets, &others);
        in->counts.packets += packets;
        in->counts.not_packets += others;
    }
    unpack_free(in->unpack);
    capture_free(in->capture);
    in->unpack = NULL;
    in->capture = NULL;
    in->outer = in->inner = (struct stage){0};
    in->utf16 = (struct utf16){0};
}

void watch_input_free(struct watch_input *in)
{
    if (!in)
        return;
    stream_reset(in);
    free(in->room);
    free(in);
}

static bool to_scanner(void *self, struct bytes part, struct err *e)
{
    struct watch_input *in = self;
    return watch_scan(in->scanner, part, e);
}

/* ---- inside: text, UTF-16 or a capture --------------------------------------------------------
 */

static bool inner_begin(struct watch_input *in, struct err *e)
{
    const uint8_t *f = in->inner.first;
    bool enough = in->inner.n_first == SNIFF;

    in->inner.kind = KIND_PLAIN;
    if (in->inner.n_first >= 2 &&
        ((f[0] == 0xff && f[1] == 0xfe) || (f[0] == 0xfe && f[1] == 0xff))) {
        in->inner.kind = KIND_UTF16;
        in->utf16 = (struct utf16){.big = f[0] == 0xfe};
    }
    if (enough && capture_begins(f)) {
        in->inner.kind = KIND_CAPTURE;
        in->capture = capture_new(e);
        return in->capture != NULL;
    }
    return true;
}

static bool inner_give(struct watch_input *in, struct bytes part, struct err *e)
{
    struct flow to = {to_scanner, in};

    if (part.n == 0)
        return true;
    if (in->inner.kind == KIND_UTF16)
        return utf16_part(&in->utf16, part, &to, e);
    if (in->inner.kind == KIND_CAPTURE)
        return capture_part(in->capture, part, &to, e);
    return to_scanner(in, part, e);
}

/* The bytes that were held back to see what this is. */
static bool inner_give_first(struct watch_input *in, struct err *e)
{
    size_t skip = in->inner.kind == KIND_UTF16 ? 2 : 0;
    return inner_give(in, bytes_of(in->inner.first + skip, in->inner.n_first - skip), e);
}

/* Fill a stage's first bytes; true once there are enough. */
static bool sniff(struct stage *st, struct bytes *part)
{
    while (st->n_first < SNIFF && part->n) {
        st->first[st->n_first++] = *part->p;
        *part = bytes_of(part->p + 1, part->n - 1);
    }
    return st->n_first == SNIFF;
}

static bool inner_part(void *self, struct bytes part, struct err *e)
{
    struct watch_input *in = self;

    if (in->inner.kind == KIND_UNKNOWN) {
        if (!sniff(&in->inner, &part))
            return true;
        if (!inner_begin(in, e) || !inner_give_first(in, e))
            return false;
    }
    return inner_give(in, part, e);
}

/* ---- outside: compressed or not
 * ------------------------------------------------------------------ */

static bool outer_begin(struct watch_input *in, struct err *e)
{
    const uint8_t *f = in->outer.first;
    bool enough = in->outer.n_first == SNIFF;

    in->outer.kind = KIND_PLAIN;
    if (in->outer.n_first >= 2 && f[0] == 0x1f && f[1] == 0x8b) {
        in->outer.kind = KIND_GZIP;
        in->unpack = unpack_gzip(e);
        return in->unpack != NULL;
    }
    if (enough && ((f[0] == 0x28 && f[1] == 0xb5 && f[2] == 0x2f && f[3] == 0xfd) ||
                   ((f[0] & 0xf0) == 0x50 && f[1] == 0x2a && f[2] == 0x4d && f[3] == 0x18))) {
        in->outer.kind = KIND_ZSTD;
        in->unpack = unpack_zstd(e);
        return in->unpack != NULL;
    }
    return true;
}

static bool outer_give(struct watch_input *in, struct bytes part, struct err *e)
{
    struct flow to = {inner_part, in};

    if (part.n == 0)
        return true;
    return in->unpack ? unpack_part(in->unpack, part, &to, e) : inner_part(in, part, e);
}

bool watch_input_bytes(struct watch_input *in, struct bytes part, struct err *e)
{
    in->counts.bytes += part.n;
    if (in->outer.kind == KIND_UNKNOWN) {
        if (!sniff(&in->outer, &part))
            return true;
        if (!outer_begin(in, e) || !outer_give(in, bytes_of(in->outer.first, SNIFF), e))
            return false;
    }
    return outer_give(in, part, e);
}

/* Close each stage, even if one before it failed: what is there is searched. */
bool watch_input_end(struct watch_input *in, struct err *e)
{
    struct flow to = {to_scanner, in};
    struct err later = {0};
    bool ok = true;

    if (in->outer.kind == KIND_UNKNOWN)
        ok = outer_begin(in, e) && outer_give(in, bytes_of(in->outer.first, in->outer.n_first), e);
    if (ok && in->unpack)
        ok = unpack_end(in->unpack, e);
    if (in->inner.kind == KIND_UNKNOWN)
        ok = inner_begin(in, ok ? e : &later) && inner_give_first(in, ok ? e : &later) && ok;
    if (in->capture)
        ok = capture_end(in->capture, &to, ok ? e : &later) && ok;
    ok = watch_scan_end(in->scanner, ok ? e : &later) && ok;
    in->counts.files++;
    stream_reset(in);
    return ok;
}

/* A large compressed file: another thread unpacks while this one searches. */
static bool read_packed(struct watch_input *in, struct os_file *f, size_t got, struct err *e)
{
    struct pump_job job = {in->os, f, got, bytes_of(in->room, got), in->unpack};
    struct flow to = {inner_part, in};
    uint64_t read;
    bool ok = pump(&job, &to, &read, e);

    in->counts.bytes += got + read;
    return ok;
}

static bool read_all(struct watch_input *in, struct os_file *f, struct err *e)
{
    struct bytes head = {in->room, SNIFF};
    uint64_t at = 0;
    size_t got;

    do {
        if (!in->os->ops->read(in->os->self, f, at, in->room, READ, &got, e))
            return false;
        if (at == 0 && got == READ && in->two_threads) {
            sniff(&in->outer, &head);
            if (!outer_begin(in, e))
                return false;
            if (in->unpack)
                return read_packed(in, f, got, e);
            in->outer = (struct stage){0};
        }
        if (!watch_input_bytes(in, bytes_of(in->room, got), e))
            return false;
        at += got;
    } while (got);
    return true;
}

bool watch_input_file(struct watch_input *in, const char *path, struct err *e)
{
    const char *name = strcmp(path, "-") ? path : "/dev/stdin";
    struct os_file *f;
    struct err later = {0};
    bool ok;

    if (!os_open(in->os, name, OS_READ, &f, e))
        return false;
    ok = read_all(in, f, e);
    ok = watch_input_end(in, ok ? e : &later) && ok;
    os_close(in->os, f);
    return ok || err_within(e, "%s", path);
}

void watch_input_counts(const struct watch_input *in, struct watch_input_counts *out)
{
    *out = in->counts;
}

/* ---- directories -------------------------------------------------------------------------------
 */

struct walk {
    const struct os *os;
    bool (*each)(void *self, const char *file, struct err *e);
    void *self;
    struct arena *arena;
};

static bool walk(struct walk *w, const char *path, unsigned depth, struct err *e)
{
    struct arena_mark mark = arena_mark(w->arena);
    struct bytes *names;
    struct err not_dir = {0};
    size_t n;
    bool ok = true;

    if (!os_list(w->os, path, w->arena, &names, &n, &not_dir)) {
        if (not_dir.code != ERR_IO) { /* ENOTDIR is what is hoped for */
            return err_pass(e, &not_dir);
        }
        return w->each(w->self, path, e);
    }
    if (depth == LIMIT_WATCH_DEPTH)
        return err_fail(e, ERR_LIMIT, "%s: more than %d directories deep", path, LIMIT_WATCH_DEPTH);
    for (size_t i = 0; ok && i < n; i++) {
        char *file;
        if (names[i].n && names[i].p[0] == '.')
            continue;
        file = arena_format(w->arena, e, "%s/%.*s", path, BYTES_FMT(names[i]));
        ok = file && walk(w, file, depth + 1, e);
    }
    arena_reset(w->arena, mark);
    return ok;
}

bool watch_input_walk(const struct os *os, const char *path,
                      bool (*each)(void *self, const char *file, struct err *e), void *self,
                      struct err *e)
{
    struct walk w = {os, each, self, arena_new((size_t)256 << 20)};
    bool ok;

    if (!w.arena)
        return err_fail(e, ERR_NOMEM, "out of memory");
    ok = walk(&w, path, 0, e);
    arena_free(w.arena);
    return ok;
}
