/* After a run has gone, however it went, nothing of it is in the process's memory: the test notes
 * secrets while it runs (turned round, so that the notes do not count), closes it, and reads all
 * memory that it may write, freed or not, heap, arenas and the dead part of the stack. */
#include "pair.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE 16
#define NOTES_MOST 400

struct note {
    const char *what;
    uint8_t turned[PIECE];
};

static struct note notes[NOTES_MOST];
static size_t notes_n;

static void note(const char *what, const void *p, size_t n)
{
    for (size_t at = 0; p && at + PIECE <= n && notes_n < NOTES_MOST; at += PIECE) {
        const uint8_t *from = (const uint8_t *)p + at;
        uint8_t any = 0;
        for (unsigned i = 0; i < PIECE; i++) {
            any |= from[i];
            notes[notes_n].turned[i] = (uint8_t)(from[i] ^ (0xa5 + i));
        }
        notes[notes_n].what = what;
        notes_n += any != 0;
    }
}

static void note_run(const struct psi *p)
{
    note("a share", p->secret[COMMIT_SHARE], 32);
    note("delta", p->delta, sizeof p->delta);
    if (p->keys) {
        note("delta", &p->vole.delta, 16);
        note("kept correlations", p->vole.kept, 64);
        note("kept correlations", p->vole.kept2, 64);
        note("a chunk", p->vole.x, 64);
        note("a chunk", p->a, 64);
        note("a chunk", p->c, 64);
        note("a table", p->table, 64);
        note("transfers", p->transfers, 64);
        note("bits of transfers", p->bits, 64);
        note("row keys", p->scratch[0], 64);
        note("row values", p->scratch[1], 64);
        if (p->cot)
            note("seeds of transfers", p->cot->leaf[3], 64);
    }
    if (p->items.start)
        note("hashed items", p->items.hash, p->items.done ? 64 : 0);
    if (p->values)
        note("decoded values, or tags", p->values, 64);
    if (p->set)
        note("digests", psi_set_digests(p->set), 64);
}

/* A needle in bytes that may hold it anywhere. */
static bool holds(const uint8_t *p, size_t n, const struct note *s)
{
    uint8_t first = (uint8_t)(s->turned[0] ^ 0xa5);
    const uint8_t *at = p, *end = p + n;

    while (at < end && (size_t)(end - at) >= PIECE &&
           (at = memchr(at, first, (size_t)(end - at)))) {
        unsigned i = 0;
        if ((size_t)(end - at) < PIECE)
            return false;
        while (i < PIECE && at[i] == (uint8_t)(s->turned[i] ^ (0xa5 + i)))
            i++;
        if (i == PIECE)
            return true;
        at++;
    }
    return false;
}

/* All of a mapping, in windows read through the kernel, so that no page can make it fail. */
static size_t search(int mem, uint64_t from, uint64_t to, const char *where)
{
    enum { WINDOW = 1 << 20 };
    static uint8_t window[WINDOW]; /* zeroed again, or it would find itself */
    size_t found = 0;

    for (uint64_t at = from; at < to; at += WINDOW - PIECE) {
        size_t n = to - at < WINDOW ? (size_t)(to - at) : WINDOW;
        ssize_t got = pread(mem, window, n, (off_t)at);
        for (size_t i = 0; got > 0 && i < notes_n; i++)
            if (holds(window, (size_t)got, &notes[i])) {
                print_message("%s is still in %s", notes[i].what, where);
                found++;
            }
        explicit_bzero(window, sizeof window);
    }
    return found;
}

static size_t search_all(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char line[512];
    size_t found = 0;

    assert_true(maps && mem >= 0);
    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char mode[8] = "";
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) == 3 && mode[0] == 'r' &&
            mode[1] == 'w' && !strstr(line, "[v"))
            found += search(mem, from, to, line);
    }
    fclose(maps);
    close(mem);
    return found;
}

static struct pair fresh_pair(void)
{
    struct psi_options o[2] = {options_of(PSI_RECEIVER, PSI_MALICIOUS),
                               options_of(PSI_SENDER, PSI_MALICIOUS)};
    uint64_t x[500];

    for (size_t i = 0; i < 500; i++)
        x[i] = i;
    return open_pair(o, set_of(x, 500), set_of(x, 500));
}

/* Steps with all bytes passed on; true while somebody goes on. */
static bool both_step(struct pair *p)
{
    bool moved = false;

    for (unsigned i = 0; i < 2; i++) {
        struct bytes out;
        size_t taken = 0;
        if (p->end[i] == PSI_DONE)
            continue;
        p->end[i] = psi_step(p->side[i], &p->e[i]);
        out = psi_output(p->side[i]);
        must(!out.n || psi_feed(p->side[1 - i], out, &taken, &p->e[1 - i]), &p->e[1 - i]);
        psi_sent(p->side[i], taken);
        moved = true;
    }
    return moved;
}

/* Shares go over the wire in the end; then they are secrets no more. */
static void forget_what_was_opened(const struct pair *p)
{
    const struct psi *r = p->side[0];
    size_t n = 0;

    if (!r->plan.bins || r->bin < r->plan.bins)
        return;
    for (size_t i = 0; i < notes_n; i++)
        if (strcmp(notes[i].what, "a share") != 0)
            notes[n++] = notes[i];
    notes_n = n;
}

static void nothing_is_left(size_t steps)
{
    struct pair p = fresh_pair();

    notes_n = 0;
    for (size_t i = 0; i < steps && both_step(&p); i++) {
        size_t before = notes_n;
        note_run(p.side[0]);
        note_run(p.side[1]);
        if (notes_n - before > 150) /* the last ones matter, and those at the start of each stage */
            notes_n = before + 150;
        if (notes_n > NOTES_MOST - 150)
            notes_n = 150;
    }
    assert_true(notes_n > 6);
    forget_what_was_opened(&p);
    close_pair(&p);
    if (search_all())
        fail_msg("after %zu steps", steps);
}

static void nothing_of_a_run_is_left(void **state)
{
    static const size_t ends[] = {1, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        nothing_is_left(ends[i]);
}

/* The search finds what is there, or its silence means nothing. */
static void the_search_finds_what_is_left(void **state)
{
    struct pair p = fresh_pair();
    uint8_t *stray = malloc(100);

    (void)state;
    assert_non_null(stray);
    for (size_t i = 0; i < 9; i++)
        both_step(&p);
    notes_n = 0;
    note_run(p.side[1]);
    assert_true(search_all() >= notes_n);
    memset(stray, 0, 100);
    memcpy(stray + 37, &p.side[1]->vole.delta, 16);
    close_pair(&p);
    assert_int_equal(search_all(), 1);
    explicit_bzero(stray, 100);
    free(stray);
}

/* A sanitizer's shadow is terabytes of writable memory, and its allocator keeps what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED 0
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_run_is_left),
        cmocka_unit_test(the_search_finds_what_is_left),
    };
    if (SANITIZED) {
        puts("skipped under a sanitizer, whose shadow is terabytes of memory");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
