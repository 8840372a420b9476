/* Runs a fuzz target over its corpus, and over each input cut short and with single bytes
 * changed, so that the suite replays what fuzzing found. Usage: replay CORPUS_DIR */
#include "base/os.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A heap copy of the exact size, so that a sanitizer sees one byte too far. */
static void run(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (!copy)
        abort();
    if (n)
        memcpy(copy, p, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static void run_near(struct bytes in)
{
    uint8_t *copy = malloc(in.n ? in.n : 1);
    size_t step = in.n / 64 + 1;

    if (!copy)
        abort();
    run(in.p, in.n);
    for (size_t i = 0; i < in.n; i += step) {
        run(in.p, i);
        memcpy(copy, in.p, in.n);
        copy[i] ^= (uint8_t)(1u << (i % 8));
        run(copy, in.n);
    }
    free(copy);
}

int main(int argc, char **argv)
{
    struct arena *a = arena_new((size_t)1 << 30);
    struct bytes *names;
    struct err e = {0};
    size_t n;

    if (argc != 2 || !a || !os_list(os_system(), argv[1], a, &names, &n, &e)) {
        fprintf(stderr, "usage: replay CORPUS_DIR: %s\n", e.text);
        return 2;
    }
    run(NULL, 0);
    for (size_t i = 0; i < n; i++) {
        char *path = arena_format(a, &e, "%s/%.*s", argv[1], BYTES_FMT(names[i]));
        struct bytes in;
        if (!path || !os_read_file(os_system(), path, 1 << 26, a, &in, &e)) {
            fprintf(stderr, "%s\n", e.text);
            return 1;
        }
        run_near(in);
    }
    printf("1..1\nok 1 - %zu inputs\n", n);
    arena_free(a);
    return n ? 0 : 1;
}
