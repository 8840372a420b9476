/* The command line. glibc's getopt_long does the work; it keeps its place in globals, and a server
 * runs several commands at a time, so it is held by a lock and copied out of (decision 0140). */
#include "cli/cli.h"

#include <assert.h>
#include <getopt.h>
#include <pthread.h>
#include <stdarg.h>

const struct option_row options_common[] = {
    {"node", 'C', "DIR", "the node's folder; else $ENTENTE_HOME, else the current one"},
    {"passphrase-file", 0, "FILE",
     "the first line is the passphrase of the keys; else $ENTENTE_PASSPHRASE_FILE, else it is "
     "asked for"},
    {"lang", 0, "LANGUAGE",
     "the language of texts, en or zh; else $ENTENTE_LANG, else that of the locale"},
    {"help", 'h', NULL, "show this help"},
    {NULL},
};

static pthread_mutex_t getopt_lock = PTHREAD_MUTEX_INITIALIZER; /* optind, optarg, optopt */

bool misuse(struct cli *c, struct err *e, const char *format, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, tr(c, format), args);
    va_end(args);
    c->status = CLI_MISUSE;
    err_fail(e, ERR_INPUT, "%s", text);
    return err_hint(e, "usage: entente %s %s", c->command ? c->command->name : "[-C DIR] COMMAND",
                    c->command ? c->command->synopsis : "...");
}

static void add_rows(struct cli *c, const struct option_row *rows)
{
    for (; rows && rows->name; rows++) {
        assert(c->options_n < CLI_OPTIONS);
        c->options[c->options_n].row = rows;
        c->options[c->options_n++].n = 0;
    }
}

static bool keep(struct cli *c, size_t which, const char *value, int most, struct err *e)
{
    if (!c->options[which].values &&
        !(c->options[which].values =
              arena_get_array(c->arena, (size_t)most, sizeof *c->options[which].values, e)))
        return false;
    c->options[which].values[c->options[which].n++] = value ? value : "";
    return true;
}

/* What getopt_long wants, of our rows: the long option's value is its row's number + 256. */
static void tables(const struct cli *c, bool in_order, struct option *longs, char *shorts)
{
    size_t n = 0;

    if (in_order)
        shorts[n++] = '+';
    shorts[n++] = ':';
    for (size_t i = 0; i < c->options_n; i++) {
        const struct option_row *row = c->options[i].row;
        longs[i] = (struct option){row->name, row->value ? required_argument : no_argument, NULL,
                                   (int)i + 256};
        if (row->letter)
            shorts[n++] = row->letter;
        if (row->letter && row->value)
            shorts[n++] = ':';
    }
    shorts[n] = '\0';
}

static size_t row_of(const struct cli *c, int got)
{
    for (size_t i = 0; i < c->options_n; i++)
        if (got == (int)i + 256 || (got < 256 && got == c->options[i].row->letter))
            return i;
    return SIZE_MAX;
}

static bool refuse(struct cli *c, int got, int argc, char **argv, struct err *e)
{
    int at = optind > 0 && optind <= argc ? optind - 1 : 0;
    const char *word = argv[at];

    if (optopt > 0 && optopt < 256) /* one letter, perhaps among others */
        return misuse(c, e, got == ':' ? N_("-%c needs a value") : N_("there is no option -%c"),
                      optopt);
    return misuse(
        c, e, got == ':' ? N_("%s needs a value") : N_("there is no such option, or not so: %s"),
        word);
}

static bool scan(struct cli *c, bool in_order, int argc, char **argv, int *used, struct err *e)
{
    struct option longs[CLI_OPTIONS + 1] = {{0}};
    char shorts[2 * CLI_OPTIONS + 3];
    bool ok = true;
    int got;

    tables(c, in_order, longs, shorts);
    pthread_mutex_lock(&getopt_lock);
    optind = 0; /* glibc: from the beginning */
    opterr = 0;
    while (ok && (got = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        size_t which = got == '?' || got == ':' ? SIZE_MAX : row_of(c, got);
        ok = which == SIZE_MAX ? refuse(c, got, argc, argv, e) : keep(c, which, optarg, argc, e);
    }
    *used = optind;
    pthread_mutex_unlock(&getopt_lock);
    return ok;
}

static size_t named(const struct cli *c, const char *name)
{
    size_t i = 0;

    while (i < c->options_n && strcmp(c->options[i].row->name, name))
        i++;
    assert(i < c->options_n); /* the command has no such option */
    return i;
}

const char *option(const struct cli *c, const char *name)
{
    size_t i = named(c, name);

    return c->options[i].n ? c->options[i].values[c->options[i].n - 1] : NULL;
}

bool option_given(const struct cli *c, const char *name)
{
    return c->options[named(c, name)].n > 0;
}

const char *const *option_all(const struct cli *c, const char *name, size_t *n)
{
    size_t i = named(c, name);

    *n = c->options[i].n;
    return c->options[i].values;
}

void language_set(struct cli *c, enum language l)
{
    c->language = l;
    c->words = language_catalogue(l);
}

static bool take_common(struct cli *c, struct err *e)
{
    const char *lang = option(c, "lang");
    enum language l;

    if (lang && !language_named(lang, &l))
        return misuse(c, e, "there are no texts in the language \"%s\", only in en and zh",
                      shown_short(c, bytes_text(lang), 20));
    if (lang)
        language_set(c, l);
    if (e)
        e->words = c->words;
    if (option(c, "node"))
        c->dir = option(c, "node");
    if (option(c, "passphrase-file"))
        c->passphrase_file = option(c, "passphrase-file");
    return true;
}

bool options_parse_global(struct cli *c, int argc, char **argv, int *used, struct err *e)
{
    static const struct option_row version[] = {{"version", 0, NULL, "show the version"}, {NULL}};

    c->options_n = 0;
    add_rows(c, options_common);
    add_rows(c, version);
    if (!scan(c, true, argc, argv, used, e))
        return false;
    return take_common(c, e);
}

bool options_parse(struct cli *c, int argc, char **argv, struct err *e)
{
    int used;

    memset(c->options, 0, sizeof c->options);
    c->options_n = 0;
    add_rows(c, c->command->options);
    add_rows(c, options_common);
    if (!scan(c, false, argc, argv, &used, e))
        return false;
    if (!take_common(c, e))
        return false;
    c->operands = argv + used;
    c->operands_n = (size_t)(argc - used);
    for (size_t i = 0; i < c->options_n; i++)
        if (!strcmp(c->options[i].row->name, "json"))
            c->json = c->options[i].n > 0;
    return true;
}
