/* daemon: a list of tails, threads that step them, and one that looks after all. */
#include "lookout/daemon.h"
#include "base/text.h"
#include "lookout/lookout_impl.h"

#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STEP_US 200000   /* between two looks at a log in which nothing moved */
#define LOOK_US US_PER_S /* between two looks after all */
#define FIND_EVERY 5     /* of those: new files */
#define STATUS_MOST ((size_t)16 << 20)
#define TROUBLE_US (10 * US_PER_S) /* before a log that failed is tried again */

struct log {
    struct tail *tail; /* NULL: to be opened (again) */
    char *path;
    enum watch_format format;
    bool busy;
    int64_t due; /* ticks */
    uint64_t bytes_before, rate;
    struct tail_counts counts, before; /* before: of earlier tails of this log */
    char trouble[ERR_TEXT_MAX];
};

struct daemon {
    const struct daemon_options *o;
    struct os_file *lock_file;
    int64_t since;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t due;
    struct in_use *use;
    struct log *logs[DAEMON_LOGS];
    size_t logs_n;
    bool over;
};

/* ---- one log
 * ------------------------------------------------------------------------------------- */

static bool names_of(struct daemon *d, const struct log *g, struct arena *a, struct tail_options *t,
                     struct err *e)
{
    struct hash h;
    char stem[17];

    sha256(bytes_text(g->path), &h);
    hex_encode(stem, h.b, 8);
    stem[16] = '\0';
    *t = (struct tail_options){.os = d->o->os,
                               .path = g->path,
                               .state = arena_format(a, e, "%s/places/%s", d->o->dir, stem),
                               .hits = arena_format(a, e, "%s/hits/%s.jsonl", d->o->dir, stem),
                               .spool = arena_format(a, e, "%s/spool", d->o->dir),
                               .format = g->format,
                               .as = WATCH_AS_JSON};
    return t->state && t->hits && t->spool;
}

static bool open_tail(struct daemon *d, struct log *g, struct in_use *u, struct err *e)
{
    struct arena *a = arena_new(65536);
    struct tail_options t;
    bool ok = (a || err_fail(e, ERR_NOMEM, "out of memory")) && names_of(d, g, a, &t, e) &&
              (g->tail = tail_open(&t, u, e));

    arena_free(a);
    return ok;
}

static void add_before(struct log *g)
{
    g->before.bytes += g->counts.bytes;
    g->before.lines += g->counts.lines;
    g->before.hits += g->counts.hits;
    g->before.renamed += g->counts.renamed;
    g->before.cut += g->counts.cut;
    g->before.lost += g->counts.lost;
    g->counts = (struct tail_counts){0};
}

/* A failed tail is opened anew: from the place that was saved. */
static void step(struct daemon *d, struct log *g, struct in_use *u)
{
    struct err e = {0};
    bool moved = false, ok;
    struct tail_counts n = {0};

    ok = (g->tail || open_tail(d, g, u, &e)) && tail_switch(g->tail, u, &e) &&
         tail_step(g->tail, &moved, &e);
    if (g->tail)
        tail_counts(g->tail, &n);
    if (!ok) {
        tail_close(g->tail);
        g->tail = NULL;
    }
    pthread_mutex_lock(&d->lock);
    if (!ok && strcmp(g->trouble, e.text))
        diag_err(d->o->diag, DIAG_WARN, "a log could not be followed", &e);
    memcpy(g->trouble, e.text, sizeof g->trouble);
    g->counts = n;
    if (!ok)
        add_before(g);
    g->due = os_ticks_us(d->o->os) + (!ok ? TROUBLE_US : moved ? 0 : STEP_US);
    pthread_mutex_unlock(&d->lock);
}

/* ---- threads
 * --------------------------------------------------------------------------------------- */

/* The log that has waited longest; NULL, and in how long one is due. */
static struct log *next_log(struct daemon *d, int64_t *wait)
{
    struct log *best = NULL;
    int64_t now = os_ticks_us(d->o->os);

    *wait = STEP_US;
    for (size_t i = 0; i < d->logs_n; i++)
        if (!d->logs[i]->busy && (!best || d->logs[i]->due < best->due))
            best = d->logs[i];
    if (!best || best->due <= now)
        return best;
    *wait = best->due - now < STEP_US ? best->due - now : STEP_US;
    return NULL;
}

static void wait_for(struct daemon *d, int64_t us)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += us % US_PER_S * 1000;
    until.tv_sec += us / US_PER_S + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&d->due, &d->lock, &until);
}

static void *follower(void *self)
{
    struct daemon *d = self;

    pthread_mutex_lock(&d->lock);
    while (!d->over) {
        int64_t wait;
        struct log *g = next_log(d, &wait);
        struct in_use *u;
        if (!g) {
            wait_for(d, wait);
            continue;
        }
        g->busy = true;
        u = in_use_hold(d->use);
        pthread_mutex_unlock(&d->lock);
        step(d, g, u);
        in_use_drop(u);
        pthread_mutex_lock(&d->lock);
        g->busy = false;
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* ---- looking after all
 * ---------------------------------------------------------------------------- */

static bool add_log(struct daemon *d, const char *path, enum watch_format format, struct err *e)
{
    struct log *g;

    for (size_t i = 0; i < d->logs_n; i++)
        if (!strcmp(d->logs[i]->path, path))
            return true;
    if (d->logs_n == DAEMON_LOGS)
        return err_fail(e, ERR_LIMIT, "more than %d logs", DAEMON_LOGS);
    g = calloc(1, sizeof *g);
    if (!g || !(g->path = strdup(path))) {
        free(g);
        return err_fail(e, ERR_NOMEM, "out of memory");
    }
    g->format = format;
    g->due = os_ticks_us(d->o->os);
    pthread_mutex_lock(&d->lock);
    d->logs[d->logs_n++] = g;
    pthread_cond_broadcast(&d->due);
    pthread_mutex_unlock(&d->lock);
    diag(d->o->diag, DIAG_INFO, "following a log", "n=%zu", d->logs_n);
    return true;
}

/* A path without signs is followed before it is there. */
static bool find_logs(struct daemon *d, struct err *e)
{
    bool ok = true;

    for (size_t i = 0; ok && i < d->o->sources_n; i++) {
        const struct daemon_source *s = &d->o->sources[i];
        glob_t found;
        if (!strpbrk(s->pattern, "*?[")) {
            ok = add_log(d, s->pattern, s->format, e);
            continue;
        }
        if (glob(s->pattern, 0, NULL, &found) != 0)
            continue;
        for (size_t k = 0; ok && k < found.gl_pathc; k++)
            ok = add_log(d, found.gl_pathv[k], s->format, e);
        globfree(&found);
    }
    return ok;
}

static bool index_path(const struct daemon *d, char out[4096])
{
    return snprintf(out, 4096, "%s/index.watch", d->o->dir) < 4096;
}

/* A new index is taken over; one that cannot be read changes nothing. */
static void refresh_index(struct daemon *d)
{
    char path[4096];
    struct in_use *fresh, *old;
    struct err e = {0};

    if (!index_path(d, path) || !watch_index_stale(in_use_index(d->use), path))
        return;
    fresh = in_use_open(d->o->os, path, &e);
    if (!fresh) {
        diag_err(d->o->diag, DIAG_WARN, "the new index was not taken over", &e);
        return;
    }
    pthread_mutex_lock(&d->lock);
    old = d->use;
    d->use = fresh;
    pthread_mutex_unlock(&d->lock);
    in_use_drop(old);
    diag(d->o->diag, DIAG_INFO, "a new index is in use", "time=%lld",
         (long long)watch_index_time(in_use_index(fresh)));
}

static void log_json(struct json_maker *m, struct json *list, struct log *g)
{
    struct json *o = json_new_object(m);
    uint64_t bytes = g->before.bytes + g->counts.bytes;
    uint64_t lag = g->counts.size > g->counts.done ? g->counts.size - g->counts.done : 0;
    char *path = arena_get(m->arena, 4 * strlen(g->path) + 1, &m->e);
    char *trouble = arena_get(m->arena, 4 * sizeof g->trouble, &m->e);

    if (!path || !trouble)
        return;
    text_escape(path, 4 * strlen(g->path) + 1, bytes_text(g->path));
    text_escape(trouble, 4 * sizeof g->trouble, bytes_text(g->trouble));
    g->rate = bytes - g->bytes_before;
    g->bytes_before = bytes;
    json_set_text(m, o, "path", path);
    json_set_text(m, o, "trouble", trouble);
    json_set_integer(m, o, "bytes", (int64_t)bytes);
    json_set_integer(m, o, "lines", (int64_t)(g->before.lines + g->counts.lines));
    json_set_integer(m, o, "hits", (int64_t)(g->before.hits + g->counts.hits));
    json_set_integer(m, o, "lag", (int64_t)lag);
    json_set_integer(m, o, "rate", (int64_t)g->rate);
    json_set_integer(m, o, "renamed", (int64_t)(g->before.renamed + g->counts.renamed));
    json_set_integer(m, o, "cut", (int64_t)(g->before.cut + g->counts.cut));
    json_set_integer(m, o, "lost", (int64_t)(g->before.lost + g->counts.lost));
    json_add(m, list, o);
}

static bool write_status(struct daemon *d, struct arena *a, struct err *e)
{
    struct json_maker m = json_maker(a);
    struct json *o = json_new_object(&m), *list = json_set_array(&m, o, "logs");
    char *path = arena_format(a, e, "%s/status", d->o->dir);
    struct watch_built built;
    struct bytes text;

    watch_index_built(in_use_index(d->use), &built);
    json_set_integer(&m, o, "pid", (int64_t)getpid());
    json_set_integer(&m, o, "since", d->since);
    json_set_integer(&m, o, "written", os_now(d->o->os));
    json_set_integer(&m, o, "index_time", watch_index_time(in_use_index(d->use)));
    json_set_integer(&m, o, "indicators", (int64_t)built.indicators);
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->logs_n; i++)
        log_json(&m, list, d->logs[i]);
    pthread_mutex_unlock(&d->lock);
    return path && json_made(&m, o, &text, e) && os_write_file_lazy(d->o->os, path, text, e);
}

static void look_after(struct daemon *d, unsigned round)
{
    struct arena *a = arena_new(STATUS_MOST);
    struct err e = {0};

    refresh_index(d);
    if (round % FIND_EVERY == 0 && !find_logs(d, &e))
        diag_err(d->o->diag, DIAG_WARN, "not all logs are followed", &e);
    err_clear(&e);
    if (!a || !write_status(d, a, &e))
        diag_err(d->o->diag, DIAG_WARN, "the status could not be written", &e);
    arena_free(a);
}

static void run(struct daemon *d)
{
    const struct timespec moment = {.tv_nsec = 100000000};
    int64_t next = 0;

    for (unsigned round = 0; !atomic_load(d->o->stop);) {
        if (os_ticks_us(d->o->os) >= next) {
            look_after(d, round++);
            next = os_ticks_us(d->o->os) + LOOK_US;
            if (d->o->steps && round > d->o->steps)
                return;
        }
        nanosleep(&moment, NULL);
    }
}

/* ---- start and stop
 * -------------------------------------------------------------------------------- */

static bool prepare(struct daemon *d, struct err *e)
{
    static const char *const folders[] = {"places", "hits", "spool"};
    struct arena *a = arena_new(65536);
    char path[4096];
    char *name = a ? arena_format(a, e, "%s/daemon.lock", d->o->dir) : NULL;
    bool ok = name && os_make_dirs(d->o->os, d->o->dir, e) &&
              (os_open(d->o->os, name, OS_READ | OS_WRITE | OS_CREATE | OS_PRIVATE | OS_LOCK,
                       &d->lock_file, e) ||
               err_hint(e, "entente watch --daemon runs here already"));

    for (size_t i = 0; ok && i < sizeof folders / sizeof *folders; i++)
        ok = (name = arena_format(a, e, "%s/%s", d->o->dir, folders[i])) &&
             os_make_dirs(d->o->os, name, e);
    ok = ok && index_path(d, path) && (d->use = in_use_open(d->o->os, path, e));
    arena_free(a);
    return ok;
}

static void end(struct daemon *d, pthread_t *threads, unsigned n)
{
    pthread_mutex_lock(&d->lock);
    d->over = true;
    pthread_cond_broadcast(&d->due);
    pthread_mutex_unlock(&d->lock);
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < d->logs_n; i++) {
        tail_close(d->logs[i]->tail);
        free(d->logs[i]->path);
        free(d->logs[i]);
    }
}

static unsigned threads_of(const struct daemon_options *o)
{
    long n = o->threads ? (long)o->threads : sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

static bool serve(struct daemon *d, struct err *e)
{
    pthread_t threads[64];
    unsigned want = threads_of(d->o), n = 0;

    while (n < want && pthread_create(&threads[n], NULL, follower, d) == 0)
        n++;
    if (n)
        run(d);
    end(d, threads, n);
    return n > 0 || err_fail(e, ERR_NOMEM, "out of threads");
}

bool daemon_run(const struct daemon_options *o, struct err *e)
{
    struct daemon *d = calloc(1, sizeof *d);
    pthread_condattr_t clock;
    bool ok;

    if (!d)
        return err_fail(e, ERR_NOMEM, "out of memory");
    d->o = o;
    d->since = os_now(o->os);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&d->due, &clock);
    pthread_condattr_destroy(&clock);
    pthread_mutex_init(&d->lock, NULL);
    ok = prepare(d, e) && serve(d, e);
    in_use_drop(d->use);
    os_close(o->os, d->lock_file);
    pthread_cond_destroy(&d->due);
    pthread_mutex_destroy(&d->lock);
    free(d);
    return ok;
}

/* ---- status
 * ----------------------------------------------------------------------------------------- */

static uint64_t number(const struct json *v, const char *key)
{
    int64_t n = 0;

    return json_as_integer(json_find(v, key), &n) && n > 0 ? (uint64_t)n : 0;
}

bool daemon_status_parse(struct bytes text, struct arena *a, struct daemon_status *out,
                         struct err *e)
{
    const struct json *v = json_parse(text, a, e), *logs = json_find(v, "logs");

    if (!v)
        return false;
    *out = (struct daemon_status){.pid = (int64_t)number(v, "pid"),
                                  .since = (int64_t)number(v, "since"),
                                  .written = (int64_t)number(v, "written"),
                                  .index_time = (int64_t)number(v, "index_time"),
                                  .indicators = number(v, "indicators"),
                                  .logs_n = json_count(logs)};
    out->logs = arena_get_array(a, out->logs_n, sizeof *out->logs, e);
    for (size_t i = 0; out->logs && i < out->logs_n; i++) {
        const struct json *g = json_at(logs, i);
        struct daemon_log *l = &out->logs[i];
        json_as_string(json_find(g, "path"), &l->path);
        json_as_string(json_find(g, "trouble"), &l->trouble);
        l->bytes = number(g, "bytes");
        l->lines = number(g, "lines");
        l->hits = number(g, "hits");
        l->lag = number(g, "lag");
        l->rate = number(g, "rate");
        l->renamed = number(g, "renamed");
        l->cut = number(g, "cut");
        l->lost = number(g, "lost");
    }
    return out->logs != NULL;
}

bool daemon_status_read(const struct os *os, const char *dir, struct arena *a,
                        struct daemon_status *out, struct err *e)
{
    char *path = arena_format(a, e, "%s/status", dir);
    struct bytes text;

    return path && os_read_file(os, path, STATUS_MOST, a, &text, e) &&
           daemon_status_parse(text, a, out, e);
}
