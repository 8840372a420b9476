/* help and version: all of it printed from the commands' tables. */
#include "cli/cli.h"
#include "cli/commands.h"

static const char about[] =
    "entente lets parties who do not trust each other cooperate on cybersecurity, and settle\n"
    "their disputes from a record that neither can deny, backdate or rewrite.\n";

/* Headings of the list, each before its first command. */
static const struct {
    const struct command *first;
    const char *heading;
} groups[] = {
    {&cmd_init, "Parties"},         {&cmd_agreement_new, "Agreements"},
    {&cmd_share, "Sharing"},        {&cmd_serve, "Running"},
    {&cmd_proof, "Proving"},        {&cmd_log_check, "Care"},
    {&cmd_version, "This program"},
};

void help_all(FILE *to)
{
    fprintf(to, "%s\nusage: entente [-C DIR] COMMAND [OPTION]... [ARGUMENT]...\n", about);
    for (const struct command *const *c = commands; *c; c++) {
        for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
            if (groups[i].first == *c)
                fprintf(to, "\n%s\n", groups[i].heading);
        fprintf(to, "  %-19s %s\n", (*c)->name, (*c)->sentence);
    }
    fprintf(to, "\nentente help COMMAND says more. The node is the folder given by -C DIR, else "
                "$ENTENTE_HOME,\nelse the current one.\n");
}

/* One option; its text is folded at column 92. */
static void print_option(const struct option_row *o, FILE *to)
{
    struct bytes rest = bytes_text(o->about);
    char letter[5] = "    ", left[64];

    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value ? " " : "",
             o->value ? o->value : "");
    fprintf(to, "  %-26s", left);
    if (strlen(left) > 25)
        fprintf(to, "\n%28s", "");
    while (rest.n > 64) {
        size_t end = 64;
        while (end && rest.p[end] != ' ')
            end--;
        for (size_t n = 64; !end && n <= rest.n; n++) /* a long word stands alone */
            if (n == rest.n || rest.p[n] == ' ')
                end = n;
        fprintf(to, "%.*s\n%28s", (int)end, (const char *)rest.p, "");
        rest = bytes_part(rest, end + (end < rest.n), SIZE_MAX);
    }
    fprintf(to, "%.*s\n", BYTES_FMT(rest));
}

static void print_options(const struct option_row *rows, FILE *to)
{
    for (; rows && rows->name; rows++)
        print_option(rows, to);
}

void help_command(const struct command *cmd, FILE *to)
{
    fprintf(to, "usage: entente %s%s%s\n\n%s\n", cmd->name, cmd->synopsis[0] ? " " : "",
            cmd->synopsis, cmd->sentence);
    if (cmd->more)
        fprintf(to, "\n%s", cmd->more);
    fprintf(to, "\nOptions:\n");
    print_options(cmd->options, to);
    print_options(options_common, to);
    fprintf(to, "\nExit status: %s.\n",
            cmd->exits ? cmd->exits : "0 yes, 1 no, 2 misuse, 3 trouble");
}

static bool run_help(struct cli *c, struct err *e)
{
    struct buf name = buf_in(c->arena);
    const char *wanted;
    bool any = false, exact = false;

    if (c->operands_n == 0) {
        help_all(c->out);
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
        if (!whole && (exact || strncmp((*cmd)->name, wanted, n) || (*cmd)->name[n] != ' '))
            continue;
        if (any)
            fputc('\n', c->out);
        help_command(*cmd, c->out);
        any = true;
    }
    return any || misuse(c, e, "there is no command \"%s\"", wanted);
}

const struct command cmd_help = {
    .name = "help",
    .synopsis = "[COMMAND]",
    .sentence = "List the commands, or say what one does.",
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
