/* follow: a growing log, through renames and cuts, with a place to begin again. */
#include "base/text.h"
#include "watch/input_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define READ ((size_t)256 << 10)
#define STATE_MAX 4096
#define STATE_MAGIC "entente watch follow 1"

struct watch_follow {
    const struct os *os;
    struct watch_scanner *scanner;
    char *path, *state;
    struct os_file *file; /* NULL: not there yet */
    uint64_t id[2], at;   /* read so far */
    uint64_t renamed, cut, lost;
    uint8_t *room;
};

/* ---- the saved place: magic, device, inode, offset, lines, output's size
 * ------------------------- */

static bool state_read(struct watch_follow *f, uint64_t v[5], bool *there, struct err *e)
{
    struct arena *a = arena_new(2 * STATE_MAX);
    struct bytes text;
    struct err missing = {0};
    bool ok = false;

    *there = false;
    if (!a)
        return err_fail(e, ERR_NOMEM, "out of memory");
    if (!os_read_file(f->os, f->state, STATE_MAX, a, &text, &missing)) {
        ok = missing.code == ERR_MISSING;
        if (!ok)
            err_pass(e, &missing);
    } else {
        struct bytes line;
        ok = bytes_next_line(&text, &line) && bytes_are(line, STATE_MAGIC);
        for (int i = 0; ok && i < 5; i++)
            ok = bytes_next_line(&text, &line) && decimal_parse(line, &v[i]);
        *there = ok;
        if (!ok)
            err_fail(e, ERR_INPUT, "%s: not a saved place in a log", f->state);
    }
    arena_free(a);
    return ok;
}

bool watch_follow_save(struct watch_follow *f, uint64_t output, struct err *e)
{
    char text[256];
    int n;

    n = snprintf(text, sizeof text, STATE_MAGIC "\n%llu\n%llu\n%llu\n%llu\n%llu\n",
                 (unsigned long long)f->id[0], (unsigned long long)f->id[1],
                 (unsigned long long)(f->file ? watch_scan_done(f->scanner) : 0),
                 (unsigned long long)watch_scan_lines(f->scanner), (unsigned long long)output);
    return os_write_file(f->os, f->state, bytes_of(text, (size_t)n), OS_PRIVATE, e);
}

/* ---- opening ----------------------------------------------------------------------------------
 */

/* Open `path` if it is the file with this id. */
static bool open_same(struct watch_follow *f, const char *path, const uint64_t id[2])
{
    uint64_t other[2];
    struct os_file *file;

    if (!os_open(f->os, path, OS_READ, &file, NULL))
        return false;
    if (os_file_id(f->os, file, other, NULL) && memcmp(id, other, sizeof other) == 0) {
        f->file = file;
        return true;
    }
    os_close(f->os, file);
    return false;
}

/* The file under its old name, or under another one in the same directory. */
static bool find_again(struct watch_follow *f, const uint64_t id[2])
{
    struct arena *a = arena_new((size_t)64 << 20);
    const char *slash = strrchr(f->path, '/');
    const char *dir;
    struct bytes *names;
    size_t n;
    bool found = a && open_same(f, f->path, id);

    if (a && !found) {
        dir = slash ? arena_format(a, NULL, "%.*s", (int)(slash - f->path + 1), f->path) : "./";
        if (dir && os_list(f->os, dir, a, &names, &n, NULL))
            for (size_t i = 0; i < n && !found; i++) {
                char *name = arena_format(a, NULL, "%s%.*s", dir, BYTES_FMT(names[i]));
                found = name && open_same(f, name, id);
            }
    }
    arena_free(a);
    return found;
}

/* The log itself from its beginning, if it is there. */
static bool open_new(struct watch_follow *f, struct err *e)
{
    struct err missing = {0};

    f->at = 0;
    if (!os_open(f->os, f->path, OS_READ, &f->file, &missing)) {
        f->file = NULL;
        if (missing.code == ERR_MISSING)
            return true;
        return err_pass(e, &missing);
    }
    watch_scan_at(f->scanner, 0, 0, (struct bytes){0});
    return os_file_id(f->os, f->file, f->id, e);
}

static bool begin(struct watch_follow *f, uint64_t *output, struct err *e)
{
    uint64_t v[5] = {0}, size;
    size_t got;
    bool there;

    *output = 0;
    if (!state_read(f, v, &there, e))
        return false;
    if (!there)
        return open_new(f, e);
    *output = v[4];
    if (!find_again(f, v)) {
        f->lost += v[0] | v[1] ? 1 : 0;
        return open_new(f, e);
    }
    memcpy(f->id, v, sizeof f->id);
    if (!os_size(f->os, f->file, &size, e))
        return false;
    if (size < v[2]) {
        f->cut++;
        v[2] = v[3] = 0;
    }
    f->at = v[2];
    if (!f->os->ops->read(f->os->self, f->file, 0, f->room, v[2] < READ ? (size_t)v[2] : READ, &got,
                          e))
        return false;
    watch_scan_at(f->scanner, v[2], v[3], bytes_of(f->room, got));
    return true;
}

struct watch_follow *watch_follow_open(const struct os *os, const char *path, const char *state,
                                       struct watch_scanner *s, uint64_t *output, struct err *e)
{
    struct watch_follow *f = calloc(1, sizeof *f);

    if (f) {
        f->os = os;
        f->scanner = s;
        f->path = strdup(path);
        f->state = strdup(state);
        f->room = malloc(READ);
    }
    if (!f || !f->path || !f->state || !f->room)
        err_fail(e, ERR_NOMEM, "out of memory");
    else if (begin(f, output, e))
        return f;
    watch_follow_close(f);
    return NULL;
}

void watch_follow_close(struct watch_follow *f)
{
    if (!f)
        return;
    os_close(f->os, f->file);
    free(f->path);
    free(f->state);
    free(f->room);
    free(f);
}

/* ---- steps -------------------------------------------------------------------------------------
 */

static bool read_on(struct watch_follow *f, bool *moved, struct err *e)
{
    size_t got;

    do {
        if (!f->os->ops->read(f->os->self, f->file, f->at, f->room, READ, &got, e))
            return err_within(e, "%s", f->path);
        f->at += got;
        *moved = *moved || got > 0;
        if (got && !watch_scan(f->scanner, bytes_of(f->room, got), e))
            return false;
    } while (got);
    return true;
}

/* The stream is over: its last line too. Then the log under its name, from the beginning. */
static bool start_over(struct watch_follow *f, struct err *e)
{
    if (!watch_scan_end(f->scanner, e))
        return false;
    os_close(f->os, f->file);
    f->file = NULL;
    return open_new(f, e);
}

/* Is the name another file's by now? */
static bool was_renamed(const struct watch_follow *f)
{
    uint64_t id[2];
    struct os_file *now;
    bool other = false;

    if (!os_open(f->os, f->path, OS_READ, &now, NULL))
        return false; /* between the rename and the new file */
    other = os_file_id(f->os, now, id, NULL) && memcmp(id, f->id, sizeof id) != 0;
    os_close(f->os, now);
    return other;
}

bool watch_follow_step(struct watch_follow *f, bool *moved, struct err *e)
{
    uint64_t size;
    bool renamed;

    *moved = false;
    if (!f->file && !open_new(f, e))
        return false;
    if (!f->file)
        return true;          /* not there yet */
    renamed = was_renamed(f); /* before the last read: nothing is written to it after that */
    if (!os_size(f->os, f->file, &size, e))
        return false;
    if (size < f->at) {
        f->cut++;
        *moved = true;
        return start_over(f, e);
    }
    if (!read_on(f, moved, e))
        return false;
    if (!renamed)
        return true;
    f->renamed++;
    *moved = true;
    return start_over(f, e);
}

void watch_follow_counts(const struct watch_follow *f, uint64_t *renamed, uint64_t *cut,
                         uint64_t *lost)
{
    *renamed = f->renamed;
    *cut = f->cut;
    *lost = f->lost;
}
