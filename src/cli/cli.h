/* cli: the program `entente`. One file per command or family of commands; each command is one
 * const struct, from which the parser, `--help` and the man pages are made.
 *
 *     static bool run(struct cli *c, struct err *e) {...}
 *     const struct command cmd_revoke = {"revoke", "ID... --under AGREEMENT", "Withdraw ...", ...};
 *
 * A command runs in its own process, or in the server that owns the node's folder, where several
 * run at a time: so it has no state but its struct cli, and writes to the streams in it, never to
 * stdout or stderr.
 *
 * Results go to c->out, words about them to c->err. True is exit 0 (or c->status); false prints the
 * error and is exit 1 (no: the input, a proof, a clause, nothing there), 2 (misuse) or 3 (trouble:
 * disk, network, memory).
 *
 * Words for people are in the language of whoever asked (c->language: --lang, ENTENTE_LANG, the
 * locale): every text that is printed is looked up by tr() and its kin, or given to a function that
 * does so itself (say, remark, misuse, progress_say, table_start's headings, err_fail, err_within,
 * err_hint); texts of the commands' tables are looked up where they are printed. One call has a
 * whole sentence.
 */
#ifndef ENTENTE_CLI_H
#define ENTENTE_CLI_H

#include "base/buf.h"
#include "base/catalogue.h"
#include "node/node.h"
#include "stix/stix.h"

#include <stdatomic.h>
#include <stdio.h>

#define CLI_OPTIONS 40 /* rows of one command's table, the common ones included */

enum { CLI_YES, CLI_NO, CLI_MISUSE, CLI_TROUBLE };

struct option_row {
    const char *name;  /* long name; NULL ends a table */
    char letter;       /* 0: none */
    const char *value; /* what it takes, in capitals; NULL: a flag */
    const char *about; /* for --help and the man page */
};

enum command_needs {
    NEEDS_NOTHING, /* no node */
    NEEDS_NODE,    /* ours to open, or asked of the server that owns it */
    NEEDS_ALONE,   /* its own process must own the node: serve, key changes */
};

struct cli;
struct command {
    const char *name;     /* "card show" */
    const char *synopsis; /* what follows the name */
    const char *sentence;
    const char *more;                 /* paragraphs for --help; may be NULL */
    const struct option_row *options; /* may be NULL */
    const char *exits;                /* what its exit status says, if not what all others' does */
    unsigned least, most;             /* operands; most 0xffff: any number */
    enum command_needs needs;
    const char *offline; /* an option with which it needs no node; may be NULL */
    bool (*run)(struct cli *c, struct err *e);
};
#define ANY_NUMBER 0xffffu

struct cli {
    const struct os *os;
    struct arena *arena; /* of this command */
    FILE *out, *err;
    int in;                       /* descriptor of stdin */
    bool terminal;                /* c->err is one: progress may rewrite its line */
    const atomic_bool *cancelled; /* whoever asked has gone; may be NULL */
    const struct command *command;
    char **operands;
    size_t operands_n;
    struct {
        const struct option_row *row;
        const char **values;
        size_t n;
    } options[CLI_OPTIONS];
    size_t options_n;
    const char *dir;             /* of the node */
    const char *passphrase_file; /* NULL: ask */
    struct bytes passphrase;     /* once it has been asked for */
    struct node *node;
    enum language language;
    const struct catalogue *words; /* of that language; NULL: English */
    bool json;
    int status; /* exit code of a command that succeeded: CLI_YES, or CLI_NO */
};

/* Run one command line (without the program's name); the exit code. c->node set: in a server. */
int cli_run(struct cli *c, int argc, char **argv);
/* In the order of `entente help`; ends in NULL. */
extern const struct command *const commands[];

/* ---- words in the reader's language ---- */

/* tr(c, "none"), or as a format: fprintf(c->out, tr(c, "%s is in force\n"), title). */
static inline const char *tr(const struct cli *c, const char *text) __attribute__((format_arg(2)));
static inline const char *tr(const struct cli *c, const char *text)
{
    return catalogue_text(c->words, text);
}

/* By number: fprintf(c->out, trn(c, "%s object\n", "%s objects\n", n), shown_count(c, n)). */
static inline const char *trn(const struct cli *c, const char *one, const char *many, uint64_t n)
    __attribute__((format_arg(2), format_arg(3)));
static inline const char *trn(const struct cli *c, const char *one, const char *many, uint64_t n)
{
    return catalogue_plural(c->words, one, many, n);
}

/* Where one English word needs two translations: tr_in(c, "of a request", "open"). */
static inline const char *tr_in(const struct cli *c, const char *context, const char *text)
    __attribute__((format_arg(3)));
static inline const char *tr_in(const struct cli *c, const char *context, const char *text)
{
    return catalogue_text_in(c->words, context, text);
}

/* Results: fprintf(c->out, tr(c, format), ...). */
void say(struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Words about them: the same to c->err, with what stands in c->out before it. */
void remark(struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- options.c: the command line (getopt_long under a lock: decision 0140) ---- */

/* Options every command has; what is before the command's name. */
extern const struct option_row options_common[];
bool options_parse(struct cli *c, int argc, char **argv, struct err *e);
void language_set(struct cli *c, enum language l);
/* The operands that are before the command: -C DIR and so on. *used: how many words. */
bool options_parse_global(struct cli *c, int argc, char **argv, int *used, struct err *e);
/* The last value given, or NULL. Asserts that the command has such an option. */
const char *option(const struct cli *c, const char *name);
bool option_given(const struct cli *c, const char *name);
/* All values given, in order. */
const char *const *option_all(const struct cli *c, const char *name, size_t *n);
/* Misuse: exit 2. */
bool misuse(struct cli *c, struct err *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- help.c ---- */

void help_all(struct cli *c, FILE *to);
void help_command(struct cli *c, const struct command *cmd, FILE *to);

/* ---- print.c: words for people ---- */

/* Escaped for a terminal, in the command's arena. */
const char *shown(struct cli *c, struct bytes text);
/* The same, cut to so many columns with "..." */
const char *shown_short(struct cli *c, struct bytes text, size_t most);
/* "2026-11-23 19:20:11Z"; "never" for 0, "" for STIX_NO_TIME and INT64_MAX. */
const char *shown_time(struct cli *c, int64_t seconds);
/* "5 s ago", "3 hours ago", "in 20 s". */
const char *shown_ago(struct cli *c, int64_t seconds);
/* When an act was appended, by others' cosignatures: of record_bracket. */
const char *shown_bracket(struct cli *c, int64_t after, int64_t before);
/* "12,345" and "1.2 MB". */
const char *shown_count(struct cli *c, uint64_t n);
const char *shown_bytes(struct cli *c, uint64_t n);
/* The first `digits` hex digits of a hash. */
const char *shown_hash(struct cli *c, const struct hash *h, size_t digits);

/* A table is gathered, then printed with columns as wide as they need. */
#define TABLE_COLUMNS 10
struct table {
    struct cli *c;
    size_t columns;
    bool right[TABLE_COLUMNS]; /* numbers */
    struct table_row {
        struct table_row *next;
        const char *cell[TABLE_COLUMNS];
    } * first, **last;
};
/* Headings are separated by '|'; one that begins with '>' is set to the
 * right. All of them are one text of the catalogue. */
void table_start(struct table *t, struct cli *c, const char *headings);
/* As many cells as columns. */
void table_add(struct table *t, ...);
void table_print(struct table *t, const char *indent);

/* One canonical JSON line. */
bool print_json(struct cli *c, struct json_maker *m, const struct json *v, struct err *e);
void print_error(FILE *to, const struct err *e);
int status_of(const struct err *e);

/* ---- files.c ---- */

/* A whole file, or stdin for "-". */
bool input_read(struct cli *c, const char *path, size_t most, struct bytes *out, struct err *e);
/* To a file that is not there yet, or stdout for "-" and NULL. */
bool output_write(struct cli *c, const char *path, struct bytes what, struct err *e);
/* The same name for people: "stdin" for "-". */
const char *input_name(struct cli *c, const char *path);

/* ---- passphrase.c ---- */

/* From --passphrase-file, ENTENTE_PASSPHRASE_FILE or the terminal. `twice`: ask for it again. */
bool passphrase_get(struct cli *c, const char *prompt, bool twice, struct bytes *out,
                    struct err *e);
/* For what needs the recovery key: empty if the node's keys are not locked. */
bool passphrase_of_node(struct cli *c, struct bytes *out, struct err *e);

/* ---- find.c: naming things ---- */

/* The agreement that `name` means; NULL: the only one there is. */
bool agreement_named(struct cli *c, const char *name, char id[ACT_AGREEMENT + 1], struct err *e);
/* The record of it. What it shows of the agreement and its state lasts only until somebody writes,
 * and in a server a peer may do so at any moment: take a view of those instead. */
bool record_named(struct cli *c, const char *name, struct record **out, struct err *e);

/* A copy of an agreement and its state, which stays as it is. */
struct view {
    struct record *record;
    struct record_state state;
    const struct agreement *g; /* the version in force: state.agreement */
};
bool view_open(struct cli *c, const char *id, struct view *out, struct err *e);
bool view_named(struct cli *c, const char *name, struct view *out, struct err *e);
/* All agreements, or the one named. */
bool agreements_named(struct cli *c, const char *name, const char ***ids, size_t *n, struct err *e);
/* An act by "slug/index" or the beginning of its hash, in one agreement or (name NULL) any. */
bool act_named(struct cli *c, const char *agreement, const char *ref, struct record **r,
               struct act *out, struct err *e);
/* Of a party: its name in the agreement. */
struct bytes party_name(const struct agreement *g, struct bytes slug);
/* "south, west": all but us. */
const char *other_parties(struct cli *c, const struct view *v);
/* To be looked up. */
const char *stage_word(enum record_stage s);
/* The UUID of our own STIX identity (decision 0142). */
bool party_identity(struct cli *c, struct uuid *out, struct err *e);

/* ---- progress: one line on stderr, rewritten on a terminal, else every few seconds ---- */

struct progress {
    struct cli *c;
    int64_t began, last;
    bool shown;
};
void progress_start(struct progress *p, struct cli *c);
/* Is it time to say something? */
bool progress_due(struct progress *p);
void progress_say(struct progress *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Take the line away. */
void progress_end(struct progress *p);

/* c->err, with what stands in c->out before it. */
static inline FILE *words(const struct cli *c)
{
    fflush(c->out);
    return c->err;
}

static inline bool is_cancelled(const struct cli *c)
{
    return c->cancelled && atomic_load(c->cancelled);
}

#endif
