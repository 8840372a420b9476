/* entente serve */
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/watch_job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* ---- commands that another process asks us to run ---- */

static FILE *stream_of(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    FILE *f = copy >= 0 ? fdopen(copy, "w") : NULL;

    if (!f && copy >= 0)
        close(copy);
    return f;
}

static int run_for(void *self, struct node *n, const struct node_command *cmd)
{
    struct cli c = {.os = node_os(n),
                    .out = stream_of(cmd->out),
                    .err = stream_of(cmd->err),
                    .in = cmd->in,
                    .terminal = isatty(cmd->err),
                    .cancelled = cmd->cancelled,
                    .dir = node_dir(n),
                    .node = n};
    int status = CLI_TROUBLE;

    (void)self;
    if (c.out && c.err && cmd->argc > 1)
        status = cli_run(&c, cmd->argc - 1, cmd->argv + 1);
    if (c.out && fclose(c.out) != 0 && status == CLI_YES)
        status = CLI_TROUBLE;
    if (c.err)
        fclose(c.err);
    return status;
}

/* ---- serving ---- */

struct serving {
    const struct diag *diag;
    const char *dir;
};

static void ready(void *self, uint16_t port, uint16_t metrics_port)
{
    const struct serving *s = self;

    diag(s->diag, DIAG_INFO, "ready", "dir=%s port=%u metrics_port=%u pid=%ld", s->dir, port,
         metrics_port, (long)getpid());
}

static bool open_and_serve(struct cli *c, int signals, struct err *e)
{
    struct diag d = {.os = c->os, .least = DIAG_INFO};
    struct serving s = {.diag = &d, .dir = c->dir};
    struct node_options o = {.os = c->os, .diag = &d};
    struct node_serve how = {.signals = signals, .run = run_for, .self = &s, .ready = ready};
    struct watch_job *watching;
    struct node *n;
    bool ok;

    if (node_locked(c->os, c->dir) && !passphrase_of_node(c, &o.passphrase, e))
        return false;
    n = node_open(&o, c->dir, e);
    if (!n)
        return false;
    watching = watch_job_open(n, &d, e);
    ok = watching && node_serve(n, &how, e);
    watch_job_close(watching);
    diag(&d, DIAG_INFO, ok ? "stopped" : "stopped by a failure", "dir=%s", c->dir);
    node_close(n);
    return ok;
}

static bool run(struct cli *c, struct err *e)
{
    int signals;

    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return err_system(e, errno, "SIGPIPE");
    signals = node_signals(e);
    return signals >= 0 && open_and_serve(c, signals, e);
}

const struct command cmd_serve = {
    .name = "serve",
    .synopsis = "",
    .sentence = "Run the node: answer and visit peers, witness, until SIGTERM.",
    .more = "Diagnostics go to stderr, one line per event. SIGHUP reads entente.conf again. Other "
            "commands\nwork meanwhile: they ask the server.\n",
    .needs = NEEDS_NOTHING,
    .run = run,
};
