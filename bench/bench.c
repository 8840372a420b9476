#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS_MOST 64

double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double sorted(const double *samples, size_t n, double out[RUNS_MOST])
{
    if (n == 0 || n > RUNS_MOST)
        return 0;
    memcpy(out, samples, n * sizeof *out);
    qsort(out, n, sizeof *out, by_value);
    return n % 2 ? out[n / 2] : (out[n / 2 - 1] + out[n / 2]) / 2;
}

double bench_median(const double *samples, size_t n)
{
    double s[RUNS_MOST];
    return sorted(samples, n, s);
}

static void print_commit(void)
{
    char line[64] = "";
    FILE *p = popen("git -C '" ENTENTE_SOURCE "' describe --always --dirty 2>/dev/null", "r");

    if (p && fgets(line, sizeof line, p))
        line[strcspn(line, "\n")] = '\0';
    if (p)
        pclose(p);
    printf(",\"commit\":\"%s\"", line[0] ? line : "unknown");
}

void bench_print(const struct bench_case *c)
{
    double s[RUNS_MOST], median = sorted(c->samples, c->runs, s);

    printf("{\"bench\":\"%s\",\"n\":%llu,\"median\":%.6g,\"unit\":\"%s\",\"spread\":%.3g", c->name,
           (unsigned long long)c->n, median, c->unit,
           median > 0 ? (s[c->runs - 1] - s[0]) / median : 0);
    print_commit();
    if (c->against) {
        double other = bench_median(c->against_samples, c->against_runs);
        printf(",\"against\":{\"name\":\"%s\",\"median\":%.6g,\"ratio\":%.4g}", c->against, other,
               other > 0 ? median / other : 0);
    }
    printf("%s}\n", c->more ? c->more : "");
    fflush(stdout);
}

bool bench_small(void)
{
    const char *size = getenv("SIZE");
    return size && !strcmp(size, "small");
}

bool bench_wanted(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]))
            return true;
    return argc < 2;
}
