/* bench: run a case several times, print one JSON line with its median.
 *
 *     {"bench":"record/append-own","n":100000,"median":81234.0,"unit":"acts/s","spread":0.03,
 *      "commit":"abc1234","against":{"name":"bound","median":99000.0,"ratio":0.82}}
 *
 * spread is (largest - smallest) / median. SIZE=small in the environment asks for a quick look.
 */
#ifndef ENTENTE_BENCH_H
#define ENTENTE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_case {
    const char *name; /* "group/case" */
    const char *unit;
    uint64_t n;            /* size of the input */
    const double *samples; /* one per run, in the unit */
    size_t runs;
    const char *against; /* what else this run measured, or NULL */
    const double *against_samples;
    size_t against_runs;
    const char *more; /* further members, each led by a comma: ",\"rss_bytes\":1", or NULL */
};
void bench_print(const struct bench_case *c);
double bench_median(const double *samples, size_t n);
double bench_now(void); /* seconds, monotonic */
bool bench_small(void); /* SIZE=small */
/* True if the command line (argv[1..]) names no case, or this one (substring). */
bool bench_wanted(int argc, char **argv, const char *name);

#endif
