/* Inputs: compression, UTF-16, captures, directories, following; and what comes out. */
#include "base/buf.h"
#include "crypto/crypto.h"
#include "support/support.h"
#include "watch/input.h"
#include "watch/output.h"
#include "watch/shared.h"
#include "watch/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define LOG                                                                                        \
    "first line\nquery evil.example.org from 192.0.2.7\n\xc3\xa4 198.51.100.9 end\nlast of it\n"

struct seen {
    char text[1 << 16];
    size_t n;
};

static bool note(void *self, const struct watch_hit *h)
{
    struct seen *s = self;

    s->n +=
        (size_t)snprintf(s->text + s->n, 400, "%llu %.*s %.*s|", (unsigned long long)h->line_number,
                         BYTES_FMT(h->indicator->value), BYTES_FMT(h->field));
    assert_true(s->n < sizeof s->text - 400);
    return true;
}

static const char hits_of_log[] = "2 evil.example.org |2 192.0.2.0/24 |3 198.51.100.9 |";

static struct watch_index *small_index(struct arena *a)
{
    static const struct {
        enum watch_kind kind;
        const char *value;
    } in[] = {{WATCH_DOMAIN, "evil.example.org"},
              {WATCH_CIDR4, "192.0.2.0/24"},
              {WATCH_IPV4, "198.51.100.9"},
              {WATCH_URL, "http://a.example/b?c"}};
    struct err e = {0};
    struct watch_builder *b = watch_builder_new(os_system(), &e);
    struct watch_index *ix;
    struct bytes file;

    for (uint32_t i = 0; i < 4; i++)
        must(watch_builder_add(b,
                               &(struct watch_indicator){.kind = in[i].kind,
                                                         .value = bytes_text(in[i].value),
                                                         .origin = BYTES("agreement 7"),
                                                         .ref = i},
                               &e),
             &e);
    must(watch_builder_encode(b, a, &file, NULL, &e), &e);
    watch_builder_free(b);
    ix = watch_index_of(file, &e);
    must(ix != NULL, &e);
    return ix;
}

static struct watch_scanner *scanner_of(struct watch_index *ix, struct seen *seen)
{
    struct watch_options o = {.hit = note, .self = seen};
    struct err e = {0};
    struct watch_scanner *s = watch_scanner_new(ix, &o, &e);

    must(s != NULL, &e);
    return s;
}

/* ---- compression and encodings
 * ------------------------------------------------------------------- */

static struct bytes gzip(struct arena *a, struct bytes in)
{
    struct err e = {0};
    uint8_t *out = arena_get(a, in.n / 100 + in.n + 1000, &e);
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)in.p;
    z.avail_in = (unsigned)in.n;
    z.next_out = out;
    z.avail_out = (unsigned)(in.n / 100 + in.n + 1000);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return bytes_of(out, z.total_out);
}

static struct bytes zstd(struct arena *a, struct bytes in)
{
    struct err e = {0};
    size_t cap = ZSTD_compressBound(in.n);
    uint8_t *out = arena_get(a, cap, &e);
    size_t n = ZSTD_compress(out, cap, in.p, in.n, 3);

    assert_false(ZSTD_isError(n));
    return bytes_of(out, n);
}

static struct bytes join(struct arena *a, struct bytes x, struct bytes y)
{
    struct err e = {0};
    uint8_t *p = arena_get(a, x.n + y.n, &e);

    memcpy(p, x.p, x.n);
    memcpy(p + x.n, y.p, y.n);
    return bytes_of(p, x.n + y.n);
}

static struct bytes utf16(struct arena *a, struct bytes in, bool big)
{
    struct err e = {0};
    uint8_t *p = arena_get(a, 2 * in.n + 2, &e);
    size_t n = 2, at = 0;

    p[big ? 0 : 1] = 0xfe;
    p[big ? 1 : 0] = 0xff;
    while (at < in.n) {
        int32_t c = utf8_next(in, &at);
        p[n + !big] = (uint8_t)(c >> 8);
        p[n + big] = (uint8_t)c;
        n += 2;
    }
    return bytes_of(p, n);
}

static bool feed(struct watch_scanner *s, struct bytes all, size_t step, struct err *e)
{
    struct watch_input *in = watch_input_new(os_system(), s, e);
    struct err later = {0};
    bool ok = true;

    for (size_t at = 0; ok && at < all.n; at += step)
        ok = watch_input_bytes(in, bytes_part(all, at, step), e);
    ok = watch_input_end(in, ok ? e : &later) && ok;
    watch_input_free(in);
    return ok;
}

static void every_wrapping_gives_the_same_hits(void **state)
{
    struct arena *a = test_arena();
    struct watch_index *ix = small_index(a);
    struct bytes log = BYTES(LOG), half = bytes_part(log, 0, 30),
                 more = bytes_part(log, 30, SIZE_MAX);
    struct bytes forms[] = {
        log,
        gzip(a, log),
        zstd(a, log),
        join(a, gzip(a, half), gzip(a, more)),
        join(a, zstd(a, half), zstd(a, more)),
        utf16(a, log, false),
        utf16(a, log, true),
        gzip(a, utf16(a, log, false)),
    };
    struct seen seen;

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        for (size_t step = 1; step < 200; step += step < 9 ? 1 : 50) {
            struct err e = {0};
            struct watch_scanner *s = scanner_of(ix, &seen);
            seen.n = 0;
            must(feed(s, forms[i], step, &e), &e);
            assert_string_equal(seen.text, hits_of_log);
            watch_scanner_free(s);
        }
    watch_index_close(ix);
    arena_free(a);
}

static void what_is_cut_or_damaged_is_searched_so_far_and_said(void **state)
{
    struct arena *a = test_arena();
    struct watch_index *ix = small_index(a);
    struct bytes zeros = bytes_of(arena_get(a, 4 << 20, NULL), 4 << 20);
    struct bytes packed[2] = {gzip(a, join(a, BYTES(LOG), zeros)),
                              zstd(a, join(a, BYTES(LOG), zeros))};
    struct seen seen;

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct err e = {0};
        struct watch_scanner *s = scanner_of(ix, &seen);
        uint8_t *bad;
        seen.n = 0;
        must_fail(feed(s, bytes_part(packed[i], 0, packed[i].n - 9), 100, &e), &e, ERR_INPUT,
                  "cut");
        if (i == 0)
            assert_string_equal(seen.text, hits_of_log);
        bad = arena_get(a, packed[i].n, &e);
        memcpy(bad, packed[i].p, packed[i].n);
        memset(bad + packed[i].n / 2, 0x55, 40);
        must_fail(feed(s, bytes_of(bad, packed[i].n), 100, &e), &e, ERR_INPUT, "damaged");
        watch_scanner_free(s);
    }
    watch_index_close(ix);
    arena_free(a);
}

static void a_bomb_is_not_unpacked_to_its_end(void **state)
{
    struct arena *a = test_arena();
    struct watch_index *ix = small_index(a);
    struct bytes zeros = bytes_of(arena_get(a, 64 << 20, NULL), 64 << 20);
    struct bytes frame = zstd(a, zeros);
    struct err e = {0};
    struct seen seen;
    struct watch_scanner *s = scanner_of(ix, &seen);
    struct watch_input *in = watch_input_new(os_system(), s, &e);
    bool ok = true;
    int frames = 0;

    (void)state;
    for (; ok && frames < 100; frames++)
        ok = watch_input_bytes(in, frame, &e);
    must_fail(ok, &e, ERR_LIMIT, "not read further");
    assert_in_range(frames, 16, 20); /* a gigabyte is let pass */
    watch_input_free(in);
    watch_scanner_free(s);
    watch_index_close(ix);
    arena_free(a);
}

/* ---- URLs in two fields
 * ---------------------------------------------------------------------------- */

#define HTTP_LOG "#separator \\x09\n#path\thttp\n#fields\tts\tid.resp_p\thost\turi\n1.0\t"

static const struct request {
    const char *name, *url, *log;
    const char *says; /* the hits */
} requests[] = {
    {"Zeek's http", "http://evil.example/b?c", HTTP_LOG "80\tEVIL.example\t/b?c\n",
     "4 http://evil.example/b?c uri|"},
    {"with https in the list", "https://evil.example/b", HTTP_LOG "443\tevil.example\t/b\n",
     "4 https://evil.example/b uri|"},
    {"without a scheme in the list", "evil.example/b", HTTP_LOG "80\tevil.example\t/b\n",
     "4 evil.example/b uri|"},
    {"a port of its own", "http://evil.example:8080/b", HTTP_LOG "8080\tevil.example\t/b\n",
     "4 http://evil.example:8080/b uri|"},
    {"an address as host", "http://192.0.2.9/b", HTTP_LOG "80\t192.0.2.9\t/b\n",
     "4 http://192.0.2.9/b uri|"},
    {"another path", "http://evil.example/b", HTTP_LOG "80\tevil.example\t/B\n", ""},
    {"a host below", "http://evil.example/b", HTTP_LOG "80\tx.evil.example\t/b\n", ""},
    {"the host alone is no hit", "http://evil.example/b", "evil.example /b\n", ""},
    {"eve", "http://evil.example/b/c",
     "{\"event_type\":\"http\",\"http\":{\"hostname\":\"evil.example\",\"url\":\"\\/b\\/c\"}}\n",
     "1 http://evil.example/b/c uri|"},
    {"eve, with an escaped URL beside it", "http://evil.example/b",
     "{\"event_type\":\"http\",\"http\":{\"http_refer\":\"http:\\/\\/x\",\"hostname\":"
     "\"evil.example\",\"url\":\"\\/b\"}}\n",
     "1 http://evil.example/b uri|"},
    {"Zeek's JSON", "http://evil.example/b",
     "{\"_path\":\"http\",\"host\":\"evil.example\",\"uri\":\"/b\"}\n",
     "1 http://evil.example/b uri|"},
};

static void urls_are_put_together(void **state)
{
    const struct request *r = *state;
    struct arena *a = test_arena();
    struct err e = {0};
    struct watch_builder *b = watch_builder_new(os_system(), &e);
    struct watch_indicator in = {.kind = WATCH_URL, .value = bytes_text(r->url)}, out;
    struct watch_built built;
    struct bytes file = {0};
    struct watch_index *ix;
    struct seen seen = {0};
    uint8_t text[WATCH_VALUE_MAX];
    uint64_t at = 0, n = 0;

    must(b && watch_builder_add(b, &in, &e) && watch_builder_add(b, &in, &e) &&
             watch_builder_encode(b, a, &file, &built, &e),
         &e);
    assert_int_equal(built.indicators, 1);
    assert_int_equal(built.duplicates, 1);
    ix = watch_index_of(file, &e);
    must(ix != NULL, &e);
    while (watch_index_next(ix, &at, &out, text)) /* its host is no indicator */
        n++;
    assert_int_equal(n, 1);
    for (size_t step = 1; step < 100; step += 7) {
        struct watch_scanner *s = scanner_of(ix, &seen);
        seen.n = 0;
        seen.text[0] = '\0';
        must(feed(s, bytes_text(r->log), step, &e), &e);
        assert_string_equal(seen.text, r->says);
        watch_scanner_free(s);
    }
    watch_builder_free(b);
    watch_index_close(ix);
    arena_free(a);
}

/* ---- two threads
 * -------------------------------------------------------------------------------- */

struct sums {
    uint64_t hits, lines, stop_at;
};

static bool sum_up(void *self, const struct watch_hit *h)
{
    struct sums *s = self;

    s->hits++;
    s->lines += h->line_number;
    return s->hits != s->stop_at;
}

/* Lines that compress badly, with hits far apart; several megabytes of them. */
static struct bytes large_log(struct arena *a)
{
    struct rng r = rng_of(7);
    struct err e = {0};
    struct buf b = buf_in(a);
    struct bytes out;

    for (unsigned i = 0; i < 60000; i++)
        buf_format(&b, "%016llx %016llx %s\n", (unsigned long long)rng_u64(&r),
                   (unsigned long long)rng_u64(&r), i % 1000 ? "-" : "evil.example.org");
    must(buf_end(&b, &out, &e), &e);
    return out;
}

static bool scan_packed(struct watch_index *ix, const char *path, bool two, struct sums *sums,
                        struct err *e)
{
    struct watch_options o = {.hit = sum_up, .self = sums};
    struct watch_scanner *s = watch_scanner_new(ix, &o, e);
    struct watch_input *in = watch_input_new(os_system(), s, e);
    bool ok;

    must(s && in, e);
    sums->hits = sums->lines = 0;
    watch_input_threads(in, two);
    ok = watch_input_file(in, path, e);
    watch_input_free(in);
    watch_scanner_free(s);
    return ok;
}

static void unpacking_beside_searching_changes_nothing(void **state)
{
    struct arena *a = test_arena();
    struct watch_index *ix = small_index(a);
    struct bytes log = large_log(a), packed[2] = {gzip(a, log), zstd(a, log)};
    char *dir = test_dir(a), *path = arena_format(a, NULL, "%s/log.packed", dir);
    struct sums one = {0}, two = {0};
    struct err e = {0}, f = {0};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        must(os_write_file(os_system(), path, packed[i], 0, &e), &e);
        must(scan_packed(ix, path, false, &one, &e) && scan_packed(ix, path, true, &two, &e), &e);
        assert_int_equal(one.hits, 60);
        assert_memory_equal(&one, &two, sizeof one);
        /* cut */
        must(os_write_file(os_system(), path, bytes_part(packed[i], 0, packed[i].n - 99), 0, &e),
             &e);
        must_fail(scan_packed(ix, path, false, &one, &e), &e, ERR_INPUT, "cut");
        must_fail(scan_packed(ix, path, true, &two, &f), &f, ERR_INPUT, "cut");
        assert_string_equal(e.text, f.text);
        assert_memory_equal(&one, &two, sizeof one);
        /* stopped by whoever takes the hits, while the other side is far ahead */
        two.stop_at = 3;
        must_fail(scan_packed(ix, path, true, &two, &e), &e, ERR_DENIED, "stopped");
        assert_int_equal(two.hits, 3);
        two.stop_at = 0;
    }
    test_dir_remove(dir);
    watch_index_close(ix);
    arena_free(a);
}

static void a_bomb_stops_the_other_thread(void **state)
{
    struct arena *a = test_arena();
    struct watch_index *ix = small_index(a);
    struct bytes zeros = bytes_of(arena_get(a, 64 << 20, NULL), 64 << 20);
    struct bytes frame = zstd(a, zeros);
    char *dir = test_dir(a), *path = arena_format(a, NULL, "%s/bomb.zst", dir);
    struct buf b = buf_in(a);
    struct bytes bomb;
    struct sums sums = {0};
    struct err e = {0};

    (void)state;
    while (buf_view(&b).n < (size_t)300 << 10)
        buf_put(&b, frame);
    must(buf_end(&b, &bomb, &e) && os_write_file(os_system(), path, bomb, 0, &e), &e);
    must_fail(scan_packed(ix, path, true, &sums, &e), &e, ERR_LIMIT, "not read further");
    test_dir_remove(dir);
    watch_index_close(ix);
    arena_free(a);
}

/* ---- captures
 * ------------------------------------------------------------------------------------ */

/* Every name that a packet alone can tell (methods AB) is found when it is an indicator. */
static void captures_tell_their_names(void **state)
{
    static const char *const files[] = {"dns.pcap", "tls.pcap", "lab-http-dns.pcapng"};
    struct arena *a = test_arena();

    (void)state;
    for (size_t f = 0; f < 3; f++) {
        struct err e = {0};
        struct watch_builder *b = watch_builder_new(os_system(), &e);
        struct watch_tally *tally = watch_tally_new(&e);
        struct watch_options o = {.hit = watch_tally_hit, .self = tally};
        struct watch_scanner *s;
        struct watch_index *ix;
        struct bytes names, line, image;
        uint64_t wanted = 0;
        size_t n, exact = 0;
        struct watch_input *in;
        const struct watch_seen *seen;
        struct watch_built built;

        if (!test_shared(a, arena_format(a, &e, "data/watch/pcap/%s.names.tsv", files[f]), &names))
            skip();
        while (bytes_next_line(&names, &line)) {
            size_t tab = bytes_find_byte(line, '\t');
            struct bytes rest = bytes_part(line, tab + 1, SIZE_MAX);
            struct watch_indicator i = {.value = bytes_part(rest, 0, bytes_find_byte(rest, '\t'))};
            if (!(bytes_end_with(line, "\tAB") || bytes_start_with(line, "ip")))
                continue;
            if (watch_kind_guess(i.value, &i.kind) && watch_builder_add(b, &i, NULL))
                wanted++;
        }
        must(watch_builder_encode(b, a, &image, &built, &e), &e);
        ix = watch_index_of(image, &e);
        must(ix != NULL, &e);
        s = watch_scanner_new(ix, &o, &e);
        in = watch_input_new(os_system(), s, &e);
        must(watch_input_file(
                 in, test_shared_path(a, arena_format(a, &e, "data/watch/pcap/%s", files[f])), &e),
             &e);
        seen = watch_tally_sorted(tally, &n);
        for (size_t i = 0; i < n; i++)
            exact += seen[i].exact > 0;
        print_message("%s: %zu of %llu names and addresses\n", files[f], exact,
                      (unsigned long long)built.indicators);
        assert_true(exact >= built.indicators * 98 / 100 && built.indicators > 8);
        watch_input_free(in);
        watch_scanner_free(s);
        watch_index_close(ix);
        watch_tally_free(tally);
        watch_builder_free(b);
    }
    arena_free(a);
}

/* ---- following
 * ----------------------------------------------------------------------------------- */

static void append(const char *path, const char *text)
{
    FILE *f = fopen(path, "ab");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* A process that is killed and begun again after every step, saving only sometimes: with the
 * output cut back each time, it holds every line's hits once. */
static void following_survives_kill_rename_and_cut(void **state)
{
    struct arena *a = test_arena();
    struct watch_index *ix = small_index(a);
    struct rng r = rng_from_env("follow");
    struct err e = {0};
    char *dir = test_dir(a), *log = arena_format(a, &e, "%s/x.log", dir);
    char *saved = arena_format(a, &e, "%s/state", dir),
         *old = arena_format(a, &e, "%s/x.log.1", dir);
    static struct seen seen;
    unsigned written = 0, lines = 0;
    uint64_t output;

    (void)state;
    seen.n = 0;
    for (int round = 0; round < 300; round++) {
        struct watch_scanner *s = scanner_of(ix, &seen);
        struct watch_follow *f = watch_follow_open(os_system(), log, saved, s, &output, &e);
        bool moved;
        must(f != NULL, &e);
        seen.n = (size_t)output;
        seen.text[seen.n] = '\0';
        for (uint64_t steps = rng_below(&r, 4); steps > 0; steps--) {
            switch (rng_below(&r, 4)) {
            case 0:
                append(log, "half of a line evil.exam");
                append(log, "ple.org end\n");
                written++;
                break;
            case 1:
                append(log, "nothing here\n198.51.100.9\n");
                written++;
                break;
            case 2:
                if (os_exists(os_system(), log) && rng_below(&r, 3) == 0 && round % 3 == 0) {
                    /* first let what is there be seen: only one old file is kept */
                    must(watch_follow_step(f, &moved, &e), &e);
                    must(watch_follow_save(f, seen.n, &e), &e);
                    append(log, "198.51.100.9 before the rename\n");
                    written++;
                    must(os_rename(os_system(), log, old, &e), &e);
                }
                break;
            default:
                must(watch_follow_step(f, &moved, &e), &e);
            }
            if (rng_below(&r, 2))
                must(watch_follow_step(f, &moved, &e), &e);
            if (rng_below(&r, 2))
                must(watch_follow_save(f, seen.n, &e), &e);
            if (seen.n > 40000)
                break;
        }
        watch_follow_close(f); /* without a word: killed */
        watch_scanner_free(s);
        if (seen.n > 40000)
            break;
    }
    {
        struct watch_scanner *s = scanner_of(ix, &seen);
        struct watch_follow *f = watch_follow_open(os_system(), log, saved, s, &output, &e);
        bool moved = true;
        must(f != NULL, &e);
        seen.n = (size_t)output;
        seen.text[seen.n] = '\0';
        while (moved)
            must(watch_follow_step(f, &moved, &e), &e);
        watch_follow_close(f);
        watch_scanner_free(s);
    }
    for (size_t i = 0; i < seen.n; i++)
        lines += seen.text[i] == '|';
    assert_int_equal(lines, written);
    assert_true(written > 50);
    test_dir_remove(dir);
    watch_index_close(ix);
    arena_free(a);
}

/* ---- outputs
 * --------------------------------------------------------------------------------------- */

struct text {
    char p[1 << 16];
    size_t n;
};

static bool to_text(void *self, struct bytes part, struct err *e)
{
    struct text *t = self;

    (void)e;
    assert_true(part.n < sizeof t->p - t->n);
    memcpy(t->p + t->n, part.p, part.n);
    t->n += part.n;
    t->p[t->n] = '\0';
    return true;
}

static const struct form {
    const char *name, *log, *text;
    enum watch_as as;
} forms[] = {
    {"text names file, line, indicator, origin and shows the line",
     "a \x1b[2Jb evil.example.org c\n",
     "w.log:1:9: domain evil.example.org (agreement 7): a \\x1b[2Jb evil.example.org c\n",
     WATCH_AS_TEXT},
    {"colour is around place, indicator and token", "x 198.51.100.9\n",
     "\033[35mw.log\033[0m:\033[32m1:3\033[0m: ipv4 \033[1m198.51.100.9\033[0m (agreement 7): x "
     "\033[1;31m198.51.100.9\033[0m\n",
     WATCH_AS_COLOURED},
    {"a JSON line's members", "{\"ts\":1.5,\"_path\":\"dns\",\"query\":\"a.Evil.example.org\"}\n",
     "{\"source\":\"w.log\",\"line\":1,\"offset\":33,\"time\":\"1970-01-01T00:00:01.500000Z\","
     "\"log\":\"dns\",\"field\":\"query\",\"seen\":\"a.Evil.example.org\",\"how\":\"parent\","
     "\"kind\":\"domain\",\"value\":\"evil.example.org\",\"origin\":\"agreement 7\",\"ref\":0}\n",
     WATCH_AS_JSON},
    {"CSV quotes all that is text", "x 192.0.2.1\n",
     "source,line,offset,time,log,field,seen,how,kind,value,origin,ref,warned\r\n"
     "\"w.log\",1,2,,\"\",\"\",\"192.0.2.1\",prefix,cidr4,\"192.0.2.0/24\",\"agreement "
     "7\",1,\"\"\r\n",
     WATCH_AS_CSV},
    {"an alert as eve has them",
     "{\"timestamp\":\"2026-01-02T03:04:05.000001+0200\",\"d\":{\"h\":\"198.51.100.9\"}}\n",
     "{\"timestamp\":\"2026-01-02T01:04:05.000001+0000\",\"event_type\":\"alert\",\"alert\":{"
     "\"action\":\"allowed\",\"gid\":1,\"signature_id\":0,\"rev\":1,\"signature\":"
     "\"entente watch: ipv4\",\"category\":\"shared indicator\",\"severity\":2},\"entente\":{"
     "\"source\":\"w.log\",\"line\":1,\"offset\":57,\"time\":\"2026-01-02T01:04:05.000001Z\","
     "\"log\":\"\",\"field\":\"d.h\",\"seen\":\"198.51.100.9\",\"how\":\"exact\",\"kind\":\"ipv4\","
     "\"value\":\"198.51.100.9\",\"origin\":\"agreement 7\",\"ref\":2}}\n",
     WATCH_AS_EVE},
};

static void prints(void **state)
{
    const struct form *form = *state;
    struct arena *a = test_arena();
    struct watch_index *ix = small_index(a);
    struct err e = {0};
    static struct text t;
    struct watch_writer *w = watch_writer_new(form->as, to_text, &t, &e);
    struct watch_options o = {.hit = watch_writer_hit, .self = w};
    struct watch_scanner *s = watch_scanner_new(ix, &o, &e);

    t.n = 0;
    watch_writer_source(w, BYTES("w.log"));
    must(watch_scan(s, bytes_text(form->log), &e) && watch_scan_end(s, &e), &e);
    must(watch_writer_end(w, &e), &e);
    assert_string_equal(t.p, form->text);
    watch_writer_free(w);
    watch_scanner_free(s);
    watch_index_close(ix);
    arena_free(a);
}

static void a_tally_counts_lines_not_repeats(void **state)
{
    struct arena *a = test_arena();
    struct watch_index *ix = small_index(a);
    struct err e = {0};
    struct watch_tally *t = watch_tally_new(&e), *sum = watch_tally_new(&e);
    struct watch_options o = {.hit = watch_tally_hit, .self = t};
    struct watch_scanner *s = watch_scanner_new(ix, &o, &e);
    const struct watch_seen *seen;
    size_t n;

    (void)state;
    must(watch_scan(s,
                    BYTES("{\"ts\":20,\"a\":\"evil.example.org x.evil.example.org\"}\n"
                          "{\"ts\":10,\"a\":\"evil.example.org\",\"b\":\"192.0.2.200\"}\n"),
                    &e) &&
             watch_scan_end(s, &e),
         &e);
    must(watch_tally_merge(sum, t, &e) && watch_tally_merge(sum, t, &e), &e);
    seen = watch_tally_sorted(t, &n);
    assert_int_equal(n, 2);
    assert_true(bytes_are(seen[0].indicator.value, "evil.example.org"));
    assert_int_equal(seen[0].lines, 2);
    assert_int_equal(seen[0].hits, 3);
    assert_int_equal(seen[0].parent, 1);
    assert_int_equal(seen[0].first_us, 10000000);
    assert_int_equal(seen[0].last_us, 20000000);
    assert_int_equal(seen[1].prefix, 1);
    seen = watch_tally_sorted(sum, &n);
    assert_int_equal(n, 2);
    assert_int_equal(seen[0].lines, 4);
    watch_scanner_free(s);
    watch_tally_free(t);
    watch_tally_free(sum);
    watch_index_close(ix);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wrapping_gives_the_same_hits),
        cmocka_unit_test(what_is_cut_or_damaged_is_searched_so_far_and_said),
        cmocka_unit_test(a_bomb_is_not_unpacked_to_its_end),
        cmocka_unit_test(unpacking_beside_searching_changes_nothing),
        cmocka_unit_test(a_bomb_stops_the_other_thread),
        cmocka_unit_test(captures_tell_their_names),
        cmocka_unit_test(following_survives_kill_rename_and_cut),
        cmocka_unit_test(a_tally_counts_lines_not_repeats),
        ROW_TEST(urls_are_put_together, requests[0]),
        ROW_TEST(urls_are_put_together, requests[1]),
        ROW_TEST(urls_are_put_together, requests[2]),
        ROW_TEST(urls_are_put_together, requests[3]),
        ROW_TEST(urls_are_put_together, requests[4]),
        ROW_TEST(urls_are_put_together, requests[5]),
        ROW_TEST(urls_are_put_together, requests[6]),
        ROW_TEST(urls_are_put_together, requests[7]),
        ROW_TEST(urls_are_put_together, requests[8]),
        ROW_TEST(urls_are_put_together, requests[9]),
        ROW_TEST(urls_are_put_together, requests[10]),
        ROW_TEST(prints, forms[0]),
        ROW_TEST(prints, forms[1]),
        ROW_TEST(prints, forms[2]),
        ROW_TEST(prints, forms[3]),
        ROW_TEST(prints, forms[4]),
    };
    return crypto_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
