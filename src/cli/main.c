/* entente: one party's node, from the command line. */
#include "cli/cli.h"
#include "cli/commands.h"

#include <stdlib.h>
#include <unistd.h>

#define CLI_ARENA ((size_t)1 << 30) /* a cap: the largest file that is read whole, and its JSON */

const struct command *const commands[] = {
    &cmd_init,
    &cmd_card_show,
    &cmd_card_import,
    &cmd_card_enrol,
    &cmd_card_challenge,
    &cmd_card_answer,
    &cmd_peers,
    &cmd_agreement_new,
    &cmd_agreement_check,
    &cmd_agreement_sign,
    &cmd_agreement_show,
    &cmd_agreement_list,
    &cmd_agreement_amend,
    &cmd_agreement_suspend,
    &cmd_agreement_resume,
    &cmd_agreement_withdraw,
    &cmd_agreement_schema,
    &cmd_officer_key,
    &cmd_officer_enrol,
    &cmd_officer_remove,
    &cmd_officer_list,
    &cmd_officer_sign,
    &cmd_officer_send,
    &cmd_remedy_notice,
    &cmd_remedy_list,
    &cmd_remedy_cure,
    &cmd_remedy_suspend,
    &cmd_remedy_lift,
    &cmd_remedy_terminate,
    &cmd_share,
    &cmd_objects_list,
    &cmd_objects_show,
    &cmd_revoke,
    &cmd_export_stix,
    &cmd_request_new,
    &cmd_request_list,
    &cmd_request_show,
    &cmd_request_ack,
    &cmd_request_clarify,
    &cmd_request_status,
    &cmd_request_answer,
    &cmd_request_refuse,
    &cmd_request_extend,
    &cmd_request_accept,
    &cmd_request_contest,
    &cmd_request_escalate,
    &cmd_request_withdraw,
    &cmd_request_suspend,
    &cmd_request_resume,
    &cmd_request_agree,
    &cmd_request_rule,
    &cmd_why,
    &cmd_ping,
    &cmd_ping_list,
    &cmd_ping_answer,
    &cmd_notices,
    &cmd_claim_new,
    &cmd_claim_list,
    &cmd_claim_show,
    &cmd_claim_ack,
    &cmd_claim_reply,
    &cmd_claim_rebut,
    &cmd_claim_evidence,
    &cmd_claim_grade,
    &cmd_claim_revise,
    &cmd_claim_counter,
    &cmd_claim_finding,
    &cmd_claim_refer,
    &cmd_claim_settle,
    &cmd_claim_agree,
    &cmd_claim_extend,
    &cmd_claim_escalate,
    &cmd_claim_withdraw,
    &cmd_claim_disagree,
    &cmd_claim_comment,
    &cmd_claim_matrix,
    &cmd_exhibit_add,
    &cmd_exhibit_list,
    &cmd_exhibit_show,
    &cmd_exhibit_get,
    &cmd_exhibit_custody,
    &cmd_exhibit_provide,
    &cmd_exhibit_erase,
    &cmd_match_offer,
    &cmd_match_list,
    &cmd_match_show,
    &cmd_match_accept,
    &cmd_match_refuse,
    &cmd_match_run,
    &cmd_match_audit,
    &cmd_match_worker,
    &cmd_psi,
    &cmd_watch,
    &cmd_watch_compile,
    &cmd_watch_status,
    &cmd_sightings_list,
    &cmd_sightings_release,
    &cmd_sightings_drop,
    &cmd_sightings_received,
    &cmd_export,
    &cmd_review,
    &cmd_review_comment,
    &cmd_dossier_export,
    &cmd_dossier_timestamp,
    &cmd_proof,
    &cmd_verify,
    &cmd_acts_list,
    &cmd_acts_show,
    &cmd_evidence_list,
    &cmd_evidence_show,
    &cmd_export_log,
    &cmd_serve,
    &cmd_sync,
    &cmd_status,
    &cmd_log_check,
    &cmd_log_rebuild,
    &cmd_log_recover,
    &cmd_log_fence,
    &cmd_log_key,
    &cmd_witness_key,
    &cmd_witness_add,
    &cmd_witness_list,
    &cmd_key_list,
    &cmd_key_rotate,
    &cmd_key_revoke,
    &cmd_version,
    &cmd_help,
    NULL,
};

/* ---- finding the command ---- */

/* How many words of the line the command's name takes; 0: it is another command. */
static int words_matched(const struct command *cmd, int argc, char **argv)
{
    struct bytes rest = bytes_text(cmd->name);
    int n = 0;

    while (rest.n) {
        size_t end = bytes_find_byte(rest, ' ');
        if (n == argc || !bytes_are(bytes_part(rest, 0, end), argv[n]))
            return 0;
        rest = bytes_part(rest, end + 1, SIZE_MAX);
        n++;
    }
    return n;
}

/* Of "watch" and "watch compile" the longer counts. */
static const struct command *find_command(int argc, char **argv, int *words)
{
    const struct command *found = NULL;

    *words = 0;
    for (const struct command *const *cmd = commands; *cmd; cmd++) {
        int n = words_matched(*cmd, argc, argv);
        if (n > *words) {
            *words = n;
            found = *cmd;
        }
    }
    return found;
}

static int unknown_command(struct cli *c, const char *word)
{
    size_t n = strlen(word);
    bool family = false;

    for (const struct command *const *cmd = commands; *cmd; cmd++)
        if (!strncmp((*cmd)->name, word, n) && (*cmd)->name[n] == ' ') {
            if (!family)
                remark(c, "entente: \"%s\" needs to know what to do:\n",
                       shown(c, bytes_text(word)));
            fprintf(words(c), "  %-20s %s\n", (*cmd)->name, tr(c, (*cmd)->sentence));
            family = true;
        }
    if (!family)
        remark(c, "entente: there is no command \"%s\"\n  entente help lists them\n",
               shown_short(c, bytes_text(word), 60));
    return CLI_MISUSE;
}

/* ---- the node ---- */

/* The server that owns the folder runs the command in our name. */
static bool ask_server(struct cli *c, int words, int argc, char **argv, bool *asked, int *status,
                       struct err *e)
{
    char **line = arena_get_array(c->arena, (size_t)argc + 4, sizeof *line, e);
    struct err why = err_like(e);
    int n = 0;

    if (!line || !(line[n++] = arena_format(c->arena, e, "entente")))
        return false;
    for (int i = 0; i < argc; i++) {
        line[n++] = argv[i];
        if (i + 1 == words &&
            !(line[n++] = arena_format(c->arena, e, "--lang=%s", language_name(c->language))))
            return false;
        if (i + 1 == words && c->passphrase_file &&
            !(line[n++] = arena_format(c->arena, e, "--passphrase-file=%s", c->passphrase_file)))
            return false;
    }
    line[n] = NULL;
    *asked = node_control_call(c->dir, n, line, status, &why);
    if (*asked || why.code == ERR_MISSING)
        return true;
    return err_pass(e, &why);
}

/* Warnings and errors of a node that we opened ourselves. */
static void say_diag(void *self, const char *text, size_t n)
{
    struct bytes line = bytes_of(text, n);
    FILE *to = self;

    if (bytes_start_with(line, "error ") || bytes_start_with(line, "warn "))
        fprintf(to, "entente: %.*s",
                BYTES_FMT(bytes_part(line, bytes_find_byte(line, ' ') + 1, n)));
}

static bool open_node(struct cli *c, struct err *e)
{
    struct node_options o = {.os = c->os};
    struct diag *d = arena_get(c->arena, sizeof *d, e);

    if (!d)
        return false;
    *d = (struct diag){.least = DIAG_WARN, .line = say_diag, .self = c->err};
    o.diag = d;
    if (node_locked(c->os, c->dir) && !passphrase_of_node(c, &c->passphrase, e))
        return false;
    o.passphrase = c->passphrase;
    c->node = node_open(&o, c->dir, e);
    return c->node != NULL;
}

/* ---- running ---- */

static bool check_operands(struct cli *c, struct err *e)
{
    const struct command *cmd = c->command;

    if (c->operands_n < cmd->least)
        return misuse(c, e, "%s: something is missing", cmd->name);
    if (c->operands_n > cmd->most)
        return misuse(c, e, "%s: \"%s\" is one too many", cmd->name,
                      shown_short(c, bytes_text(c->operands[cmd->most]), 60));
    return true;
}

static enum command_needs needs(const struct cli *c)
{
    return c->command->offline && option_given(c, c->command->offline) ? NEEDS_NOTHING
                                                                       : c->command->needs;
}

/* *done: the server did it, or help was shown. */
static bool prepare(struct cli *c, int words, int argc, char **argv, bool *done, struct err *e)
{
    char **again = arena_get_array(c->arena, (size_t)argc + 1, sizeof *again, e);

    if (!again)
        return false;
    memcpy(again, argv, (size_t)argc * sizeof *again); /* getopt changes the order */
    if (!options_parse(c, argc - words + 1, again + words - 1, e))
        return false;
    if (option_given(c, "help")) {
        help_command(c, c->command, c->out);
        *done = true;
        return true;
    }
    if (!check_operands(c, e))
        return false;
    if (needs(c) == NEEDS_NODE && !c->node)
        return ask_server(c, words, argc, argv, done, &c->status, e);
    return true;
}

static bool run(struct cli *c, int words, int argc, char **argv, struct err *e)
{
    bool ours = false, done = false, ok;

    if (!prepare(c, words, argc, argv, &done, e))
        return false;
    if (done)
        return true;
    if (needs(c) != NEEDS_NOTHING && !c->node) {
        if (!open_node(c, e))
            return false;
        ours = true;
    }
    ok = c->command->run(c, e);
    if (ours)
        node_close(c->node);
    if (ok && fflush(c->out) != 0)
        return err_fail(e, ERR_IO, "what was to be said could not be written");
    return ok;
}

int cli_run(struct cli *c, int argc, char **argv)
{
    struct err e = {.words = c->words};
    int length = 0, status;

    c->arena = arena_new_secret(CLI_ARENA);
    if (!c->arena) {
        remark(c, "entente: out of memory\n");
        return CLI_TROUBLE;
    }
    c->command = find_command(argc, argv, &length);
    if (!c->command)
        status = unknown_command(c, argv[0]);
    else if (run(c, length, argc, argv, &e))
        status = c->status;
    else {
        status = c->status == CLI_MISUSE ? CLI_MISUSE : status_of(&e);
        fflush(c->out);
        print_error(words(c), &e);
    }
    fflush(c->out);
    fflush(c->err);
    arena_free(c->arena);
    return status;
}

static int run_line(struct cli *c, int argc, char **argv)
{
    struct err e = {.words = c->words};
    int used = 1;

    if (!options_parse_global(c, argc, argv, &used, &e)) {
        print_error(words(c), &e);
        return CLI_MISUSE;
    }
    if (option_given(c, "version")) {
        say(c, "entente %s\n", ENTENTE_VERSION);
        return CLI_YES;
    }
    if (option_given(c, "help") || used == argc) {
        help_all(c, used == argc && !option_given(c, "help") ? c->err : c->out);
        return option_given(c, "help") ? CLI_YES : CLI_MISUSE;
    }
    return cli_run(c, argc - used, argv + used);
}

/* The first of these that is set decides; --lang comes later. */
static enum language language_of_environment(void)
{
    static const char *const names[] = {"ENTENTE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    enum language l = LANGUAGE_EN;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value) {
            language_named(value, &l); /* a language that we lack: English */
            break;
        }
    }
    return l;
}

int main(int argc, char **argv)
{
    const char *home = getenv("ENTENTE_HOME");
    struct cli c = {.os = os_system(),
                    .out = stdout,
                    .err = stderr,
                    .in = STDIN_FILENO,
                    .terminal = isatty(STDERR_FILENO),
                    .dir = home && *home ? home : ".",
                    .passphrase_file = getenv("ENTENTE_PASSPHRASE_FILE")};
    struct arena *words = arena_new(1 << 20);
    int status;

    arena_keep_memory();
    if (!words || !crypto_init()) {
        fprintf(stderr, "entente: the machine gives no %s\n", words ? "randomness" : "memory");
        return CLI_TROUBLE;
    }
    c.arena = words;
    language_set(&c, language_of_environment());
    status = run_line(&c, argc, argv);
    arena_free(words);
    return status;
}
