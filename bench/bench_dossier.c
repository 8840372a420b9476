/* dossier: 10,000 acts of 1,000 cases as a file for strangers: to write it, and to check it.
 *
 * Checking is measured beside the signature checks that it contains: the same signatures over the
 * same texts under the same keys, one after the other, in the same run; both on one thread, by the
 * time of the processor. With all processors it is measured too (wall). */
#include "base/text.h"
#include "base/workers.h"
#include "bench.h"
#include "dossier/dossier.h"
#include "tlog/tlog.h"
#include "verify/verify_dossier.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define RUNS 3
#define AT_ONCE 250 /* cases whose acts are said in one commit */

static void need(bool ok, const struct err *e)
{
    if (ok)
        return;
    fprintf(stderr, "bench_dossier: %s\n", e->text);
    exit(1);
}

static double cpu(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- two parties, and what they say ---- */

struct side {
    struct keyring *keys;
    struct card card;
    char dir[64];
    struct record *r;
};
struct bed {
    struct arena *a;
    struct workers *workers;
    struct side side[2];
    struct agreement g;
    struct hash *ids;
};

static void make_side(struct bed *b, unsigned i)
{
    static const char *const slugs[] = {"north", "south"};
    struct side *s = &b->side[i];
    struct err e = {0};

    snprintf(s->dir, sizeof s->dir, "/tmp/entente-bench-dossier-%u-XXXXXX", i);
    need(mkdtemp(s->dir) != NULL, &e);
    s->keys = keyring_new(os_system(), &e);
    need(s->keys != NULL, &e);
    s->card = (struct card){.slug = bytes_text(slugs[i]),
                            .name = bytes_text(slugs[i]),
                            .issued = BYTES("2026-01-31T12:00:00Z"),
                            .serial = 1};
    need(card_sign(&s->card, s->keys, b->a, &e), &e);
}

/* A quota that lets all of it be asked in a day. */
static struct bytes generous(struct arena *a, struct bytes text)
{
    static const char from[] = "\"per_day\": 50";
    struct buf b = buf_in(a);
    struct bytes out;
    size_t at;

    while ((at = bytes_find(text, bytes_text(from))) != SIZE_MAX) {
        buf_put(&b, bytes_part(text, 0, at));
        buf_puts(&b, "\"per_day\": 1000000");
        text = bytes_part(text, at + sizeof from - 1, SIZE_MAX);
    }
    buf_put(&b, text);
    need(buf_end(&b, &out, NULL), &b.e);
    return out;
}

static void agree(struct bed *b)
{
    const struct card *cards[2] = {&b->side[0].card, &b->side[1].card};
    struct bytes json;
    struct err e = {0};

    need(agreement_template("bilateral", cards, 2, os_system(), b->a, &json, &e), &e);
    need(agreement_parse(generous(b->a, json), b->a, &b->g, &e), &e);
    for (unsigned i = 0; i < 2; i++) {
        struct side *s = &b->side[i];
        struct record_options o = {
            .os = os_system(), .workers = b->workers, .keys = s->keys, .self = s->card.slug};
        need(record_create(&o, s->dir, &b->g, &e), &e);
        s->r = record_open(&o, s->dir, b->g.id, &e);
        need(s->r && record_sign(s->r, &e), &e);
    }
}

static void carry(struct bed *b, struct side *from, struct side *to)
{
    struct record_taken t = {0};
    struct record_head h;
    struct bytes note;
    struct err e = {0};
    bool news;

    do {
        struct arena *a = arena_new(RECORD_PIECE_MOST * 4);
        struct bytes piece;
        need(a && record_head(to->r, from->card.slug, a, &h, &e) &&
                 record_piece_make(from->r, from->card.slug, to->card.slug, h.size, h.parts,
                                   RECORD_PIECE_BYTES, a, &piece, &e) &&
                 record_piece_take(to->r, from->card.slug, piece, &t, &e),
             &e);
        arena_free(a);
    } while (!t.complete);
    need(record_cosign(to->r, from->card.slug, b->a, &note, &e) &&
             record_take_cosigned(from->r, note, &news, &e),
         &e);
}

static void exchange(struct bed *b)
{
    carry(b, &b->side[0], &b->side[1]);
    carry(b, &b->side[1], &b->side[0]);
}

#define RESPONSE(more) "entente-response", more
static const struct {
    unsigned who;
    const char *kind, *type, *members;
} life[] = {
    {0, "request", "entente-request",
     ",\"addressee\":\"south\",\"request_type\":\"info\",\"urgency\":\"normal\",\"exercise\":false,"
     "\"items\":[{\"ask\":\"owner of 203.0.113.7 on 2026-03-01\"},{\"ask\":\"traffic to "
     "198.51.100.4\"}],\"purpose\":\"incident-response\",\"intended_use\":\"case 12\","
     "\"steps_taken\":\"own logs searched\",\"point_of_contact\":\"duty desk\","
     "\"keep_confidential\":false"},
    {1, "request.ack", RESPONSE("")},
    {1, "request.clarify", RESPONSE(",\"asks\":[{\"item\":2,\"text\":\"which port?\"}]")},
    {0, "request.clarified", RESPONSE(",\"answers\":[\"443\"]")},
    {1, "request.status", RESPONSE(",\"text\":\"asking the provider\"")},
    {1, "request.extend", "entente-extension", ",\"extend_by\":\"5 days\",\"reason\":\"provider\""},
    {1, "request.answer",
     RESPONSE(",\"items\":[{\"item\":1,\"status\":\"answered\",\"text\":\"Example Ltd\"}]")},
    {1, "request.answer",
     RESPONSE(",\"final\":true,\"items\":[{\"item\":2,\"status\":\"not-held\"}]")},
    {0, "request.contest", RESPONSE(",\"items\":[2],\"reason\":\"it was logged\"")},
    {0, "request.accept", RESPONSE(",\"rating\":{\"usefulness\":4}")},
};
#define LIFE (sizeof life / sizeof *life)

static struct bytes body(struct arena *a, size_t step, size_t number)
{
    struct bytes out;
    struct err e = {0};
    char *text = arena_format(
        a, &e,
        "{\"type\":\"%s\",\"action\":\"%s\",\"id\":\"%s--00000000-0000-4000-8000-%012zu\","
        "\"created\":\"2026-03-02T08:00:00.000Z\",\"modified\":\"2026-03-02T08:00:00.000Z\","
        "\"spec_version\":\"2.1\",\"object_marking_refs\":[\"marking-definition--55d920b0-5e8b-"
        "4f79-9ee9-91f868d9b421\"],\"extensions\":{\"" CASES_EXTENSION
        "\":{\"extension_type\":\"new-sdo\"}}%s}",
        life[step].type, life[step].kind, life[step].type, number * LIFE + step,
        life[step].members);

    need(json_canonical(bytes_text(text), a, &out, &e), &e);
    return out;
}

static void say(struct bed *b, size_t step, size_t from, size_t n)
{
    struct arena *a = arena_new((size_t)256 << 20);
    struct err e = {0};
    struct record_draft *d = arena_get_array(a, n, sizeof *d, &e);
    struct record_placed *placed = arena_get_array(a, n, sizeof *placed, &e);

    need(d && placed, &e);
    for (size_t i = 0; i < n; i++) {
        d[i] = (struct record_draft){.kind = bytes_text(life[step].kind),
                                     .media_type = BYTES(MEDIA_STIX),
                                     .tlp = BYTES("amber"),
                                     .payload = body(a, step, from + i)};
        if (step)
            d[i].refs[d[i].refs_n++] = b->ids[from + i];
    }
    need(record_append(b->side[life[step].who].r, d, n, placed, &e), &e);
    for (size_t i = 0; step == 0 && i < n; i++)
        b->ids[from + i] = placed[i].text_hash;
    arena_free(a);
}

static int by_hash(const void *x, const void *y)
{
    return memcmp(x, y, 32);
}

static void live(struct bed *b, size_t cases)
{
    for (size_t from = 0; from < cases; from += AT_ONCE)
        for (size_t step = 0; step < LIFE; step++) {
            say(b, step, from, cases - from < AT_ONCE ? cases - from : AT_ONCE);
            exchange(b);
        }
    qsort(b->ids, cases, sizeof *b->ids, by_hash);
}

/* ---- the signature checks alone ---- */

struct check {
    struct sign_public key;
    struct bytes text;
    struct signature sig;
};

/* Every act's signature; the few others (heads, cosignatures, cards) as as many of these again. */
static double signatures_alone(struct bed *b, struct bytes file, uint64_t count)
{
    struct arena *a = arena_new((size_t)2 << 30);
    struct verify_file *files;
    struct check *list;
    struct err e = {0};
    size_t n, k = 0;
    double start;

    need(verify_unpack(file, a, &files, &n, &e), &e);
    list = arena_get_array(a, n, sizeof *list, &e);
    for (size_t i = 0; i < n; i++) {
        struct act *act = arena_get(a, sizeof *act, &e);
        struct note note;
        if (!bytes_start_with(files[i].name, "acts/"))
            continue;
        need(note_parse(files[i].bytes, a, &note, &e) && act_parse(files[i].bytes, a, act, &e), &e);
        list[k].key = b->side[!bytes_are(act->from, "north")].card.keys[KEY_ACTS];
        list[k].text = note.text;
        memcpy(list[k++].sig.b, note.lines[0].signature.p, 64);
    }
    start = cpu();
    for (uint64_t i = 0; i < count; i++)
        if (!sign_verify(&list[i % k].key, list[i % k].text, &list[i % k].sig))
            exit(1);
    start = cpu() - start;
    arena_free(a);
    return start;
}

/* ---- measured ---- */

static struct bytes export_all(struct bed *b, size_t cases, struct arena *a, double *seconds)
{
    struct err e = {0};
    struct desk *d = desk_open(b->side[0].r, os_system(), (size_t)1 << 30, &e);
    struct bytes cards[2] = {b->side[0].card.note, b->side[1].card.note}, file;
    struct dossier_export x = {.os = os_system(),
                               .workers = b->workers,
                               .desk = d,
                               .keys = b->side[0].keys,
                               .cases = b->ids,
                               .cases_n = cases,
                               .redact = -1,
                               .cards = cards,
                               .cards_n = 2,
                               .lang = BYTES("en"),
                               .program = BYTES("bench"),
                               .at = os_now(os_system())};
    struct dossier_made made;
    double start = cpu();

    need(d && dossier_export(&x, a, &file, &made, &e), &e);
    *seconds = cpu() - start;
    desk_close(d);
    return file;
}

static double check_all(struct bytes file, struct workers *w, bool by_cpu, uint64_t *signatures)
{
    struct verify_dossier_options o = {.os = os_system(), .workers = w};
    struct arena *a = arena_new((size_t)4 << 30);
    struct verify_dossier d;
    struct err e = {0};
    double start = by_cpu ? cpu() : bench_now();

    need(a && verify_dossier(file, &o, a, &d, &e), &e);
    start = (by_cpu ? cpu() : bench_now()) - start;
    if (!d.holds) {
        fprintf(stderr, "%.*s\n", BYTES_FMT(d.text));
        exit(1);
    }
    *signatures = d.signatures;
    arena_free(a);
    return start;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *f)
{
    (void)s, (void)kind, (void)f;
    return remove(path);
}

int main(int argc, char **argv)
{
    size_t cases = bench_small() ? 100 : 1000;
    struct bed b = {.a = arena_new((size_t)1 << 30), .workers = workers_open(2)};
    struct arena *a = arena_new((size_t)6 << 30);
    double made[1], checked[RUNS], both[RUNS], alone[RUNS];
    uint64_t signatures = 0;
    struct rusage u;
    struct bytes file;
    char more[128];

    if (!bench_wanted(argc, argv, "cases/dossier-10k"))
        return 0;
    if (!crypto_init() || !(b.ids = arena_get_array(b.a, cases, sizeof *b.ids, NULL)))
        return 1;
    make_side(&b, 0);
    make_side(&b, 1);
    agree(&b);
    exchange(&b);
    live(&b, cases);
    file = export_all(&b, cases, a, made);
    for (int i = 0; i < RUNS; i++) {
        checked[i] = check_all(file, NULL, true, &signatures);
        alone[i] = signatures_alone(&b, file, signatures);
        both[i] = check_all(file, b.workers, false, &signatures);
    }
    getrusage(RUSAGE_SELF, &u);
    snprintf(more, sizeof more, ",\"bytes\":%zu,\"signatures\":%llu,\"rss_bytes\":%llu", file.n,
             (unsigned long long)signatures, (unsigned long long)u.ru_maxrss * 1024);
    bench_print(&(struct bench_case){.name = "cases/dossier-10k",
                                     .unit = "s",
                                     .n = cases * LIFE,
                                     .samples = checked,
                                     .runs = RUNS,
                                     .against = "the signature checks in it",
                                     .against_samples = alone,
                                     .against_runs = RUNS,
                                     .more = more});
    bench_print(&(struct bench_case){.name = "cases/dossier-10k/two-threads",
                                     .unit = "s",
                                     .n = cases * LIFE,
                                     .samples = both,
                                     .runs = RUNS});
    bench_print(&(struct bench_case){.name = "cases/dossier-10k/export",
                                     .unit = "s",
                                     .n = cases * LIFE,
                                     .samples = made,
                                     .runs = 1});
    for (unsigned i = 0; i < 2; i++) {
        record_close(b.side[i].r);
        keyring_free(b.side[i].keys);
        nftw(b.side[i].dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    workers_close(b.workers);
    arena_free(a);
    arena_free(b.a);
    return 0;
}
