/* Passphrases: from a file's first line, or typed without echo. */
#include "base/text.h"
#include "cli/cli.h"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#define PASSPHRASE_MAX 1024
#define PASSPHRASE_LEAST 8

static bool from_file(struct cli *c, struct bytes *out, struct err *e)
{
    struct bytes text, line = {0};

    if (!os_read_file(c->os, c->passphrase_file, PASSPHRASE_MAX, c->arena, &text, e))
        return err_within(e, "passphrase file");
    bytes_next_line(&text, &line);
    *out = line;
    return line.n || err_fail(e, ERR_INPUT, "passphrase file %s: its first line is empty",
                              c->passphrase_file);
}

/* One line from a terminal, byte by byte, so that nothing behind it is eaten. */
static bool read_line(int fd, struct secret *room, size_t *n)
{
    uint8_t *p = secret_data(room);

    for (*n = 0; *n < PASSPHRASE_MAX;) {
        ssize_t got = read(fd, p + *n, 1);
        if (got != 1)
            return false;
        if (p[*n] == '\n')
            return true;
        ++*n;
    }
    return false;
}

static bool type_once(int fd, const char *prompt, struct cli *c, struct bytes *out, struct err *e)
{
    struct termios before, quiet;
    struct secret *room = secret_new(PASSPHRASE_MAX, e);
    size_t n = 0;
    bool ok;

    if (!room)
        return false;
    if (tcgetattr(fd, &before) != 0) {
        secret_free(room);
        return err_fail(e, ERR_DENIED, "the keys ask for a passphrase, and there is no terminal") ||
               err_hint(e, "give --passphrase-file FILE");
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(words(c), "%s: ", prompt);
    fflush(c->err);
    tcsetattr(fd, TCSAFLUSH, &quiet);
    ok = read_line(fd, room, &n);
    tcsetattr(fd, TCSAFLUSH, &before);
    fputc('\n', c->err);
    ok = ok ? arena_copy(c->arena, bytes_of(secret_data(room), n), out, e)
            : err_fail(e, ERR_INPUT, "no passphrase was given");
    secret_free(room);
    return ok;
}

static bool type_it(struct cli *c, int fd, const char *prompt, bool twice, struct bytes *out,
                    struct err *e)
{
    struct bytes again;

    if (!type_once(fd, prompt, c, out, e))
        return false;
    if (!twice)
        return true;
    if (out->n < PASSPHRASE_LEAST)
        return err_fail(e, ERR_INPUT, "a passphrase of at least %d characters, please",
                        PASSPHRASE_LEAST);
    return type_once(fd, "Again", c, &again, e) &&
           (bytes_equal(*out, again) || err_fail(e, ERR_INPUT, "the two are not the same"));
}

bool passphrase_get(struct cli *c, const char *prompt, bool twice, struct bytes *out, struct err *e)
{
    int fd = c->in;
    bool ok, opened = false;

    if (c->passphrase_file)
        return from_file(c, out, e);
    /* A file may come through stdin, and the terminal still be there. */
    if (!isatty(fd) && !c->node && (fd = open("/dev/tty", O_RDWR | O_CLOEXEC)) >= 0)
        opened = true;
    ok = type_it(c, fd, prompt, twice, out, e);
    if (opened)
        close(fd);
    return ok;
}

bool passphrase_of_node(struct cli *c, struct bytes *out, struct err *e)
{
    *out = bytes_of(NULL, 0);
    return !node_locked(c->os, c->dir) || passphrase_get(c, "Passphrase", false, out, e);
}
