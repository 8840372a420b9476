/* record: what it costs to say, to take in, to share, to mirror and to start.
 *
 * Every case is measured beside a bound made of its parts in the same run: signatures and hashes of
 * the same bytes on the same threads, one sync per batch of the same size; or the same bytes over
 * the same TLS. */
#include "bench.h"

#include "base/text.h"
#include "base/workers.h"
#include "http/http.h"
#include "record/record.h"
#include "stix/import.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH 1024
#define PAYLOAD 512 /* with an act note of about as much: 1 KB an act */

static void need(bool ok, const struct err *e)
{
    if (ok)
        return;
    fprintf(stderr, "bench_record: %s\n", e->text);
    exit(1);
}

/* ---- two parties ---- */

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
};

static void open_side(struct bed *b, struct side *s)
{
    struct record_options o = {
        .os = os_system(), .workers = b->workers, .keys = s->keys, .self = s->card.slug};
    struct err e = {0};

    s->r = record_open(&o, s->dir, b->g.id, &e);
    need(s->r != NULL, &e);
}

static void take_all(struct side *from, struct side *to, struct arena *a)
{
    struct record_taken t = {0};
    struct record_head h;
    struct err e = {0};

    need(record_head(to->r, from->card.slug, a, &h, &e), &e);
    t.size = h.size;
    t.parts = h.parts;
    while (!t.complete) {
        struct arena *scratch = arena_new(RECORD_PIECE_MOST * 4);
        struct bytes piece;
        need(record_piece_make(from->r, from->card.slug, to->card.slug, t.size, t.parts,
                               RECORD_PIECE_BYTES, scratch, &piece, &e),
             &e);
        need(record_piece_take(to->r, from->card.slug, piece, &t, &e), &e);
        arena_free(scratch);
    }
}

static struct bed *make_bed(void)
{
    static const char *const slugs[] = {"north", "south"};
    struct arena *a = arena_new((size_t)1 << 30);
    struct bed *b = arena_get(a, sizeof *b, NULL);
    const struct card *cards[2];
    struct bytes json;
    struct err e = {0};

    b->a = a;
    b->workers = workers_open(2);
    for (int i = 0; i < 2; i++) {
        struct side *s = &b->side[i];
        s->keys = keyring_new(os_system(), &e);
        s->card = (struct card){.slug = bytes_text(slugs[i]),
                                .name = bytes_text(slugs[i]),
                                .issued = BYTES("2026-01-31T12:00:00Z"),
                                .serial = 1};
        need(card_sign(&s->card, s->keys, a, &e), &e);
        cards[i] = &s->card;
        snprintf(s->dir, sizeof s->dir, "%s/entente-bench-XXXXXX",
                 getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp");
        need(mkdtemp(s->dir) != NULL, &e);
    }
    need(agreement_template("bilateral", cards, 2, os_system(), a, &json, &e), &e);
    need(agreement_parse(json, a, &b->g, &e), &e);
    for (int i = 0; i < 2; i++) {
        struct record_options o = {.os = os_system()};
        need(record_create(&o, b->side[i].dir, &b->g, &e), &e);
        open_side(b, &b->side[i]);
        need(record_sign(b->side[i].r, &e), &e);
    }
    take_all(&b->side[0], &b->side[1], a);
    take_all(&b->side[1], &b->side[0], a);
    return b;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static void end_bed(struct bed *b)
{
    for (int i = 0; i < 2; i++) {
        record_close(b->side[i].r);
        keyring_free(b->side[i].keys);
        nftw(b->side[i].dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    workers_close(b->workers);
    arena_free(b->a);
}

/* ---- the bound: signatures and hashes of the same bytes, one sync a batch ---- */

struct parts {
    const struct sign_key *key;
    struct sign_public public;
    struct signature signature;
    uint8_t bytes[1024];
    bool verify;
};

static void do_parts(void *job, size_t from, size_t to)
{
    struct parts *p = job;

    for (size_t i = from; i < to; i++) {
        struct signature s;
        struct hash h;
        if (p->verify)
            need(sign_verify(&p->public, bytes_of(p->bytes, 512), &p->signature), &(struct err){0});
        else
            sign_message(p->key, bytes_of(p->bytes, 512), &s);
        sha256(bytes_of(p->bytes, sizeof p->bytes), &h);
    }
}

static double bound_rate(struct bed *b, bool verify, size_t n)
{
    struct parts p = {.key = keyring_key(b->side[0].keys, KEY_ACTS), .verify = verify};
    const struct os *os = os_system();
    static uint8_t block[BATCH * 1024];
    struct os_file *f;
    char path[128];
    struct err e = {0};
    double start;

    p.public = sign_key_public(p.key);
    sign_message(p.key, bytes_of(p.bytes, 512), &p.signature);
    snprintf(path, sizeof path, "%s/bound", b->side[0].dir);
    need(os_open(os, path, OS_WRITE | OS_CREATE, &f, &e), &e);
    for (size_t i = 0; i < n; i += BATCH) /* its blocks are there, as in a segment */
        need(os_write(os, f, i * 1024, bytes_of(block, sizeof block), &e), &e);
    need(os_sync(os, f, &e), &e);
    start = bench_now();
    for (size_t i = 0; i < n; i += BATCH) {
        workers_run(b->workers, BATCH, 32, do_parts, &p);
        need(os_write(os, f, i * 1024, bytes_of(block, sizeof block), &e) && os_sync(os, f, &e),
             &e);
    }
    start = bench_now() - start;
    os_close(os, f);
    os_remove(os, path, &e);
    return (double)n / start;
}

/* ---- append ---- */

static void own_acts(struct side *s, size_t n, uint64_t from)
{
    static struct record_draft drafts[BATCH];
    static uint8_t payload[BATCH][PAYLOAD];
    struct err e = {0};

    for (size_t i = 0; i < BATCH; i++) {
        int k = snprintf((char *)payload[i], PAYLOAD, "{\"n\":%llu,\"x\":\"",
                         (unsigned long long)(from + i));
        memset(payload[i] + k, 'x', PAYLOAD - (size_t)k - 2);
        memcpy(payload[i] + PAYLOAD - 2, "\"}", 2);
        drafts[i] = (struct record_draft){.kind = BYTES("share"),
                                          .media_type = BYTES(MEDIA_JSON),
                                          .payload = bytes_of(payload[i], PAYLOAD)};
    }
    for (size_t i = 0; i < n; i += BATCH)
        need(record_append(s->r, drafts, BATCH, NULL, &e), &e);
}

static void bench_append(struct bed *b, int argc, char **argv)
{
    size_t n = (bench_small() ? 8 : 64) * BATCH, runs = bench_small() ? 2 : 5;
    double own[8], taken[8], bound_own[8], bound_taken[8];
    struct record_counts before, after;
    char more[128];

    if (!bench_wanted(argc, argv, "record/append-own") &&
        !bench_wanted(argc, argv, "record/append-verified"))
        return;
    before = record_counts(b->side[0].r);
    for (size_t i = 0; i < runs; i++) {
        double start = bench_now();
        own_acts(&b->side[0], n, i * n);
        own[i] = (double)n / (bench_now() - start);
        bound_own[i] = bound_rate(b, false, n);
    }
    after = record_counts(b->side[0].r);
    snprintf(more, sizeof more, ",\"outstanding\":%d,\"syncs_per_commit\":%.3f", BATCH,
             (double)(after.syncs - before.syncs) / (double)(after.commits - before.commits));
    bench_print(&(struct bench_case){.name = "record/append-own",
                                     .unit = "acts/s",
                                     .n = n,
                                     .samples = own,
                                     .runs = runs,
                                     .against = "bound: sign, hash, one sync per batch",
                                     .against_samples = bound_own,
                                     .against_runs = runs,
                                     .more = more});
    /* The other side takes them: pieces of 1,024 acts, made beforehand. */
    for (size_t i = 0; i < runs; i++) {
        struct arena *a = arena_new((size_t)2 << 30);
        struct bytes *pieces = arena_get_array(a, n / BATCH + 2, sizeof *pieces, NULL);
        struct record_taken t = {0};
        struct record_head h;
        struct err e = {0};
        size_t k = 0;
        uint64_t from;
        double start;
        need(record_head(b->side[1].r, BYTES("north"), a, &h, &e), &e);
        for (from = h.size; k < n / BATCH; k++, from += BATCH)
            need(record_piece_make(b->side[0].r, BYTES("north"), BYTES("south"), from, 0,
                                   (size_t)BATCH * 990, a, &pieces[k], &e),
                 &e);
        t.size = h.size;
        from = h.size;
        start = bench_now();
        for (size_t j = 0; j < k; j++) {
            if (!record_piece_take(b->side[1].r, BYTES("north"), pieces[j], &t, &e)) {
                struct arena *again = arena_new(RECORD_PIECE_MOST); /* cut elsewhere */
                need(record_piece_make(b->side[0].r, BYTES("north"), BYTES("south"), t.size, 0,
                                       (size_t)BATCH * 1024, again, &pieces[j], &e) &&
                         record_piece_take(b->side[1].r, BYTES("north"), pieces[j], &t, &e),
                     &e);
                arena_free(again);
            }
        }
        taken[i] = (double)(t.size - from) / (bench_now() - start);
        bound_taken[i] = bound_rate(b, true, n);
        arena_free(a);
    }
    bench_print(&(struct bench_case){.name = "record/append-verified",
                                     .unit = "acts/s",
                                     .n = n,
                                     .samples = taken,
                                     .runs = runs,
                                     .against = "bound: verify, hash, one sync per batch",
                                     .against_samples = bound_taken,
                                     .against_runs = runs});
}

/* ---- share ---- */

static long rss_kib(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

static char *make_list(struct bed *b, size_t n)
{
    char *path = arena_format(b->a, NULL, "%s/list.txt", b->side[0].dir);
    FILE *f = fopen(path, "w");

    need(f != NULL, &(struct err){.text = "no list"});
    for (size_t i = 0; i < n; i++)
        switch (i % 4) {
        case 0:
            fprintf(f, "a%zu.bad-example%zu.com\n", i, i % 9973);
            break;
        case 1:
            fprintf(f, "%zu.%zu.%zu.%zu\n", 1 + i / 4 % 220, i / 880 % 256, i / 225280 % 256,
                    1 + i % 200);
            break;
        case 2:
            fprintf(f, "https://c%zu.example.net/path/%zu?x=1\n", i % 997, i);
            break;
        default:
            fprintf(f, "%064zx\n", i * 0x9e3779b97f4a7c15u);
        }
    fclose(f);
    return path;
}

static bool read_file(void *self, uint8_t *out, size_t n, size_t *got, struct err *e)
{
    (void)e;
    *got = fread(out, 1, n, self);
    return true;
}

static uint64_t share_file(struct side *s, const char *path)
{
    struct stix_import_options how = {.party_id =
                                          BYTES("identity--11111111-1111-4111-8111-111111111111"),
                                      .now_us = os_now_us(os_system()),
                                      .tlp = STIX_TLP_AMBER,
                                      .file = "list.txt"};
    struct record_draft d = {.kind = BYTES("share"), .tlp = BYTES("amber")};
    FILE *f = fopen(path, "r");
    struct err e = {0};
    struct stix_import *im = stix_import_open(&how, read_file, f, &e);
    struct record_share *share = record_share_open(s->r, &e);
    struct stix_item item;
    char clause[GATE_CLAUSE_MAX];
    uint64_t n = 0;

    need(im && share, &e);
    for (; stix_import_next(im, &item, &e); n++)
        need(gate_share(record_agreement(s->r), item.object.type, (int)item.tlp - 1, NULL, clause,
                        &e) &&
                 record_share_add(share, item.bytes, item.object.id, (int)item.tlp - 1, &e),
             &e);
    need(stix_import_done(im), &e);
    need(record_share_commit(share, &d, NULL, &e), &e);
    record_share_close(share);
    stix_import_close(im);
    fclose(f);
    need(record_index(s->r, &e), &e);
    return n;
}

static void bench_share(struct bed *b)
{
    size_t n = bench_small() ? 100000 : 1000000;
    char *path = make_list(b, n), more[64];
    double rate, start = bench_now();
    uint64_t shared = share_file(&b->side[0], path);

    rate = (double)shared / (bench_now() - start);
    snprintf(more, sizeof more, ",\"rss_bytes\":%ld", rss_kib() * 1024);
    bench_print(&(struct bench_case){.name = "record/share-1m",
                                     .unit = "objects/s",
                                     .n = shared,
                                     .samples = &rate,
                                     .runs = 1,
                                     .more = more});
}

/* ---- mirror ---- */

static void serve_piece(void *self, struct http_request *q, struct http_response *r)
{
    struct side *s = self;
    struct http_param *params;
    struct bytes from = {0}, parts = {0}, piece;
    uint64_t index = 0, lists = 0;
    size_t n;
    bool found;
    struct err e = {0};

    if (!http_query_parse(q->query, q->arena, &params, &n, &e) ||
        !http_query_find(params, n, "from", &found, &from, &e) || !decimal_parse(from, &index) ||
        !http_query_find(params, n, "parts", &found, &parts, &e) || !decimal_parse(parts, &lists) ||
        !record_piece_make(s->r, BYTES("north"), BYTES("south"), index, (uint32_t)lists,
                           RECORD_PIECE_BYTES, q->arena, &piece, &e))
        http_respond_text(r, 500, "%s", e.text);
    else
        http_respond(r, 200, "application/octet-stream", piece);
}

/* Serve north's pieces in a process of its own, with its own core; the port comes by a pipe. */
static pid_t start_server(struct bed *b, struct http_identity *id, uint16_t *port)
{
    int ends[2];
    pid_t pid;

    record_close(b->side[0].r);
    b->side[0].r = NULL;
    need(pipe(ends) == 0, &(struct err){.text = "pipe"});
    pid = fork();
    if (pid == 0) {
        struct http_server_config c = {.os = os_system(),
                                       .host = "127.0.0.1",
                                       .identity = id,
                                       .arena_bytes = RECORD_PIECE_MOST * 4};
        struct http_handler h = {.self = &b->side[0], .serve = serve_piece};
        struct http_server *s;
        struct err e = {0};
        b->workers = NULL; /* its threads did not come along */
        open_side(b, &b->side[0]);
        s = http_server_open(&c, &h, &e);
        need(s != NULL, &e);
        *port = http_server_port(s);
        need(write(ends[1], port, sizeof *port) == sizeof *port, &e);
        pause();
        _exit(0);
    }
    close(ends[1]);
    need(read(ends[0], port, sizeof *port) == sizeof *port, &(struct err){.text = "no server"});
    close(ends[0]);
    return pid;
}

static bool get_piece(struct http_client *k, const struct http_address *at,
                      const struct sign_public *pin, uint64_t from, uint32_t parts, struct arena *a,
                      struct bytes *piece, struct err *e)
{
    char target[64];
    struct http_call call = {.method = HTTP_GET,
                             .at = at,
                             .trust = HTTP_TRUST_PIN,
                             .pin = pin,
                             .target = target,
                             .arena = a,
                             .body_most = RECORD_PIECE_MOST};
    struct http_reply reply;

    snprintf(target, sizeof target, "/?from=%llu&parts=%u", (unsigned long long)from, parts);
    if (!http_client_call(k, &call, &reply, e))
        return false;
    *piece = reply.body;
    return reply.status == 200 || err_fail(e, ERR_PEER, "status %u", reply.status);
}

static void bench_mirror(struct bed *b, uint64_t objects)
{
    struct err e = {0};
    struct http_identity *id =
        http_identity_open(keyring_key(b->side[0].keys, KEY_TLS), NULL, 0, &e);
    struct http_identity *own =
        http_identity_open(keyring_key(b->side[1].keys, KEY_TLS), NULL, 0, &e);
    struct sign_public pin = sign_key_public(keyring_key(b->side[0].keys, KEY_TLS));
    struct http_address at = {.host = "127.0.0.1"};
    struct http_client *k = http_client_open(os_system(), own, NULL, &e);
    struct record_taken t = {0};
    struct record_head h;
    double bytes = 0, mirror, reading, start, rate, bound;
    struct {
        uint64_t from;
        uint32_t parts;
    } *asked = calloc(100000, sizeof *asked);
    size_t n = 0;
    char more[128];
    pid_t server = start_server(b, id, &at.port);

    need(record_head(b->side[1].r, BYTES("north"), b->a, &h, &e), &e);
    t.size = h.size;
    t.parts = h.parts;
    start = bench_now();
    while (!t.complete) {
        struct arena *a = arena_new(RECORD_PIECE_MOST * 2);
        struct bytes piece;
        asked[n].from = t.size;
        asked[n++].parts = t.parts;
        need(get_piece(k, &at, &pin, t.size, t.parts, a, &piece, &e) &&
                 record_piece_take(b->side[1].r, BYTES("north"), piece, &t, &e),
             &e);
        bytes += (double)piece.n;
        arena_free(a);
    }
    need(record_index(b->side[1].r, &e), &e);
    mirror = bench_now() - start;
    start = bench_now();
    for (size_t i = 0; i < n; i++) {
        struct arena *a = arena_new(RECORD_PIECE_MOST * 2);
        struct bytes piece;
        need(get_piece(k, &at, &pin, asked[i].from, asked[i].parts, a, &piece, &e), &e);
        arena_free(a);
    }
    reading = bench_now() - start;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    http_client_close(k);
    http_identity_close(id);
    http_identity_close(own);
    free(asked);
    open_side(b, &b->side[0]);
    rate = (double)objects / mirror;
    bound = (double)objects / reading;
    snprintf(more, sizeof more, ",\"bytes\":%.0f,\"rss_bytes\":%ld", bytes, rss_kib() * 1024);
    bench_print(&(struct bench_case){.name = "record/mirror-1m",
                                     .unit = "objects/s",
                                     .n = objects,
                                     .samples = &rate,
                                     .runs = 1,
                                     .against = "reading the same pieces over the same TLS",
                                     .against_samples = &bound,
                                     .against_runs = 1,
                                     .more = more});
}

/* ---- start ---- */

static void bench_start(struct bed *b, int argc, char **argv)
{
    size_t n = bench_small() ? 64 * BATCH : 1000000, have;
    struct record_head h;
    struct err e = {0};
    double start, took[5];

    need(record_head(b->side[0].r, BYTES("north"), b->a, &h, &e), &e);
    have = h.size;
    if (have < n)
        own_acts(&b->side[0], (n - have + BATCH - 1) / BATCH * BATCH, have);
    need(record_head(b->side[0].r, BYTES("north"), b->a, &h, &e), &e);
    for (int i = 0; i < 5; i++) {
        record_close(b->side[0].r);
        start = bench_now();
        open_side(b, &b->side[0]);
        took[i] = bench_now() - start;
    }
    if (bench_wanted(argc, argv, "record/start-1m"))
        bench_print(&(struct bench_case){
            .name = "record/start-1m", .unit = "s", .n = h.size, .samples = took, .runs = 5});
    if (!bench_wanted(argc, argv, "record/rebuild-1m"))
        return;
    start = bench_now();
    need(record_rebuild(b->side[0].r, &e), &e);
    took[0] = bench_now() - start;
    bench_print(&(struct bench_case){
        .name = "record/rebuild-1m", .unit = "s", .n = h.size, .samples = took, .runs = 1});
}

int main(int argc, char **argv)
{
    struct bed *b;

    arena_keep_memory();
    if (!crypto_init())
        return 1;
    b = make_bed();
    if (bench_wanted(argc, argv, "record/share-1m") ||
        bench_wanted(argc, argv, "record/mirror-1m")) {
        bench_share(b);
        if (bench_wanted(argc, argv, "record/mirror-1m"))
            bench_mirror(b, bench_small() ? 100000 : 1000000);
    }
    bench_append(b, argc, argv);
    if (bench_wanted(argc, argv, "record/start-1m") ||
        bench_wanted(argc, argv, "record/rebuild-1m"))
        bench_start(b, argc, argv);
    end_bed(b);
    return 0;
}
