/* pool: jobs are handed out in order, done by whoever is free, and given out in order again. */
#include "lookout/pool.h"
#include "lookout/pool_impl.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 << 10)
#define PART_BYTES ((uint64_t)8 << 20)
#define DEFANG_MOST ((size_t)64 << 20)
#define AHEAD 4                      /* jobs per thread that may wait for their turn */
#define KEPT_MOST ((size_t)16 << 20) /* bytes of hits that one job keeps before it waits */
#define SNIFF 4096

struct worker {
    struct pool *pool;
    struct watch_scanner *scanner;
    struct watch_input *input;
    struct job *job;
    uint8_t *room;
    pthread_t thread;
    bool started;
};

struct pool {
    const struct pool_options *o;
    const char *const *paths;
    size_t paths_n;
    struct worker *workers;
    unsigned workers_n;
    struct job *jobs; /* a ring */
    uint64_t jobs_n;

    pthread_mutex_t lock;   /* guards what follows */
    pthread_cond_t moved;   /* turn has grown, or all is over */
    size_t next_path;       /* whose parts are being handed out */
    struct part_file *file; /* NULL: that path has not been looked at */
    uint64_t next_from;
    uint64_t given; /* jobs handed out */
    bool giving;    /* somebody gives out what is done */
    struct err e;

    _Atomic uint64_t turn; /* the job whose hits go out now */
    atomic_bool stopped;
    struct watch_scanner *again; /* for lines that were read under an old header */
    struct giving give;
    uint64_t failed;
};

static bool over(const struct pool *p)
{
    return atomic_load(&p->stopped) || (p->o->cancelled && atomic_load(p->o->cancelled));
}

static void stop(struct pool *p, const struct err *why)
{
    pthread_mutex_lock(&p->lock);
    if (!p->e.code && why)
        p->e = *why;
    atomic_store(&p->stopped, true);
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
}

static bool is_turn(const struct pool *p, const struct job *j)
{
    return atomic_load(&p->turn) == j->number;
}

/* ---- handing out -------------------------------------------------------------------------------
 */

/* A file of plain lines is cut into parts; NULL: it is one job. */
static struct part_file *look_at(struct pool *p, const char *path)
{
    uint64_t part = p->o->part_bytes ? p->o->part_bytes : PART_BYTES, size = 0;
    uint8_t first[SNIFF];
    struct part_file *f = NULL;
    struct os_file *file;
    size_t got = 0;

    if (!strcmp(path, "-") || p->o->defanged || p->o->format == WATCH_CSV || p->workers_n == 1 ||
        !os_open(p->o->os, path, OS_READ, &file, NULL))
        return NULL;
    if (os_size(p->o->os, file, &size, NULL) && size > 2 * part &&
        p->o->os->ops->read(p->o->os->self, file, 0, first, sizeof first, &got, NULL) &&
        part_is_plain(bytes_of(first, got)))
        f = part_file_new(path, size, bytes_of(first, got), p->o->format);
    os_close(p->o->os, file);
    return f;
}

/* With the lock. */
static void fill_job(struct pool *p, struct job *j)
{
    uint64_t part = p->o->part_bytes ? p->o->part_bytes : PART_BYTES;

    job_reset(j, p->given++, p->paths[p->next_path]);
    if (!p->file) {
        p->next_path++;
        return;
    }
    job_of_part(j, p->file, p->next_from,
                p->file->size - p->next_from > part ? p->next_from + part : UINT64_MAX);
    p->next_from += part;
    if (j->last) {
        p->file = NULL;
        p->next_path++;
    }
}

/* NULL: nothing is left to do. */
static struct job *take_job(struct pool *p)
{
    struct job *j = NULL;

    pthread_mutex_lock(&p->lock);
    while (!over(p) && p->next_path < p->paths_n && p->given >= atomic_load(&p->turn) + p->jobs_n)
        pthread_cond_wait(&p->moved, &p->lock);
    if (!over(p) && p->next_path < p->paths_n) {
        if (!p->file) {
            p->file = look_at(p, p->paths[p->next_path]);
            p->next_from = 0;
        }
        j = &p->jobs[p->given % p->jobs_n];
        fill_job(p, j);
    }
    pthread_mutex_unlock(&p->lock);
    return j;
}

/* ---- giving out
 * ---------------------------------------------------------------------------------- */

/* Called by whoever has the turn: one at a time. */
static bool give_kept(struct pool *p, struct job *j)
{
    struct watch_hit hit;
    struct watch_indicator in;
    size_t at = 0;

    while (kept_next(&j->hits, &at, &hit, &in))
        if (!part_give(&p->give, j, &hit))
            return false;
    j->hits.n = 0;
    return true;
}

static bool on_hit(void *self, const struct watch_hit *hit)
{
    struct worker *w = self;
    struct pool *p = w->pool;
    struct job *j = w->job;
    struct err e = {0};

    if (over(p))
        return false;
    if (j->hits.n > KEPT_MOST && !is_turn(p, j)) {
        pthread_mutex_lock(&p->lock);
        while (!over(p) && !is_turn(p, j))
            pthread_cond_wait(&p->moved, &p->lock);
        pthread_mutex_unlock(&p->lock);
    }
    if (is_turn(p, j)) {
        if (give_kept(p, j) && part_give(&p->give, j, hit))
            return true;
        stop(p, &p->give.e);
        return false;
    }
    if (keep_hit(&j->hits, hit, &e))
        return true;
    stop(p, &e);
    return false;
}

static void on_header(void *self, struct bytes line, uint64_t offset)
{
    struct worker *w = self;

    header_note(&w->job->header, line);
    if (offset < w->job->first_header)
        w->job->first_header = offset;
}

/* The turn goes on over all that is done. */
static void pass_turn(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->giving && !over(p)) {
        struct job *j = &p->jobs[atomic_load(&p->turn) % p->jobs_n];
        bool ok;
        if (!j->done || j->number != atomic_load(&p->turn))
            break;
        p->giving = true;
        pthread_mutex_unlock(&p->lock);
        ok = give_kept(p, j);
        if (j->e.code && ok) {
            p->failed++;
            p->o->trouble(p->o->self, j->path, &j->e);
        }
        if (!ok)
            stop(p, &p->give.e);
        pthread_mutex_lock(&p->lock);
        part_done(&p->give, j);
        j->done = false;
        p->giving = false;
        atomic_fetch_add(&p->turn, 1);
        pthread_cond_broadcast(&p->moved);
    }
    pthread_mutex_unlock(&p->lock);
}

/* ---- doing
 * ---------------------------------------------------------------------------------------- */

static void count_bytes(struct pool *p, size_t n)
{
    if (p->o->progress)
        atomic_fetch_add(p->o->progress, n);
}

static bool do_stream(struct worker *w, struct os_file *f, bool live, struct err *e)
{
    struct pool *p = w->pool;
    uint64_t at = 0;
    size_t got;

    do {
        if (!p->o->os->ops->read(p->o->os->self, f, at, w->room, READ_BYTES, &got, e) ||
            !watch_input_bytes(w->input, bytes_of(w->room, got), e))
            return false;
        at += got;
        count_bytes(p, got);
        if (live && p->o->pause && is_turn(p, w->job))
            p->o->pause(p->o->self);
    } while (got && !over(p));
    return true;
}

static bool do_whole(struct worker *w, struct err *e)
{
    const char *path = w->job->path;
    bool live = !strcmp(path, "-"), ok;
    struct os_file *f;
    struct err later = {0};

    if (!os_open(w->pool->o->os, live ? "/dev/stdin" : path, OS_READ, &f, e))
        return false;
    ok = do_stream(w, f, live, e);
    ok = watch_input_end(w->input, ok ? e : &later) && ok;
    os_close(w->pool->o->os, f);
    return ok || err_within(e, "%s", path);
}

static bool do_defanged(struct worker *w, struct err *e)
{
    struct arena *a = arena_new(3 * DEFANG_MOST);
    const char *path = strcmp(w->job->path, "-") ? w->job->path : "/dev/stdin";
    struct bytes text;
    bool ok = a || err_fail(e, ERR_NOMEM, "out of memory");

    ok = ok && os_read_file(w->pool->o->os, path, DEFANG_MOST, a, &text, e) &&
         watch_refang(text, a, &text, e) && watch_input_bytes(w->input, text, e);
    if (ok)
        ok = watch_input_end(w->input, e);
    arena_free(a);
    return ok;
}

#define BLOCK_LINES 64 /* of a header: Zeek writes eight */

/* Behind the next line feed at or after *at; *first: the byte there, or 0 at the end. */
static bool next_line(struct worker *w, struct os_file *f, uint64_t *at, uint8_t *first,
                      struct err *e)
{
    const struct os *os = w->pool->o->os;
    size_t got = 1, lf;

    for (*first = 0; got;) {
        if (!os->ops->read(os->self, f, *at, w->room, 4096, &got, e))
            return false;
        lf = bytes_find_byte(bytes_of(w->room, got), '\n');
        *at += lf < got ? lf + 1 : got;
        if (lf < got)
            break;
    }
    return !got || os->ops->read(os->self, f, *at, first, 1, &got, e);
}

/* Where the first line at or behind `from` begins that does not stand in a header: the lines of a
 * header name a log together, so they stay in one part. */
static bool line_start(struct worker *w, struct os_file *f, uint64_t from, uint64_t *out,
                       struct err *e)
{
    uint64_t at = from ? from - 1 : 0;
    uint8_t first = '#';

    for (int i = 0; from && first == '#' && i < BLOCK_LINES; i++)
        if (!next_line(w, f, &at, &first, e))
            return false;
    *out = at;
    return true;
}

static bool scan_lines(struct worker *w, struct os_file *f, uint64_t at, struct err *e)
{
    const struct os *os = w->pool->o->os;
    uint64_t end = UINT64_MAX;
    size_t got;

    if (w->job->to != UINT64_MAX && !line_start(w, f, w->job->to, &end, e))
        return false;
    while (at < end && !over(w->pool)) {
        size_t n = end - at < READ_BYTES ? (size_t)(end - at) : READ_BYTES;
        if (!os->ops->read(os->self, f, at, w->room, n, &got, e) ||
            !watch_scan(w->scanner, bytes_of(w->room, got), e))
            return false;
        if (!got)
            break;
        at += got;
        count_bytes(w->pool, got);
    }
    return true;
}

static bool do_part(struct worker *w, struct err *e)
{
    struct job *j = w->job;
    struct watch_counts before, after;
    struct os_file *f;
    struct err later = {0};
    uint64_t at;
    bool ok;

    if (!os_open(w->pool->o->os, j->path, OS_READ, &f, e))
        return false;
    watch_scanner_counts(w->scanner, &before);
    ok = line_start(w, f, j->from, &at, e);
    if (ok && j->from)
        watch_scan_at(w->scanner, at, 0, part_head(j));
    ok = ok && scan_lines(w, f, at, e);
    ok = watch_scan_end(w->scanner, ok ? e : &later) && ok;
    watch_scanner_counts(w->scanner, &after);
    j->lines = after.lines - before.lines;
    os_close(w->pool->o->os, f);
    return ok || err_within(e, "%s", j->path);
}

static void do_job(struct worker *w)
{
    struct job *j = w->job;
    struct err e = {0};
    bool ok;

    if (j->file)
        ok = do_part(w, &e);
    else
        ok = w->pool->o->defanged ? do_defanged(w, &e) : do_whole(w, &e);
    pthread_mutex_lock(&w->pool->lock);
    if (!ok)
        j->e = e;
    j->done = true;
    pthread_mutex_unlock(&w->pool->lock);
    pass_turn(w->pool);
}

static void *work(void *self)
{
    struct worker *w = self;

    while ((w->job = take_job(w->pool)))
        do_job(w);
    return NULL;
}

/* ---- all of it
 * -------------------------------------------------------------------------------------- */

static struct watch_scanner *
scanner_for(struct pool *p, void *self, bool (*hit)(void *self, const struct watch_hit *hit),
            void (*header)(void *self, struct bytes line, uint64_t offset), struct err *e)
{
    struct watch_options o = {
        .format = p->o->format, .kernel = p->o->kernel, .hit = hit, .header = header, .self = self};

    return watch_scanner_new(p->o->index, &o, e);
}

static bool open_worker(struct pool *p, struct worker *w, struct err *e)
{
    w->pool = p;
    w->room = malloc(READ_BYTES);
    if (!w->room)
        return err_fail(e, ERR_NOMEM, "out of memory");
    return (w->scanner = scanner_for(p, w, on_hit, on_header, e)) &&
           (w->input = watch_input_new(p->o->os, w->scanner, e));
}

static unsigned threads_of(const struct pool_options *o)
{
    long n = o->threads ? (long)o->threads : sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > POOL_THREADS ? POOL_THREADS : (unsigned)n;
}

static bool open_pool(struct pool *p, struct err *e)
{
    unsigned n = threads_of(p->o);

    p->workers_n = n;
    p->jobs_n = (uint64_t)n * AHEAD;
    p->workers = calloc(n, sizeof *p->workers);
    p->jobs = calloc(p->jobs_n, sizeof *p->jobs);
    if (!p->workers || !p->jobs)
        return err_fail(e, ERR_NOMEM, "out of memory");
    for (unsigned i = 0; i < n; i++)
        if (!open_worker(p, &p->workers[i], e))
            return false;
    p->again = scanner_for(p, &p->give, part_again, NULL, e);
    p->give = (struct giving){.hit = p->o->hit, .self = p->o->self, .again = p->again};
    return p->again != NULL;
}

/* The caller's own thread works too; if the system gives no others, it works alone. */
static void run(struct pool *p)
{
    for (unsigned i = 1; i < p->workers_n; i++)
        p->workers[i].started =
            pthread_create(&p->workers[i].thread, NULL, work, &p->workers[i]) == 0;
    work(&p->workers[0]);
    for (unsigned i = 1; i < p->workers_n; i++)
        if (p->workers[i].started)
            pthread_join(p->workers[i].thread, NULL);
}

static void add_counts(const struct worker *w, struct pool_counts *out)
{
    struct watch_counts s;
    struct watch_input_counts in;

    watch_scanner_counts(w->scanner, &s);
    watch_input_counts(w->input, &in);
    out->scan.bytes += s.bytes;
    out->scan.lines += s.lines;
    out->scan.hits += s.hits;
    out->scan.hit_lines += s.hit_lines;
    out->scan.not_json += s.not_json;
    out->scan.too_long += s.too_long;
    out->input.files += in.files;
    out->input.bytes += in.bytes;
    out->input.packets += in.packets;
    out->input.not_packets += in.not_packets;
}

static void close_pool(struct pool *p, struct pool_counts *counts)
{
    for (unsigned i = 0; p->workers && i < p->workers_n; i++) {
        struct worker *w = &p->workers[i];
        if (w->input)
            add_counts(w, counts);
        watch_input_free(w->input);
        watch_scanner_free(w->scanner);
        free(w->room);
    }
    for (uint64_t i = 0; p->jobs && i < p->jobs_n; i++)
        job_free(&p->jobs[i]);
    watch_scanner_free(p->again);
    part_file_free(p->file);
    giving_end(&p->give);
    counts->failed = p->failed;
    free(p->jobs);
    free(p->workers);
    pthread_cond_destroy(&p->moved);
    pthread_mutex_destroy(&p->lock);
}

bool pool_scan(const struct pool_options *o, const char *const *paths, size_t n,
               struct pool_counts *counts, struct err *e)
{
    struct pool p = {.o = o, .paths = paths, .paths_n = n};
    bool ok;

    *counts = (struct pool_counts){0};
    pthread_mutex_init(&p.lock, NULL);
    pthread_cond_init(&p.moved, NULL);
    ok = open_pool(&p, e);
    if (ok) {
        run(&p);
        ok = !over(&p);
        if (!ok && p.e.code)
            *e = p.e;
        else if (!ok)
            err_fail(e, ERR_DENIED, "the scan was stopped");
    }
    close_pool(&p, counts);
    return ok;
}
