/* help and version: all of it printed from the commands' tables. */
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "stix/json.h"

/* Headings of the list, each before its first command. */
static const struct {
    const struct command *first;
    const char *heading;
} groups[] = {
    {&cmd_init, N_("Parties")},         {&cmd_agreement_new, N_("Agreements")},
    {&cmd_share, N_("Sharing")},        {&cmd_request_new, N_("Asking")},
    {&cmd_claim_new, N_("Claiming")},   {&cmd_match_offer, N_("Comparing")},
    {&cmd_watch, N_("Watching")},       {&cmd_review, N_("Reviewing and proving")},
    {&cmd_serve, N_("Running")},        {&cmd_log_check, N_("Care")},
    {&cmd_version, N_("This program")},
};

/* What tables say is looked up here; empty stays empty. */
static const char *said(const struct cli *c, const char *text)
{
    return text && *text ? catalogue_text(c->words, text) : "";
}

void help_all(struct cli *c, FILE *to)
{
    fputs(tr(c,
             "entente lets parties who do not trust each other cooperate on cybersecurity, and "
             "settle\ntheir disputes from a record that neither can deny, backdate or rewrite.\n"),
          to);
    fputs(tr(c, "\nusage: entente [-C DIR] COMMAND [OPTION]... [ARGUMENT]...\n"), to);
    for (const struct command *const *cmd = commands; *cmd; cmd++) {
        for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
            if (groups[i].first == *cmd)
                fprintf(to, "\n%s\n", said(c, groups[i].heading));
        fprintf(to, "  %-19s %s\n", (*cmd)->name, said(c, (*cmd)->sentence));
    }
    fputs(tr(c, "\nentente help COMMAND says more. The node is the folder given by -C DIR, else "
                "$ENTENTE_HOME,\nelse the current one.\n"),
          to);
}

/* Where a line of so many columns ends: at a blank, between wide characters, or, where a word is
 * longer than a line, behind it. */
static size_t line_end(struct bytes text, size_t columns)
{
    size_t end = text_fit(text, columns), at;

    if (end == text.n)
        return end;
    for (at = end; at; at--) {
        if (text.p[at] == ' ')
            return at;
        if ((text.p[at] & 0xc0) != 0x80 && at < end && text.p[at] >= 0xe3 && text.p[at - 1] >= 0x80)
            return at; /* before a character of East Asia, behind another */
    }
    while (end < text.n && text.p[end] != ' ')
        end++;
    return end;
}

/* One option; its text is folded at column 92. */
static void print_option(struct cli *c, const struct option_row *o, FILE *to)
{
    struct bytes rest = bytes_text(said(c, o->about));
    char letter[5] = "    ", left[64];

    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value ? " " : "",
             o->value ? o->value : "");
    fprintf(to, "  %-26s", left);
    if (strlen(left) > 25)
        fprintf(to, "\n%28s", "");
    while (text_width(rest) > 64) {
        size_t end = line_end(rest, 64);
        if (end >= rest.n)
            break;
        fprintf(to, "%.*s\n%28s", (int)end, (const char *)rest.p, "");
        rest = bytes_part(rest, end + (rest.p[end] == ' '), SIZE_MAX);
    }
    fprintf(to, "%.*s\n", BYTES_FMT(rest));
}

static void print_options(struct cli *c, const struct option_row *rows, FILE *to)
{
    for (; rows && rows->name; rows++)
        print_option(c, rows, to);
}

static const char *exits_of(const struct cli *c, const struct command *cmd)
{
    return cmd->exits ? said(c, cmd->exits) : tr(c, "0 yes, 1 no, 2 misuse, 3 trouble");
}

void help_command(struct cli *c, const struct command *cmd, FILE *to)
{
    fprintf(to, tr(c, "usage: entente %s%s%s\n"), cmd->name, cmd->synopsis[0] ? " " : "",
            cmd->synopsis);
    fprintf(to, "\n%s\n", said(c, cmd->sentence));
    if (cmd->more)
        fprintf(to, "\n%s", said(c, cmd->more));
    fputs(tr(c, "\nOptions:\n"), to);
    print_options(c, cmd->options, to);
    print_options(c, options_common, to);
    fprintf(to, tr(c, "\nExit status: %s.\n"), exits_of(c, cmd));
}

/* ---- for machines: from this the man pages are made, and the texts that are to be translated ----
 */

static void put_options(struct cli *c, struct json_maker *m, struct json *list,
                        const struct option_row *rows)
{
    for (; rows && rows->name; rows++) {
        struct json *o = json_new_object(m);
        char *letter = arena_format(c->arena, &m->e, "%c", rows->letter);
        json_set_text(m, o, "name", rows->name);
        if (rows->letter && letter)
            json_set_text(m, o, "letter", letter);
        if (rows->value)
            json_set_text(m, o, "value", rows->value);
        json_set_text(m, o, "about", said(c, rows->about));
        json_add(m, list, o);
    }
}

static bool command_json(struct cli *c, const struct command *cmd, struct err *e)
{
    struct json_maker m = json_maker(c->arena);
    struct json *o = json_new_object(&m), *list;

    json_set_text(&m, o, "name", cmd->name);
    json_set_text(&m, o, "synopsis", cmd->synopsis);
    json_set_text(&m, o, "sentence", said(c, cmd->sentence));
    json_set_text(&m, o, "more", said(c, cmd->more));
    json_set_text(&m, o, "exits", said(c, cmd->exits));
    list = json_set_array(&m, o, "options");
    put_options(c, &m, list, cmd->options);
    put_options(c, &m, list, options_common);
    return print_json(c, &m, o, e);
}

static bool show_command(struct cli *c, const struct command *cmd, bool first, struct err *e)
{
    if (c->json)
        return command_json(c, cmd, e);
    if (!first)
        fputc('\n', c->out);
    help_command(c, cmd, c->out);
    return true;
}

static const struct option_row help_options[] = {
    {"json", 0, NULL, "one JSON line for each command: its synopsis, texts and options"},
    {NULL},
};

static bool run_help(struct cli *c, struct err *e)
{
    struct buf name = buf_in(c->arena);
    const char *wanted;
    bool any = false, exact = false;

    if (c->operands_n == 0 && !c->json) {
        help_all(c, c->out);
        return true;
    }
    for (size_t i = 0; i < c->operands_n; i++)
        buf_format(&name, "%s%s", i ? " " : "", c->operands[i]);
    if (!(wanted = buf_string(&name, e)))
        return false;
    for (const struct command *const *cmd = commands; *cmd; cmd++)
        exact = exact || !strcmp((*cmd)->name, wanted);
    for (const struct command *const *cmd = commands; *cmd; cmd++) {
        size_t n = strlen(wanted);
        bool whole = !strcmp((*cmd)->name, wanted);
        if (n && !whole && (exact || strncmp((*cmd)->name, wanted, n) || (*cmd)->name[n] != ' '))
            continue;
        if (!show_command(c, *cmd, !any, e))
            return false;
        any = true;
    }
    return any || misuse(c, e, "there is no command \"%s\"", wanted);
}

const struct command cmd_help = {
    .name = "help",
    .synopsis = "[COMMAND] [--json]",
    .sentence = "List the commands, or say what one does.",
    .options = help_options,
    .most = 3,
    .run = run_help,
};

static bool run_version(struct cli *c, struct err *e)
{
    (void)e;
    fprintf(c->out, "entente %s\n", ENTENTE_VERSION);
    return true;
}

const struct command cmd_version = {
    .name = "version",
    .synopsis = "",
    .sentence = "Say which version this is.",
    .run = run_version,
};
