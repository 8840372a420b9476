/* What a server does for watching: keeps the index fresh, keeps up the process that follows logs,
 * tells sightings where nobody has to say yes. One thread. */
#include "cli/watch_job.h"
#include "base/text.h"
#include "cli/watch.h"
#include "lookout/sightings.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_US (US_PER_S / 2)
#define ARENA_BYTES ((size_t)1 << 30)
#define REST 4           /* times as long as a compilation took, before the next */
#define LONGEST_PAUSE 60 /* seconds before a follower that keeps dying is started again */

extern char **environ;

struct watch_job {
    struct node *n;
    const struct diag *diag;
    pthread_t thread;
    atomic_bool stop;
    const struct node_config *config; /* that counts for all below */
    struct hash compiled;             /* of what */
    bool have_compiled;
    int64_t next_expiry;    /* seconds; 0: none */
    int64_t compile_after;  /* ticks */
    int64_t sightings_due;  /* ticks */
    pid_t child;            /* 0: none */
    int64_t started, again; /* ticks */
    unsigned pause;         /* seconds */
};

/* ---- a command's surroundings for what is done by itself ---- */

static bool begin(struct watch_job *j, struct cli *c)
{
    *c = (struct cli){.os = node_os(j->n),
                      .arena = arena_new(ARENA_BYTES),
                      .out = fopen("/dev/null", "we"),
                      .err = stderr,
                      .in = -1,
                      .cancelled = &j->stop,
                      .dir = node_dir(j->n),
                      .node = j->n};
    return c->arena && c->out;
}

static void end(struct cli *c)
{
    if (c->out)
        fclose(c->out);
    arena_free(c->arena);
}

/* ---- the index ---- */

/* What the index follows from: how far each log is, and whether its agreement is in force. */
static bool fingerprint(struct cli *c, struct hash *out, struct err *e)
{
    struct sha256 h;
    const char **ids;
    size_t n;

    if (!node_agreements(c->node, c->arena, &ids, &n, e))
        return false;
    sha256_start(&h);
    for (size_t i = 0; i < n; i++) {
        struct record *r = node_record(c->node, ids[i], e);
        struct view v;
        if (!r || !view_open(c, ids[i], &v, e))
            return false;
        sha256_add(&h, bytes_text(ids[i]));
        sha256_add(&h, bytes_of(&v.state.stage, sizeof v.state.stage));
        for (size_t k = 0; k < v.g->parties_n; k++) {
            struct record_head head;
            if (!record_head(r, v.g->parties[k].slug, c->arena, &head, e))
                return false;
            sha256_add(&h, bytes_of(&head.size, sizeof head.size));
        }
    }
    sha256_end(&h, out);
    return true;
}

static bool is_due(struct watch_job *j, struct cli *c, const char *path, struct hash *now,
                   struct err *e)
{
    if (!fingerprint(c, now, e))
        return false;
    return !j->have_compiled || !hash_equal(now, &j->compiled) || !os_exists(c->os, path) ||
           (j->next_expiry && os_now(c->os) >= j->next_expiry);
}

static void compile(struct watch_job *j, struct cli *c, const char *path)
{
    struct lookout_report r = {0};
    struct err e = {0};
    struct hash now;
    int64_t began;

    if (os_ticks_us(c->os) < j->compile_after || !is_due(j, c, path, &now, &e)) {
        if (e.code && e.code != ERR_DENIED) /* busy: the next look will do */
            diag_err(j->diag, DIAG_WARN, "what is in force could not be looked up", &e);
        return;
    }
    began = os_ticks_us(c->os);
    if (watch_compile_node(c, path, &r, &e)) {
        j->compiled = now;
        j->have_compiled = true;
        j->next_expiry = r.next;
        diag(j->diag, DIAG_INFO, "the index was compiled", "in_force=%llu of=%llu ms=%lld",
             (unsigned long long)r.taken, (unsigned long long)r.objects,
             (long long)(os_ticks_us(c->os) - began) / 1000);
    } else {
        diag_err(j->diag, DIAG_WARN, "the index could not be compiled", &e);
        began -= 10 * US_PER_S;
    }
    j->compile_after = os_ticks_us(c->os) + REST * (os_ticks_us(c->os) - began);
}

/* ---- the follower ---- */

static void start_child(struct watch_job *j)
{
    const char *argv[] = {"entente",       "-C", node_dir(j->n), "watch", "--daemon",
                          "--with-server", NULL};
    char *line[sizeof argv / sizeof *argv];
    posix_spawnattr_t how;
    sigset_t none;
    int failed;

    memcpy(line, argv, sizeof line); /* posix_spawn's type has no const, but it changes nothing */
    sigemptyset(&none);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
    failed = posix_spawn(&j->child, "/proc/self/exe", NULL, &how, line, environ);
    posix_spawnattr_destroy(&how);
    if (failed)
        j->child = 0;
    j->started = os_ticks_us(node_os(j->n));
    diag(j->diag, failed ? DIAG_WARN : DIAG_INFO,
         failed ? "logs could not be followed" : "logs are followed by a process of its own",
         "pid=%ld", (long)j->child);
}

/* It ended by itself: start it again, later each time. */
static void look_at_child(struct watch_job *j)
{
    int64_t now = os_ticks_us(node_os(j->n));
    int status;

    if (!j->child || waitpid(j->child, &status, WNOHANG) != j->child)
        return;
    diag(j->diag, DIAG_WARN, "the process that follows logs has ended", "status=%d signal=%d",
         WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    j->child = 0;
    if (now - j->started > LONGEST_PAUSE * US_PER_S || !j->pause)
        j->pause = 1;
    else if (j->pause < LONGEST_PAUSE)
        j->pause *= 2;
    j->again = now + j->pause * US_PER_S;
}

static void stop_child(struct watch_job *j)
{
    const struct timespec moment = {.tv_nsec = 20000000};

    if (!j->child)
        return;
    kill(j->child, SIGTERM);
    for (int i = 0; i < 250; i++) {
        if (waitpid(j->child, NULL, WNOHANG) == j->child) {
            j->child = 0;
            return;
        }
        nanosleep(&moment, NULL);
    }
    kill(j->child, SIGKILL);
    waitpid(j->child, NULL, 0);
    j->child = 0;
}

/* ---- sightings ---- */

static bool may_tell(struct cli *c, const char *id, struct err *e)
{
    struct view v;
    bool officer = true;
    int tlp;

    return view_open(c, id, &v, e) && sightings_permitted(v.g, &tlp, &officer, e) && !officer;
}

static bool tell(struct cli *c, struct sightings *s, const char *id, struct sightings_done *done,
                 struct err *e)
{
    struct sightings_how how = {.now_us = os_now_us(c->os) / 1000 * 1000};
    struct sightings_filter f = {.agreement = id};
    struct record *r;
    bool ok;

    if (!may_tell(c, id, e))
        return !e->code || e->code == ERR_DENIED; /* they wait for an officer */
    r = node_hold(c->node, id, e);
    if (!r)
        return false;
    ok = party_identity(c, &how.party, e) && sightings_release(s, r, &f, &how, done, e);
    node_release(c->node, r);
    return ok;
}

static void tell_all(struct watch_job *j, struct cli *c, const char *dir)
{
    struct err e = {0};
    struct sightings *s = sightings_open(c->os, dir, &e);
    uint64_t told = 0;
    const char **ids;
    size_t n = 0;
    bool ok = s && node_agreements(c->node, c->arena, &ids, &n, &e);

    for (size_t i = 0; ok && i < n; i++) {
        struct sightings_done done = {0};
        for (size_t k = 0; k < sightings_count(s); k++)
            if (!strcmp(sightings_at(s, k)->agreement, ids[i])) {
                ok = tell(c, s, ids[i], &done, &e);
                break;
            }
        told += done.sightings;
        if (ok)
            err_clear(&e);
    }
    sightings_close(s);
    if (!ok)
        diag_err(j->diag, DIAG_WARN, "sightings could not be told", &e);
    else if (told)
        diag(j->diag, DIAG_INFO, "sightings were told", "n=%llu", (unsigned long long)told);
}

/* ---- the thread ---- */

static void look(struct watch_job *j)
{
    const struct node_config *config = node_config(j->n);
    const char *dir, *path;
    struct err e = {0};
    struct cli c;

    if (config != j->config) {
        stop_child(j);
        j->config = config;
        j->have_compiled = false;
        j->pause = 0;
        j->again = 0;
    }
    if (begin(j, &c) && (dir = watch_path(&c, c.dir, "", &e)) &&
        (path = watch_path(&c, c.dir, "index.watch", &e))) {
        if (config->watch.n || os_exists(c.os, path))
            compile(j, &c, path);
        look_at_child(j);
        if (config->watch.n && !j->child && os_exists(c.os, path) && os_ticks_us(c.os) >= j->again)
            start_child(j);
        if (config->sightings_automatic && os_exists(c.os, dir) &&
            os_ticks_us(c.os) >= j->sightings_due) {
            j->sightings_due = os_ticks_us(c.os) + (int64_t)config->sightings_seconds * US_PER_S;
            tell_all(j, &c, dir);
        }
    }
    end(&c);
}

static void *job(void *self)
{
    const struct timespec moment = {.tv_nsec = LOOK_US * 1000};
    struct watch_job *j = self;

    while (!atomic_load(&j->stop)) {
        look(j);
        nanosleep(&moment, NULL);
    }
    stop_child(j);
    return NULL;
}

struct watch_job *watch_job_open(struct node *n, const struct diag *diag, struct err *e)
{
    struct watch_job *j = calloc(1, sizeof *j);

    if (!j) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    j->n = n;
    j->diag = diag;
    if (pthread_create(&j->thread, NULL, job, j) == 0)
        return j;
    free(j);
    err_fail(e, ERR_NOMEM, "out of threads");
    return NULL;
}

void watch_job_close(struct watch_job *j)
{
    if (!j)
        return;
    atomic_store(&j->stop, true);
    pthread_join(j->thread, NULL);
    free(j);
}
