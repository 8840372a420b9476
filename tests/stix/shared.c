#include "stix/shared.h"

#include <stdio.h>

static bool unpack(struct arena *a, const char *path, struct bytes *out)
{
    struct err e = {0};
    struct buf b = buf_in(a);
    char *command = arena_format(a, &e, "zstd -dcq '%s'", path), chunk[65536];
    FILE *pipe = command ? popen(command, "r") : NULL;
    size_t n;

    if (!pipe)
        return false;
    while ((n = fread(chunk, 1, sizeof chunk, pipe)) > 0)
        buf_put(&b, bytes_of(chunk, n));
    if (pclose(pipe) == 0 && buf_end(&b, out, &e))
        return true;
    print_message("the program zstd could not unpack %s: skipped\n", path);
    return false;
}

bool shared_text(struct arena *a, const char *name, struct bytes *out)
{
    const char *path;

    if (!bytes_end_with(bytes_text(name), ".zst"))
        return test_shared(a, name, out);
    path = test_shared_path(a, name);
    return path && unpack(a, path, out);
}
