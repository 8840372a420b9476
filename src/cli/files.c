/* Files that the command line names. Standard input and output are descriptors of whoever asked,
 * so they are read and written here and not through the os. */
#include "cli/cli.h"

#include <errno.h>
#include <unistd.h>

static bool read_stdin(struct cli *c, size_t most, struct bytes *out, struct err *e)
{
    struct buf b = buf_in(c->arena);
    uint8_t piece[65536];

    for (;;) {
        ssize_t n = read(c->in, piece, sizeof piece);
        if (n < 0 && errno == EINTR && !is_cancelled(c))
            continue;
        if (n < 0)
            return err_system(e, errno, "stdin");
        if (n == 0)
            return buf_end(&b, out, e);
        if ((size_t)n > most - b.n)
            return err_fail(e, ERR_LIMIT, "stdin: more than %zu bytes", most);
        buf_put(&b, bytes_of(piece, (size_t)n));
    }
}

bool input_read(struct cli *c, const char *path, size_t most, struct bytes *out, struct err *e)
{
    if (!strcmp(path, "-"))
        return read_stdin(c, most, out, e);
    return os_read_file(c->os, path, most, c->arena, out, e);
}

const char *input_name(struct cli *c, const char *path)
{
    return strcmp(path, "-") ? shown(c, bytes_text(path)) : "stdin";
}

bool output_write(struct cli *c, const char *path, struct bytes what, struct err *e)
{
    struct os_file *f = NULL;
    bool ok;

    if (!path || !strcmp(path, "-"))
        return fwrite(what.p, 1, what.n, c->out) == what.n ||
               err_fail(e, ERR_IO, "stdout could not be written");
    if (os_exists(c->os, path)) {
        err_fail(e, ERR_DENIED, "%s is there already: nothing is overwritten", path);
        return err_hint(e, "remove it first, or choose another name");
    }
    ok = os_open(c->os, path, OS_WRITE | OS_CREATE | OS_EXCLUSIVE, &f, e) &&
         os_write(c->os, f, 0, what, e) && os_sync(c->os, f, e);
    os_close(c->os, f);
    return ok;
}
