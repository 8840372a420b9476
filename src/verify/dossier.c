/* The order of the checks, and what all of them use. */
#include "base/catalogue.h"
#include "verify/dossier_impl.h"

#include <stdarg.h>
#include <stdio.h>

#define LINES_OF_ONE 500 /* of one check; a forged dossier must not fill the screen */
#define THREAD_BYTES ((size_t)1 << 30)

const char *verify_check_name(unsigned check)
{
    static const char *const names[DOSSIER_CHECKS + 1] = {
        "",
        N_("container"),
        N_("manifest"),
        N_("exporter's signature"),
        N_("policy"),
        N_("keys of the parties"),
        N_("history of keys"),
        N_("acts"),
        N_("payloads"),
        N_("inclusion in the logs"),
        N_("heads"),
        N_("cosignatures"),
        N_("order of times"),
        N_("consistency of heads"),
        N_("sequence"),
        N_("references"),
        N_("receipts"),
        N_("intervals of time"),
        N_("time-stamps"),
        N_("revocations"),
        N_("proofs of misbehaviour"),
        N_("computed states, summary"),
        N_("algorithms"),
    };
    return check <= DOSSIER_CHECKS ? names[check] : "";
}

const char *verify_verdict_word(enum verify_check v)
{
    return v == DOSSIER_PASS      ? N_("pass")
           : v == DOSSIER_FAIL    ? N_("FAIL")
           : v == DOSSIER_UNKNOWN ? N_("unknown")
                                  : "-";
}

bool verify_is_dossier(struct bytes head)
{
    return bytes_start_with(head, "PK\3\4");
}

/* ---- saying ---- */

void dz_looked(struct dz *z, unsigned check)
{
    enum verify_check *v = &z->out->verdict[check];

    if (*v == DOSSIER_NONE)
        *v = DOSSIER_PASS;
}

static void judge(struct dz *z, unsigned check, enum verify_verdict verdict)
{
    enum verify_check *v = &z->out->verdict[check], now = verdict == VERIFY_FAILED ? DOSSIER_FAIL
                                                          : verdict == VERIFY_UNKNOWN
                                                              ? DOSSIER_UNKNOWN
                                                              : DOSSIER_PASS;
    if (now > *v)
        *v = now;
}

static struct bytes escaped(struct dz *z, struct bytes text)
{
    struct buf b = buf_in(z->a);
    struct bytes out = BYTES("?");

    buf_escaped(&b, text);
    buf_end(&b, &out, NULL);
    return out;
}

void dz_say(struct dz *z, unsigned check, enum verify_verdict verdict, struct bytes about,
            const char *format, ...)
{
    struct verify_dossier *o = z->out;
    char text[1024];
    va_list args;

    judge(z, check, verdict);
    if (verdict != VERIFY_FAILED && z->said[check] >= LINES_OF_ONE) {
        z->cut[check]++;
        return;
    }
    if (z->said[check]++ >= 2 * LINES_OF_ONE) {
        z->cut[check]++;
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, catalogue_text(z->words, format), args);
    va_end(args);
    if (o->n == z->lines_cap) {
        size_t cap = z->lines_cap ? z->lines_cap * 2 : 128;
        struct verify_dossier_line *more = arena_get_array(z->a, cap, sizeof *more, NULL);
        if (!more) {
            judge(z, check, VERIFY_FAILED); /* what cannot be reported must not pass */
            return;
        }
        if (o->n)
            memcpy(more, o->line, o->n * sizeof *more);
        o->line = more;
        z->lines_cap = cap;
    }
    o->line[o->n++] = (struct verify_dossier_line){(uint8_t)check, verdict, escaped(z, about),
                                                   escaped(z, bytes_text(text))};
}

/* ---- files ---- */

/* All but `mimetype`, which stands before the others, ascend. */
static size_t find_file(const struct dz *z, struct bytes name)
{
    size_t first = z->n && bytes_are(z->files[0].name, "mimetype"), n = z->n - first;

    if (first && bytes_are(name, "mimetype"))
        return 0;
    while (n) {
        size_t half = n / 2;
        int order = bytes_compare(z->files[first + half].name, name);
        if (order == 0)
            return first + half;
        if (order < 0) {
            first += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return NOWHERE;
}

size_t dz_file(struct dz *z, const char *format, ...)
{
    char name[LIMIT_DOSSIER_NAME + 1];
    va_list args;
    size_t at;
    int n;

    va_start(args, format);
    n = vsnprintf(name, sizeof name, format, args);
    va_end(args);
    at = n > 0 && (size_t)n < sizeof name ? find_file(z, bytes_of(name, (size_t)n)) : NOWHERE;
    if (at != NOWHERE)
        z->used[at] = true;
    return at;
}

size_t dz_named(struct dz *z, const char *folder, struct bytes rest)
{
    char name[LIMIT_DOSSIER_NAME];
    size_t n = strlen(folder), at;

    if (n + rest.n > sizeof name)
        return NOWHERE;
    memcpy(name, folder, n);
    memcpy(name + n, rest.p, rest.n);
    at = find_file(z, bytes_of(name, n + rest.n));
    if (at != NOWHERE)
        z->used[at] = true;
    return at;
}

struct bytes dz_name(const struct dz *z, size_t file)
{
    return file == NOWHERE ? BYTES("the dossier") : z->files[file].name;
}

struct bytes dz_place(struct dz *z, const struct dz_act *act)
{
    char *text = arena_format(z->a, NULL, "%.*s/%llu", BYTES_FMT(z->party[act->party].holder.slug),
                              (unsigned long long)act->seq);

    return text ? bytes_text(text) : BYTES("?");
}

int dz_party_of(const struct dz *z, struct bytes slug)
{
    for (size_t i = 0; i < z->parties; i++)
        if (bytes_equal(z->party[i].holder.slug, slug))
            return (int)i;
    return -1;
}

bool dz_below(struct bytes name, const char *folder, struct bytes *rest)
{
    if (!bytes_start_with(name, folder))
        return false;
    *rest = bytes_part(name, strlen(folder), SIZE_MAX);
    return true;
}

void dz_time(char out[TIME_TEXT_MAX], int64_t ms)
{
    if (ms <= 0 || ms == CASES_NEVER)
        snprintf(out, TIME_TEXT_MAX, "not known");
    else
        time_print(out, ms / 1000);
}

/* ---- several threads ---- */

struct parallel {
    struct dz *z;
    struct arena **arenas;
    size_t grain;
    void (*work)(struct dz *z, struct arena *a, size_t from, size_t to);
};

static void one_part(void *job, size_t from, size_t to)
{
    struct parallel *p = job;
    p->work(p->z, p->arenas[from / p->grain], from, to);
}

void dz_parallel(struct dz *z, size_t n, size_t grain,
                 void (*work)(struct dz *z, struct arena *a, size_t from, size_t to))
{
    size_t parts = (n + grain - 1) / grain;
    struct parallel p = {.z = z, .grain = grain, .work = work};
    struct arena **all = arena_get_array(z->a, z->arenas_n + parts, sizeof *all, NULL);

    if (!n || !all)
        return; /* what was not looked at is missed by the checks that follow */
    if (z->arenas_n)
        memcpy(all, z->arenas, z->arenas_n * sizeof *all);
    p.arenas = all + z->arenas_n;
    for (size_t i = 0; i < parts; i++)
        p.arenas[i] = arena_new(THREAD_BYTES);
    z->arenas = all;
    z->arenas_n += parts;
    workers_run(z->o->workers, n, grain, one_part, &p);
}

/* ---- the whole ---- */

static bool check_all(struct dz *z, struct err *e)
{
    if (!dz_about(z, e) || !dz_agreement(z, e))
        return false;
    dz_policy(z);
    if (!dz_acts(z, e) || !dz_heads(z, e))
        return false;
    if (!z->making)
        dz_note(z); /* once it is known which keys its signer has had */
    dz_inclusion(z);
    dz_sequence(z);
    dz_intervals(z);
    if (!z->making)
        dz_stamp(z);
    dz_misbehaviour(z);
    if (!dz_fold(z, e))
        return false;
    dz_algorithms(z);
    return true;
}

static void unused(struct dz *z)
{
    dz_file(z, "README.txt"); /* for people, and for machines without this program */
    dz_file(z, "verify.py");
    for (size_t i = 0; i < z->n; i++)
        if (!z->used[i])
            dz_say(z, 1, VERIFY_FAILED, z->files[i].name, "this file has no place in a dossier");
}

static bool finish(struct dz *z, bool ok, struct err *e)
{
    struct verify_dossier *o = z->out;
    bool failed = false;

    /* Of a dossier in which something is missing the rest cannot be judged: one line says so. */
    if (!ok && e->code != ERR_NOMEM && e->code != ERR_LIMIT) {
        dz_say(z, 1, VERIFY_FAILED, BYTES("the dossier"), "%s", e->text);
        err_clear(e);
        ok = true;
    }
    for (unsigned i = 1; i <= DOSSIER_CHECKS; i++)
        failed |= o->verdict[i] == DOSSIER_FAIL;
    o->holds = ok && !failed && z->acts_n && o->verdict[7] != DOSSIER_NONE;
    o->signatures = z->signatures;
    ok = ok && dz_print(z, e);
    cases_free(z->cases);
    for (size_t i = 0; i < z->arenas_n; i++)
        arena_free(z->arenas[i]);
    return ok;
}

static bool enough(const struct dz *z)
{
    return z->o->stop_early &&
           (z->out->verdict[1] == DOSSIER_FAIL || z->out->verdict[2] == DOSSIER_FAIL);
}

bool verify_dossier(struct bytes file, const struct verify_dossier_options *o, struct arena *a,
                    struct verify_dossier *out, struct err *e)
{
    struct dz *z = arena_get(a, sizeof *z, e);
    struct err trouble = {0};
    bool ok;

    memset(out, 0, sizeof *out);
    if (!z)
        return false;
    *z = (struct dz){.o = o, .a = a, .out = out, .words = o->json ? NULL : o->words};
    trouble.words = z->words;
    ok = dz_open(z, file, &trouble);
    if (ok && !enough(z))
        ok = dz_manifest(z, &trouble) && (enough(z) || check_all(z, &trouble));
    if (ok && !enough(z))
        unused(z);
    if (finish(z, ok, &trouble))
        return true;
    if (e)
        *e = trouble;
    return false;
}

static bool first_failure(const struct verify_dossier *d, struct err *e)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->line[i].verdict == VERIFY_FAILED)
            return err_fail(e, ERR_PROOF, "%.*s: %.*s", BYTES_FMT(d->line[i].about),
                            BYTES_FMT(d->line[i].text));
    return err_fail(e, ERR_PROOF, "nothing in it is proved");
}

bool verify_derive(const struct verify_file *files, size_t n,
                   const struct verify_dossier_options *o, struct arena *a,
                   struct verify_file **derived, size_t *derived_n, struct err *e)
{
    struct verify_dossier report = {0};
    struct dz *z = arena_get(a, sizeof *z, e);
    struct err trouble = {0};
    bool ok;

    if (!z)
        return false;
    *z = (struct dz){.o = o, .a = a, .out = &report, .making = true, .n = n};
    z->files = arena_get_array(a, n, sizeof *z->files, e);
    z->sha = arena_get_array(a, n, sizeof *z->sha, e);
    z->used = arena_get_array(a, n, sizeof *z->used, e);
    if (!z->files || !z->sha || !z->used)
        return false;
    for (size_t i = 0; i < n; i++) {
        z->files[i] = (struct zip_file){.name = files[i].name, .bytes = files[i].bytes};
        sha256(files[i].bytes, &z->sha[i]);
    }
    ok = finish(z, check_all(z, &trouble), &trouble);
    if (!ok) {
        if (e)
            *e = trouble;
        return false;
    }
    if (!report.holds)
        return first_failure(&report, e);
    *derived = z->made;
    *derived_n = z->made_n;
    return true;
}
