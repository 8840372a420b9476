/* entente watch --follow, --daemon: logs that grow. */
#include "cli/watch.h"
#include "lookout/daemon.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define LOGS_MOST 256

/* ---- --follow
 * ------------------------------------------------------------------------------------- */

static bool write_out(void *self, struct bytes text, struct err *e)
{
    struct cli *c = self;

    return (fwrite(text.p, 1, text.n, c->out) == text.n && fflush(c->out) == 0) ||
           err_fail(e, ERR_IO, "nobody reads on");
}

/* A new index of the node, at the end of a line. */
static bool refresh(struct cli *c, const struct in_force *f, struct in_use **u, struct err *e)
{
    struct in_use *fresh;
    struct err why = {0};

    (void)e;
    if (!f->path || !watch_index_stale(in_use_index(*u), f->path))
        return true;
    fresh = in_use_open(c->os, f->path, &why);
    if (!fresh) {
        remark(c, "The new index was not taken over: %s\n", why.text);
        return true;
    }
    in_use_drop(*u);
    *u = fresh;
    return true;
}

static bool step_all(struct cli *c, const struct in_force *f, struct in_use **u,
                     struct tail **tails, size_t n, struct err *e)
{
    const struct timespec moment = {.tv_nsec = 200000000};
    bool moved, any;

    while (!is_cancelled(c)) {
        any = false;
        if (!refresh(c, f, u, e))
            return false;
        for (size_t i = 0; i < n; i++) {
            if (!tail_switch(tails[i], *u, e) || !tail_step(tails[i], &moved, e))
                return false;
            any = any || moved;
        }
        if (!any)
            nanosleep(&moment, NULL);
    }
    return true;
}

static bool open_tails(struct cli *c, const struct watching *w, struct in_use *u,
                       struct tail **tails, struct err *e)
{
    struct tail_options o = {.os = c->os,
                             .state = option(c, "state"),
                             .hits = option(c, "output"),
                             .as = w->as,
                             .out = write_out,
                             .self = c};

    if (option(c, "input") && !watch_input_form(bytes_text(option(c, "input")), &o.format))
        return misuse(c, e, "--input is text, zeek, json or csv");
    if (option_given(c, "sightings") && !(o.spool = watch_path(c, c->dir, "spool", e)))
        return false;
    for (size_t i = 0; i < c->operands_n; i++) {
        o.path = c->operands[i];
        if (!(tails[i] = tail_open(&o, u, e)))
            return false;
    }
    return true;
}

bool watch_follow_logs(struct cli *c, struct watching *w, struct err *e)
{
    struct in_use *u;
    struct tail **tails;
    bool ok;

    if (c->operands_n > LOGS_MOST)
        return misuse(c, e, "--follow takes at most %d logs", LOGS_MOST);
    if (c->operands_n > 1 && (option(c, "state") || option(c, "output")))
        return misuse(c, e, "--state and --output are of one log; for several there is --daemon");
    if (option_given(c, "sightings") && !option(c, "state"))
        return misuse(c, e, "--sightings with --follow needs --state, or lines could count twice");
    tails = arena_get_array(c->arena, c->operands_n, sizeof *tails, e);
    u = tails ? w->force->path ? in_use_open(c->os, w->force->path, e)
                               : in_use_of(w->force->index, w->force->catalogue, e)
              : NULL;
    if (!u)
        return false;
    ok = open_tails(c, w, u, tails, e) && step_all(c, w->force, &u, tails, c->operands_n, e);
    for (size_t i = 0; i < c->operands_n; i++)
        tail_close(tails[i]);
    in_use_drop(u);
    return ok;
}

/* ---- --daemon
 * --------------------------------------------------------------------------------------- */

/* "zeek /var/log/zeek/conn.log" */
static bool read_sources(struct cli *c, const struct config_texts *t, struct daemon_source *out,
                         struct err *e)
{
    for (size_t i = 0; i < t->n; i++) {
        size_t blank = bytes_find_byte(t->at[i], ' ');
        struct bytes path = bytes_trim(bytes_part(t->at[i], blank, SIZE_MAX));
        if (!watch_input_form(bytes_part(t->at[i], 0, blank), &out[i].format) ||
            !(out[i].pattern = arena_string(c->arena, path, e)))
            return err_fail(e, ERR_INPUT, "entente.conf: this is no log to watch: %.*s",
                            BYTES_FMT(bytes_part(t->at[i], 0, 200)));
    }
    return true;
}

static bool read_settings(struct cli *c, struct node_config *out, struct err *e)
{
    char *path = arena_format(c->arena, e, "%s/entente.conf", c->dir);
    struct bytes text;

    return path && os_read_file(c->os, path, LIMIT_CONFIG_BYTES, c->arena, &text, e) &&
           (node_config_parse(text, c->arena, out, e) || err_within(e, "%s", path));
}

/* SIGTERM and SIGINT arrive at a thread that waits for them. */
static void *wait_for_signal(void *self)
{
    sigset_t set;
    int got;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigwait(&set, &got);
    atomic_store((atomic_bool *)self, true);
    return NULL;
}

static bool catch_signals(atomic_bool *stop, struct err *e)
{
    pthread_t waiter;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 ||
        pthread_create(&waiter, NULL, wait_for_signal, stop) != 0)
        return err_fail(e, ERR_NOMEM, "out of threads");
    return pthread_detach(waiter) == 0;
}

bool watch_daemon(struct cli *c, struct err *e)
{
    struct diag d = {.os = c->os, .least = DIAG_INFO};
    struct node_config *conf = arena_get(c->arena, sizeof *conf, e);
    struct daemon_source sources[CONFIG_TEXTS];
    atomic_bool *stop = arena_get(c->arena, sizeof *stop, e);
    struct daemon_options o = {.os = c->os, .diag = &d, .sources = sources, .stop = stop};
    pid_t parent = getppid();

    if (!conf || !stop || !(o.dir = watch_path(c, c->dir, "", e)) || !read_settings(c, conf, e) ||
        !read_sources(c, &conf->watch, sources, e))
        return false;
    if (option_given(c, "with-server")) { /* the server is gone: so are we */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            return true;
    }
    if (conf->watch.n == 0)
        return err_fail(e, ERR_MISSING, "entente.conf names no log to watch") ||
               err_hint(e, "write a line such as: watch = zeek /var/log/zeek/current/conn.log");
    o.sources_n = conf->watch.n;
    return catch_signals(stop, e) && daemon_run(&o, e);
}
