/* entente watch status: the index, and the logs that are followed. */
#include "cli/commands.h"
#include "cli/watch.h"
#include "lookout/daemon.h"

#define FRESH_SECONDS 15 /* a daemon writes its status each second */

static const struct option_row options[] = {
    {"json", 0, NULL, "one JSON line"},
    {NULL},
};

static bool index_line(struct cli *c, struct err *e)
{
    const char *path = watch_path(c, c->dir, "index.watch", e);
    struct err why = {0};
    struct watch_index *ix = path ? watch_index_open(c->os, path, &why) : NULL;
    struct watch_built built;

    if (!path)
        return false;
    if (!ix) {
        say(c, "There is no index: %s\n", why.text);
        return true;
    }
    watch_index_built(ix, &built);
    say(c, "Index: %s values, %s of them doubtful, compiled %s (%s).\n",
        shown_count(c, built.indicators), shown_count(c, built.warned),
        shown_ago(c, watch_index_time(ix)), shown_bytes(c, built.size_bytes));
    watch_index_close(ix);
    return true;
}

static void print_logs(struct cli *c, const struct daemon_status *s)
{
    struct table t;

    table_start(&t, c, ">HITS|>LINES|>READ|>A SECOND|>BEHIND|LOG");
    for (size_t i = 0; i < s->logs_n; i++)
        table_add(&t, shown_count(c, s->logs[i].hits), shown_count(c, s->logs[i].lines),
                  shown_bytes(c, s->logs[i].bytes), shown_bytes(c, s->logs[i].rate),
                  shown_bytes(c, s->logs[i].lag), shown(c, s->logs[i].path));
    table_print(&t, "  ");
    for (size_t i = 0; i < s->logs_n; i++) {
        if (s->logs[i].trouble.n)
            fprintf(c->out, "  %s: %s\n", shown(c, s->logs[i].path), shown(c, s->logs[i].trouble));
        if (s->logs[i].lost)
            say(c, "  %s: gone before it was read to its end: %s times\n",
                shown(c, s->logs[i].path), shown_count(c, s->logs[i].lost));
    }
}

static bool status_json(struct cli *c, const struct daemon_status *s, bool runs, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list = json_set_array(&m, o, "logs");

    json_set_bool(&m, o, "running", runs);
    json_set_integer(&m, o, "index_time", s->index_time);
    json_set_integer(&m, o, "indicators", (int64_t)s->indicators);
    for (size_t i = 0; i < s->logs_n; i++) {
        struct json *g = json_new_object(&m);
        json_set_string(&m, g, "path", s->logs[i].path);
        json_set_string(&m, g, "trouble", s->logs[i].trouble);
        json_set_integer(&m, g, "bytes", (int64_t)s->logs[i].bytes);
        json_set_integer(&m, g, "lines", (int64_t)s->logs[i].lines);
        json_set_integer(&m, g, "hits", (int64_t)s->logs[i].hits);
        json_set_integer(&m, g, "lag", (int64_t)s->logs[i].lag);
        json_set_integer(&m, g, "rate", (int64_t)s->logs[i].rate);
        json_set_integer(&m, g, "renamed", (int64_t)s->logs[i].renamed);
        json_set_integer(&m, g, "cut", (int64_t)s->logs[i].cut);
        json_set_integer(&m, g, "lost", (int64_t)s->logs[i].lost);
        json_add(&m, list, g);
    }
    return print_json(c, &m, o, e);
}

static bool run(struct cli *c, struct err *e)
{
    const char *dir = watch_path(c, c->dir, "", e);
    struct daemon_status s = {0};
    struct err why = {0};
    bool runs;

    if (!dir)
        return false;
    if (!node_is(c->os, c->dir))
        return err_fail(e, ERR_MISSING, "there is no node in %s", c->dir);
    if (!daemon_status_read(c->os, dir, c->arena, &s, &why) && why.code != ERR_MISSING) {
        *e = why;
        return false;
    }
    runs = s.pid && os_now(c->os) - s.written < FRESH_SECONDS;
    c->status = runs ? CLI_YES : CLI_NO;
    if (c->json)
        return status_json(c, &s, runs, e);
    if (!index_line(c, e))
        return false;
    if (runs)
        say(c, "Logs are followed since %s, with %s values.\n", shown_time(c, s.since),
            shown_count(c, s.indicators));
    else
        say(c, "No logs are followed: entente.conf names them (watch = FORMAT PATH).\n");
    if (s.logs_n)
        print_logs(c, &s);
    return true;
}

const struct command cmd_watch_status = {
    .name = "watch status",
    .synopsis = "[--json]",
    .sentence = "Say how old the index is and how far the followed logs are.",
    .more = "What is followed stands in entente.conf (watch = FORMAT PATH); the server starts and\n"
            "keeps up the process that does it. Exit status 1: nothing is followed now.\n",
    .options = options,
    .needs = NEEDS_NOTHING,
    .run = run,
};
