/* sightings: the queue. One small text file, replaced as a whole:
 *
 *     entente sightings 1
 *     taken <name>            a tally that is in here already, and may still be in the spool
 *     wait <row>
 *     say <release, 32 hex digits> <row>
 *     end
 */
#include "lookout/sightings.h"
#include "base/text.h"
#include "lookout/sightings_impl.h"

#include <stdlib.h>
#include <time.h>

#define MAGIC "entente sightings 1"
#define QUEUE_MOST ((size_t)512 << 20)
#define WAIT_TRIES 500 /* of 20 ms */

struct row_of_queue {
    struct sighting s;
    bool saying;
    uint8_t release[16];
};

struct sightings {
    const struct os *os;
    struct os_file *lock;
    struct arena *arena;
    const char *dir, *path;
    struct row_of_queue *rows;
    size_t n, cap;
    const struct sighting **waiting;
    size_t waiting_n;
    struct bytes *taken;
    size_t taken_n, taken_cap;
};

/* ---- rows
 * ------------------------------------------------------------------------------------------- */

static int compare(const struct sighting *a, const struct sighting *b)
{
    int o = strcmp(a->agreement, b->agreement);

    if (!o)
        o = strcmp(a->slug, b->slug);
    return o ? o : memcmp(a->uuid, b->uuid, sizeof a->uuid);
}

static int by_row(const void *a, const void *b)
{
    const struct row_of_queue *x = a, *y = b;
    int o = (int)x->saying - (int)y->saying;

    if (!o)
        o = compare(&x->s, &y->s);
    return o ? o : memcmp(x->release, y->release, sizeof x->release);
}

static int by_lines(const void *a, const void *b)
{
    const struct sighting *x = *(const struct sighting *const *)a,
                          *y = *(const struct sighting *const *)b;
    int o = strcmp(x->agreement, y->agreement);

    if (!o)
        o = strcmp(x->slug, y->slug);
    if (!o)
        o = (x->count < y->count) - (x->count > y->count);
    return o ? o : memcmp(x->uuid, y->uuid, sizeof x->uuid);
}

static void add_up(struct sighting *to, const struct sighting *more)
{
    to->count += more->count;
    if (more->first_us && (!to->first_us || more->first_us < to->first_us))
        to->first_us = more->first_us;
    if (more->last_us > to->last_us)
        to->last_us = more->last_us;
    if (more->act > to->act)
        to->act = more->act;
}

static bool push(struct sightings *s, const struct sighting *row, const uint8_t *release)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 256;
        struct row_of_queue *rows = realloc(s->rows, cap * sizeof *rows);
        if (!rows)
            return false;
        s->rows = rows;
        s->cap = cap;
    }
    s->rows[s->n] = (struct row_of_queue){.s = *row, .saying = release != NULL};
    if (release)
        memcpy(s->rows[s->n].release, release, 16);
    s->n++;
    return true;
}

static bool push_waiting(void *self, const struct sighting *row)
{
    return push(self, row, NULL);
}

/* Sort, and add up what waits for the same indicator. */
static bool settle(struct sightings *s, struct err *e)
{
    size_t to = 0;

    if (s->n)
        qsort(s->rows, s->n, sizeof *s->rows, by_row);
    for (size_t i = 0; i < s->n; i++) {
        if (to && !s->rows[i].saying && !compare(&s->rows[to - 1].s, &s->rows[i].s))
            add_up(&s->rows[to - 1].s, &s->rows[i].s);
        else
            s->rows[to++] = s->rows[i];
    }
    s->n = to;
    free(s->waiting);
    s->waiting = calloc(s->n + 1, sizeof *s->waiting);
    if (!s->waiting)
        return err_fail(e, ERR_NOMEM, "out of memory");
    s->waiting_n = 0;
    for (size_t i = 0; i < s->n && !s->rows[i].saying; i++)
        s->waiting[s->waiting_n++] = &s->rows[i].s;
    if (s->waiting_n)
        qsort(s->waiting, s->waiting_n, sizeof *s->waiting, by_lines);
    return true;
}

size_t sightings_count(const struct sightings *s)
{
    return s->waiting_n;
}

const struct sighting *sightings_at(const struct sightings *s, size_t i)
{
    return s->waiting[i];
}

/* ---- the file
 * ------------------------------------------------------------------------------------------- */

static bool name_taken(struct sightings *s, struct bytes name, struct err *e)
{
    if (s->taken_n == s->taken_cap) {
        size_t cap = s->taken_cap ? 2 * s->taken_cap : 64;
        struct bytes *more = realloc(s->taken, cap * sizeof *more);
        if (!more)
            return err_fail(e, ERR_NOMEM, "out of memory");
        s->taken = more;
        s->taken_cap = cap;
    }
    return arena_copy(s->arena, name, &s->taken[s->taken_n++], e);
}

static bool read_line(struct sightings *s, struct bytes line, struct err *e)
{
    struct sighting row;
    uint8_t release[16];

    if (bytes_start_with(line, "taken "))
        return name_taken(s, bytes_part(line, 6, SIZE_MAX), e);
    if (bytes_start_with(line, "wait ") && sighting_read(bytes_part(line, 5, SIZE_MAX), &row))
        return push(s, &row, NULL) || err_fail(e, ERR_NOMEM, "out of memory");
    if (bytes_start_with(line, "say ") && hex_decode(release, 16, bytes_part(line, 4, 32)) &&
        sighting_read(bytes_part(line, 37, SIZE_MAX), &row))
        return push(s, &row, release) || err_fail(e, ERR_NOMEM, "out of memory");
    return err_fail(e, ERR_INPUT, "%s is damaged", s->path);
}

static bool read_queue(struct sightings *s, struct err *e)
{
    struct bytes text, line;
    struct arena *a;
    bool ok, end = false;

    if (!os_exists(s->os, s->path))
        return true;
    a = arena_new(QUEUE_MOST);
    ok = (a || err_fail(e, ERR_NOMEM, "out of memory")) &&
         os_read_file(s->os, s->path, QUEUE_MOST / 2, a, &text, e);
    if (ok && (!bytes_next_line(&text, &line) || !bytes_are(line, MAGIC)))
        ok = err_fail(e, ERR_INPUT, "%s is no queue of sightings", s->path);
    while (ok && !end && bytes_next_line(&text, &line)) {
        end = bytes_are(line, "end");
        ok = end || read_line(s, line, e);
    }
    if (ok && !end)
        ok = err_fail(e, ERR_INPUT, "%s has no end", s->path);
    arena_free(a);
    return ok;
}

static bool write_queue(struct sightings *s, struct err *e)
{
    struct arena *a = arena_new(QUEUE_MOST * 2);
    struct buf b = buf_in(a);
    struct bytes text;
    bool ok;

    if (!a)
        return err_fail(e, ERR_NOMEM, "out of memory");
    buf_puts(&b, MAGIC "\n");
    for (size_t i = 0; i < s->taken_n; i++)
        buf_format(&b, "taken %.*s\n", BYTES_FMT(s->taken[i]));
    for (size_t i = 0; i < s->n; i++) {
        buf_puts(&b, s->rows[i].saying ? "say " : "wait ");
        if (s->rows[i].saying) {
            buf_hex(&b, s->rows[i].release, 16);
            buf_puts(&b, " ");
        }
        sighting_print(&b, &s->rows[i].s);
    }
    buf_puts(&b, "end\n");
    ok = buf_end(&b, &text, e) && os_write_file(s->os, s->path, text, OS_PRIVATE, e);
    arena_free(a);
    return ok;
}

/* ---- the spool
 * ------------------------------------------------------------------------------------------- */

static bool is_taken(const struct sightings *s, struct bytes name)
{
    for (size_t i = 0; i < s->taken_n; i++)
        if (bytes_equal(s->taken[i], name))
            return true;
    return false;
}

static bool take_tally(struct sightings *s, struct bytes name, struct err *e)
{
    struct arena *a = arena_new(SPOOL_MOST);
    char *path = a ? arena_format(a, e, "%s/spool/%.*s", s->dir, BYTES_FMT(name)) : NULL;
    struct bytes text;
    size_t before = s->n;
    bool ok = path && os_read_file(s->os, path, SPOOL_MOST / 2, a, &text, e);

    if (ok && !spool_parse(text, push_waiting, s, e)) {
        s->n = before;
        ok = err_within(e, "%s", path);
    }
    arena_free(a);
    return ok && name_taken(s, name, e);
}

static void remove_taken(struct sightings *s)
{
    struct arena_mark m = arena_mark(s->arena);

    for (size_t i = 0; i < s->taken_n; i++) {
        char *path = arena_format(s->arena, NULL, "%s/spool/%.*s", s->dir, BYTES_FMT(s->taken[i]));
        if (path && os_exists(s->os, path))
            os_remove(s->os, path, NULL);
    }
    arena_reset(s->arena, m);
}

/* Take up all tallies that are ready; then, when that is on disk, remove them. Names that are gone
 * from the spool need not be remembered. */
static bool take_spool(struct sightings *s, struct err *e)
{
    char *spool = arena_format(s->arena, e, "%s/spool", s->dir);
    struct bytes *names;
    size_t n = 0, known = s->taken_n;

    if (!spool || !os_make_dirs(s->os, spool, e) || !os_list(s->os, spool, s->arena, &names, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (bytes_end_with(names[i], ".tally") && !is_taken(s, names[i]) &&
            !take_tally(s, names[i], e))
            return false;
    if (!settle(s, e))
        return false;
    if (s->taken_n == known && known == 0)
        return true;
    if (s->taken_n > known && !write_queue(s, e))
        return false;
    remove_taken(s);
    s->taken_n = 0;
    return write_queue(s, e);
}

/* ---- opening
 * -----------------------------------------------------------------------------------------------
 */

static bool take_lock(struct sightings *s, struct err *e)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    char *path = arena_format(s->arena, e, "%s/sightings.lock", s->dir);
    struct err busy = {0};

    if (!path || !os_make_dirs(s->os, s->dir, e))
        return false;
    for (int i = 0; i < WAIT_TRIES; i++) {
        if (os_open(s->os, path, OS_READ | OS_WRITE | OS_CREATE | OS_PRIVATE | OS_LOCK, &s->lock,
                    &busy))
            return true;
        if (busy.code != ERR_DENIED)
            break;
        nanosleep(&moment, NULL);
    }
    s->lock = NULL;
    *e = busy;
    return false;
}

struct sightings *sightings_open(const struct os *os, const char *dir, struct err *e)
{
    struct sightings *s = calloc(1, sizeof *s);

    if (!s) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    s->os = os;
    s->arena = arena_new((size_t)256 << 20);
    if (!s->arena)
        err_fail(e, ERR_NOMEM, "out of memory");
    else if ((s->dir = arena_format(s->arena, e, "%s", dir)) &&
             (s->path = arena_format(s->arena, e, "%s/sightings", dir)) && take_lock(s, e) &&
             read_queue(s, e) && take_spool(s, e))
        return s;
    sightings_close(s);
    return NULL;
}

void sightings_close(struct sightings *s)
{
    if (!s)
        return;
    os_close(s->os, s->lock);
    arena_free(s->arena);
    free(s->waiting);
    free(s->taken);
    free(s->rows);
    free(s);
}

/* ---- dropping
 * ------------------------------------------------------------------------------------------------
 */

static bool is_meant(const struct sightings_filter *f, const struct sighting *s)
{
    return (!f->agreement || !strcmp(f->agreement, s->agreement)) &&
           (!f->slug || !strcmp(f->slug, s->slug)) &&
           (!f->uuid || !memcmp(f->uuid, s->uuid, sizeof s->uuid));
}

bool sightings_drop(struct sightings *s, const struct sightings_filter *f, uint64_t *dropped,
                    struct err *e)
{
    size_t to = 0;

    for (size_t i = 0; i < s->n; i++)
        if (s->rows[i].saying || !is_meant(f, &s->rows[i].s))
            s->rows[to++] = s->rows[i];
    *dropped = s->n - to;
    s->n = to;
    return settle(s, e) && (*dropped == 0 || write_queue(s, e));
}

/* ---- releasing
 * -------------------------------------------------------------------------------------------------
 */

/* The rows of one release are neighbours only by party: gather them. */
static size_t rows_of(const struct sightings *s, const uint8_t release[16],
                      const struct sighting **out)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++)
        if (s->rows[i].saying && !memcmp(s->rows[i].release, release, 16))
            out[n++] = &s->rows[i].s;
    return n;
}

static bool forget_release(struct sightings *s, const uint8_t release[16], struct err *e)
{
    size_t to = 0;

    for (size_t i = 0; i < s->n; i++)
        if (!s->rows[i].saying || memcmp(s->rows[i].release, release, 16))
            s->rows[to++] = s->rows[i];
    s->n = to;
    return settle(s, e) && write_queue(s, e);
}

static bool finish(struct sightings *s, struct record *r, const uint8_t release[16],
                   const struct sightings_how *how, struct sightings_done *done, struct err *e)
{
    const struct sighting **rows = calloc(s->n + 1, sizeof *rows);
    bool ok = rows || err_fail(e, ERR_NOMEM, "out of memory"), said = false;
    size_t n = ok ? rows_of(s, release, rows) : 0;

    ok = ok && release_was_said(r, how, release, rows[0], &said, e) &&
         (said || release_say(r, how, release, rows, n, &done->last, e));
    free(rows);
    if (!ok)
        return false;
    done->sightings += n;
    done->acts++;
    return forget_release(s, release, e);
}

bool sightings_resume(struct sightings *s, struct record *r, const struct sightings_how *how,
                      struct sightings_done *done, struct err *e)
{
    for (size_t i = 0; i < s->n;) {
        uint8_t release[16];
        if (!s->rows[i].saying || strcmp(s->rows[i].s.agreement, record_id(r))) {
            i++;
            continue;
        }
        memcpy(release, s->rows[i].release, sizeof release);
        if (!finish(s, r, release, how, done, e))
            return false;
        i = 0;
    }
    return true;
}

/* What is meant of one party becomes a release; false in *any: nothing was. */
static bool begin_release(struct sightings *s, const char *agreement,
                          const struct sightings_filter *f, bool *any, struct err *e)
{
    uint8_t release[16];
    const char *slug = NULL;

    os_random(s->os, release, sizeof release);
    for (size_t i = 0; i < s->n; i++) {
        struct row_of_queue *row = &s->rows[i];
        if (row->saying || strcmp(row->s.agreement, agreement) || !is_meant(f, &row->s) ||
            (slug && strcmp(slug, row->s.slug)))
            continue;
        slug = row->s.slug;
        row->saying = true;
        memcpy(row->release, release, sizeof release);
    }
    *any = slug != NULL;
    return !*any || (settle(s, e) && write_queue(s, e));
}

bool sightings_release(struct sightings *s, struct record *r, const struct sightings_filter *f,
                       const struct sightings_how *how, struct sightings_done *done, struct err *e)
{
    struct record_state state;
    bool any = true, officer;
    int tlp;

    *done = (struct sightings_done){0};
    record_state(r, how->now_us / US_PER_S, &state);
    if (!sightings_permitted(state.agreement, &tlp, &officer, e))
        return false;
    while (any)
        if (!sightings_resume(s, r, how, done, e) || !begin_release(s, record_id(r), f, &any, e))
            return false;
    return true;
}
