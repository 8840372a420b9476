/* entente watch: logs and captures searched for what was shared. */
#include "cli/watch.h"
#include "base/text.h"
#include "cli/commands.h"
#include "lookout/sightings.h"

#include <stdlib.h>
#include <unistd.h>

#define PATHS_MOST 1000000

static const struct option_row options[] = {
    {"list", 0, "FILE",
     "look for what is in it: STIX, MISP, CSV, or one value a line; may be "
     "given again"},
    {"index", 0, "FILE", "look for what was compiled into it (entente watch compile -o)"},
    {"format", 0, "FORM", "of the output: text, json, csv or eve"},
    {"input", 0, "FORM", "of the logs: text, zeek, json or csv; else each file says"},
    {"doubtful", 0, NULL, "show hits that a warning list contradicts among the others"},
    {"summary", 0, NULL, "only what the hits add up to, and all of that"},
    {"allow", 0, "FILE", "values that are no hit, one a line; may be given again"},
    {"warninglist", 0, "FILE",
     "a MISP warning list, or a folder of them: hits on what it names are shown apart; may be "
     "given "
     "again"},
    {"min-score", 0, "N", "of --list: leave out what scores lower (0 to 100)"},
    {"defanged", 0, NULL, "the files are reports: undo hxxp, [.] and the like first"},
    {"patterns", 0, NULL,
     "evaluate patterns of several parts too (AND, FOLLOWEDBY, WITHIN ...), in a second pass; what "
     "is "
     "not supported is named"},
    {"follow", 0, NULL, "go on as the logs grow, through rotation; ends with a signal"},
    {"state", 0, "FILE", "with --follow: where the place in the log is kept, to go on from there"},
    {"output", 'o', "FILE",
     "with --follow: add hits to this file; with --state no line counts twice and none is missed, "
     "whatever ends the process"},
    {"sightings", 0, NULL,
     "count what was seen for those who shared it (entente sightings says what becomes of it)"},
    {"daemon", 0, NULL, "follow the logs that entente.conf names; the server starts it by itself"},
    {"with-server", 0, NULL, "with --daemon: end when the process that started it does"},
    {"color", 0, "WHEN", "auto, always or never"},
    {"threads", 0, "N", "how many; else one for each processor"},
    {NULL},
};

/* ---- options ---- */

static bool output_form(struct cli *c, struct watching *w, struct err *e)
{
    static const struct {
        const char *name;
        enum watch_as as;
    } forms[] = {{"text", WATCH_AS_TEXT},
                 {"json", WATCH_AS_JSON},
                 {"csv", WATCH_AS_CSV},
                 {"eve", WATCH_AS_EVE}};
    const char *form = option(c, "format"), *color = option(c, "color");
    bool coloured = color && !strcmp(color, "always");

    if (color && !coloured && strcmp(color, "auto") && strcmp(color, "never"))
        return misuse(c, e, "--color is auto, always or never");
    if (!color || !strcmp(color, "auto"))
        coloured = isatty(fileno(c->out)) && !getenv("NO_COLOR");
    w->as = coloured ? WATCH_AS_COLOURED : WATCH_AS_TEXT;
    for (size_t i = 0; form && i < sizeof forms / sizeof *forms; i++)
        if (!strcmp(form, forms[i].name)) {
            if (i)
                w->as = forms[i].as;
            return true;
        }
    return !form || misuse(c, e, "--format is text, json, csv or eve, not \"%s\"",
                           shown_short(c, bytes_text(form), 40));
}

bool watch_input_form(struct bytes name, enum watch_format *out)
{
    static const char *const names[] = {"auto", "text", "zeek", "json", "csv"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (bytes_are(name, names[i])) {
            *out = (enum watch_format)i;
            return true;
        }
    return false;
}

static bool pool_options(struct cli *c, struct watching *w, struct pool_options *o, struct err *e)
{
    uint64_t threads = 0;

    *o = (struct pool_options){.os = c->os,
                               .index = w->force->index,
                               .defanged = option_given(c, "defanged"),
                               .hit = watching_hit,
                               .self = w,
                               .cancelled = c->cancelled};
    if (option(c, "threads") && (!decimal_parse(bytes_text(option(c, "threads")), &threads) ||
                                 threads < 1 || threads > POOL_THREADS))
        return misuse(c, e, "--threads is a number from 1 to %d", POOL_THREADS);
    o->threads = (unsigned)threads;
    if (option(c, "input") && !watch_input_form(bytes_text(option(c, "input")), &o->format))
        return misuse(c, e, "--input is text, zeek, json or csv, not \"%s\"",
                      shown_short(c, bytes_text(option(c, "input")), 40));
    return true;
}

/* ---- files ---- */

struct paths {
    struct cli *c;
    const char **at;
    size_t n, cap;
};

static bool add_path(void *self, const char *path, struct err *e)
{
    struct paths *p = self;

    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 256;
        const char **more = arena_get_array(p->c->arena, cap, sizeof *more, e);
        if (!more)
            return false;
        if (p->n)
            memcpy(more, p->at, p->n * sizeof *more);
        p->at = more;
        p->cap = cap;
    }
    if (p->n == PATHS_MOST)
        return err_fail(e, ERR_LIMIT, "more than %d files", PATHS_MOST);
    return (p->at[p->n++] = arena_format(p->c->arena, e, "%s", path)) != NULL;
}

static bool find_paths(struct cli *c, struct paths *p, struct err *e)
{
    *p = (struct paths){.c = c};
    for (size_t i = 0; i < c->operands_n; i++) {
        const char *path = c->operands[i];
        if (!strcmp(path, "-") ? !add_path(p, path, e)
                               : !watch_input_walk(c->os, path, add_path, p, e))
            return false;
    }
    return true;
}

/* ---- the search ---- */

static void trouble(void *self, const char *path, const struct err *why)
{
    struct watching *w = self;

    (void)path;
    watching_flush(w, NULL);
    fprintf(words(w->c), "entente: %s\n", why->text);
}

static void pause_shown(void *self)
{
    watching_flush(self, NULL);
}

static bool search(struct cli *c, struct watching *w, struct pool_counts *n, struct err *e)
{
    struct pool_options o;
    struct paths paths;

    if (!pool_options(c, w, &o, e) || !find_paths(c, &paths, e) || !watching_begin(w, e))
        return false;
    o.trouble = trouble;
    o.pause = pause_shown;
    if (!pool_scan(&o, paths.at, paths.n, n, e)) {
        if (w->e.code)
            *e = w->e;
        return false;
    }
    if (!watching_flush(w, e))
        return false;
    if (option_given(c, "patterns") &&
        !watch_patterns(c, w->force->path, paths.at, paths.n, o.format, w->as > WATCH_AS_COLOURED,
                        &w->matches, &n->failed, e))
        return false;
    if (w->quiet)
        return watching_summary(w, c->out, n, e);
    return w->as > WATCH_AS_COLOURED || watching_summary(w, c->err, n, e);
}

/* What was seen of others' indicators, for the queue. */
static bool leave_tally(struct cli *c, struct watching *w, struct err *e)
{
    const char *spool = watch_path(c, c->dir, "spool", e);
    uint8_t fresh[8];
    char name[SPOOL_NAME_MAX] = "run-";
    bool any;

    os_random(c->os, fresh, sizeof fresh);
    hex_encode(name + 4, fresh, sizeof fresh);
    if (!spool || !spool_write(c->os, spool, name, w->tally, w->force->catalogue, true, &any, e))
        return false;
    if (any)
        remark(c, "What was seen waits to be told: entente sightings list\n");
    return true;
}

static bool check_options(struct cli *c, struct err *e)
{
    if (c->operands_n == 0)
        return misuse(c, e, "watch: something is missing");
    if (option_given(c, "sightings") && !node_is(c->os, c->dir))
        return misuse(c, e, "--sightings needs the node (-C DIR): there they wait to be told");
    if (!option_given(c, "follow") && (option(c, "state") || option(c, "output")))
        return misuse(c, e, "--state and --output belong to --follow");
    return true;
}

static bool watch(struct cli *c, struct err *e)
{
    struct in_force force = {0};
    struct watching w = {.c = c, .force = &force};
    struct pool_counts n = {{0}};
    bool ok;

    if (option_given(c, "daemon"))
        return watch_daemon(c, e);
    ok = check_options(c, e) && output_form(c, &w, e) &&
         watch_read_lists(c, &w.allowed, &w.warned, e) &&
         watch_in_force(c, w.allowed, w.warned, &force, e);

    w.check_lists = !option_given(c, "list");
    w.doubtful = option_given(c, "doubtful");
    w.quiet = option_given(c, "summary");
    if (ok && option_given(c, "follow")) {
        ok = watch_follow_logs(c, &w, e);
    } else if (ok) {
        ok = search(c, &w, &n, e) && (!option_given(c, "sightings") || leave_tally(c, &w, e));
        if (ok)
            c->status = n.failed ? 2 : w.hits || w.matches ? 0 : 1;
    }
    watching_end(&w);
    in_force_close(&force);
    return ok;
}

/* As grep has it: 2 for all that went wrong. */
static bool run(struct cli *c, struct err *e)
{
    struct err why = {0};

    (void)e;
    if (!watch(c, &why)) {
        fflush(c->out);
        print_error(words(c), &why);
        c->status = 2;
    }
    return true;
}

const struct command cmd_watch = {
    .name = "watch",
    .synopsis = "FILE|DIR|-... [--list FILE]... [--index FILE] [--format FORM] [--input FORM] "
                "[--doubtful] [--summary] [--allow FILE]... [--warninglist FILE]... "
                "[--min-score N] [--defanged] [--follow [--state FILE] [-o FILE]] [--sightings] "
                "[--patterns] [--daemon] [--color WHEN] [--threads N]",
    .sentence = "Search logs and captures for what was shared.",
    .more =
        "What to look for is a list (--list: any file that entente share takes), a compiled index\n"
        "(--index), or what is in force at the node (-C). Logs may be Zeek, Suricata eve, JSON "
        "lines,\n"
        "CSV, syslog or any text, UTF-16, gzip, zstd, pcap or pcapng; - is stdin. Values are found "
        "as\n"
        "whole words, names with all names below them, addresses by prefixes too, in any "
        "spelling.\n"
        "A file of that name is searched as ./compile, ./status.\n",
    .options = options,
    .exits = "as grep's: 0 hits, 1 none, 2 something went wrong",
    .most = ANY_NUMBER,
    .needs = NEEDS_NOTHING,
    .run = run,
};
