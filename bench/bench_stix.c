/* stix: parsing, canonical form, checks, patterns and imports; one core, input made as it is read.
 */
#include "base/buf.h"
#include "bench.h"
#include "crypto/crypto.h"
#include "stix/import.h"
#include "stix/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define RUNS 5
#define PARTY "identity--f690c992-8e7d-4b9a-9303-3312616c0220"

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* An indicator as feeds publish it: about 500 bytes, keys in no order. */
static size_t object_text(char *out, size_t room, unsigned long long i)
{
    return (size_t)snprintf(
        out, room,
        "{\"type\": \"indicator\", \"spec_version\": \"2.1\", \"id\": "
        "\"indicator--%08llx-1452-437e-a19e-"
        "32590edf60c3\", \"created\": \"2024-01-26T21:28:21.013288Z\", \"modified\": "
        "\"2024-01-26T21:28:21.013288Z\", \"name\": \"h%llu.example\", \"description\": \"Seen in "
        "a campaign "
        "against journalists\", \"indicator_types\": [\"malicious-activity\"], \"pattern\": "
        "\"[domain-name:value = 'h%llu.example']\", \"pattern_type\": \"stix\", \"valid_from\": "
        "\"2024-01-26T21:28:21.013288Z\", \"object_marking_refs\": "
        "[\"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb\"]}",
        i & 0xffffffff, i, i);
}

/* ---- one object, again and again ------------------------------------------------------------- */

static double parse_and_print(struct arena *a, struct bytes text, uint64_t n)
{
    double from = cpu_now();

    for (uint64_t i = 0; i < n; i++) {
        struct arena_mark m = arena_mark(a);
        struct bytes out;
        if (!json_canonical(text, a, &out, NULL))
            abort();
        arena_reset(a, m);
    }
    return (cpu_now() - from) * 1e6 / (double)n;
}

static double check(struct arena *a, struct bytes text, uint64_t n)
{
    const struct json *v = json_parse(text, a, NULL);
    struct stix_warnings w = {0};
    struct stix_object o;
    double from = cpu_now();

    for (uint64_t i = 0; i < n; i++)
        if (!stix_check(v, a, &w, &o, NULL))
            abort();
    return (cpu_now() - from) * 1e6 / (double)n;
}

static double pattern(struct arena *a, struct bytes text, uint64_t n)
{
    double from = cpu_now();

    (void)text;
    for (uint64_t i = 0; i < n; i++) {
        struct arena_mark m = arena_mark(a);
        if (!pattern_parse(BYTES("[domain-name:value = 'h1234.example']"), a, NULL))
            abort();
        arena_reset(a, m);
    }
    return (cpu_now() - from) * 1e6 / (double)n;
}

static void one_object(int argc, char **argv, const char *name,
                       double (*run)(struct arena *, struct bytes, uint64_t))
{
    struct arena *a = arena_new((size_t)1 << 20);
    uint64_t n = bench_small() ? 20000 : 300000;
    double samples[RUNS];
    char text[1024];
    struct bytes object = bytes_of(text, object_text(text, sizeof text, 1234));

    if (bench_wanted(argc, argv, name)) {
        arena_get(a, 65536, NULL);
        for (int i = 0; i < RUNS; i++)
            samples[i] = run(a, object, n);
        bench_print(&(struct bench_case){
            .name = name, .unit = "us/object", .n = n, .samples = samples, .runs = RUNS});
    }
    arena_free(a);
}

/* ---- imports ------------------------------------------------------------------------------------
 */

struct maker {
    uint64_t at, n;
    size_t (*piece)(char *out, size_t room, uint64_t i, uint64_t n);
    char text[1024];
    size_t from, to;
};

static size_t list_piece(char *out, size_t room, uint64_t i, uint64_t n)
{
    (void)n;
    switch (i % 4) {
    case 0:
        return (size_t)snprintf(out, room, "%llu.%llu.%llu.%llu\n",
                                1 + (unsigned long long)(i >> 24),
                                (unsigned long long)(i >> 16 & 255),
                                (unsigned long long)(i >> 8 & 255), (unsigned long long)(i & 255));
    case 1:
        return (size_t)snprintf(out, room, "%016llx%016llx\n", (unsigned long long)i,
                                (unsigned long long)(i * 0x9e3779b97f4a7c15));
    default:
        return (size_t)snprintf(out, room, "some-host-%llu.evil.example\n", (unsigned long long)i);
    }
}

static size_t bundle_piece(char *out, size_t room, uint64_t i, uint64_t n)
{
    size_t at = 0;

    if (i == 0)
        at = (size_t)snprintf(out, room, "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[");
    at += object_text(out + at, room - at, i);
    return at + (size_t)snprintf(out + at, room - at, i + 1 < n ? ",\n" : "]}");
}

static bool make(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    struct maker *m = self;

    (void)e;
    *got = 0;
    while (*got < n && (m->from < m->to || m->at < m->n)) {
        size_t take;
        if (m->from == m->to) {
            m->to = m->piece(m->text, sizeof m->text, m->at++, m->n);
            m->from = 0;
        }
        take = m->to - m->from < n - *got ? m->to - m->from : n - *got;
        memcpy(out + *got, m->text + m->from, take);
        m->from += take;
        *got += take;
    }
    return true;
}

/* Seconds that making the input takes by itself. */
static double cost_of_input(struct maker m)
{
    static uint8_t sink[1 << 16];
    size_t got = 1;
    double from = cpu_now();

    while (got > 0)
        make(&m, sink, sizeof sink, &got, NULL);
    return cpu_now() - from;
}

static double import(struct maker m)
{
    struct stix_import_options how = {
        .party_id = BYTES(PARTY), .now_us = INT64_C(1700000000000000), .tlp = STIX_TLP_GREEN};
    struct err e = {0};
    struct stix_import *im = stix_import_open(&how, make, &m, &e);
    struct stix_item item;
    uint64_t n = 0, want = m.n;
    double from = cpu_now(), took;

    while (stix_import_next(im, &item, &e))
        n++;
    took = cpu_now() - from;
    if (n != want || !stix_import_done(im)) {
        fprintf(stderr, "%llu of %llu: %s\n", (unsigned long long)n, (unsigned long long)want,
                e.text);
        abort();
    }
    stix_import_close(im);
    return took;
}

static void import_case(int argc, char **argv, const char *name, uint64_t n,
                        size_t (*piece)(char *, size_t, uint64_t, uint64_t))
{
    struct maker m = {.n = n, .piece = piece};
    double samples[RUNS], input = cost_of_input(m);
    struct rusage use;
    char more[64];

    if (!bench_wanted(argc, argv, name))
        return;
    for (int i = 0; i < RUNS; i++)
        samples[i] = (double)n / (import(m) - input);
    getrusage(RUSAGE_SELF, &use);
    snprintf(more, sizeof more, ",\"rss_bytes\":%lld", (long long)use.ru_maxrss * 1024);
    bench_print(&(struct bench_case){
        .name = name, .unit = "objects/s", .n = n, .samples = samples, .runs = RUNS, .more = more});
}

int main(int argc, char **argv)
{
    uint64_t n = bench_small() ? 100000 : 1000000;

    one_object(argc, argv, "stix/parse-and-canonical", parse_and_print);
    one_object(argc, argv, "stix/check", check);
    one_object(argc, argv, "stix/pattern", pattern);
    import_case(argc, argv, "stix/import-bundle", n, bundle_piece);
    import_case(argc, argv, "stix/import-list", n, list_piece);
    return 0;
}
