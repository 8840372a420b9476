/* match: the objects of acts, audits, and what a worker is told; the first byte chooses. */
#include "match/acts_impl.h"
#include "match/audit.h"
#include "match/worker.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void objects(struct bytes in, struct arena *a)
{
    const struct json *v = json_parse(in, a, NULL);
    struct match_session s = {0};
    struct match_outcome o = {0};
    struct match_audit_ask ask = {0};
    struct bytes why;
    struct err e = {0};

    if (match_read_offer(v, &s, &e))
        assert(s.type && s.shards >= 1 && s.shards <= MATCH_SHARDS_MOST);
    err_clear(&e);
    match_read_accept(v, &s, &e);
    match_read_reason(v, "match.abort", &why, &e);
    if (match_read_result(v, &o, &e))
        assert(o.said && o.count >= -1);
    if (match_read_audit(v, &ask, &e))
        assert(ask.leaves >= 1 && ask.leaves <= MATCH_LEAVES_MOST);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct match_audit_check *k = calloc(1, sizeof *k);
    struct worker_report r;
    struct worker_job j;
    struct err e = {0};

    if (!a || !k)
        abort();
    if (n && data[0] % 3 == 0)
        objects(bytes_of(data + 1, n - 1), a);
    else if (n && data[0] % 3 == 1 && match_audit_read(bytes_of(data + 1, n - 1), a, k, &e))
        assert(k->holds == !k->why && k->n <= 2 * MATCH_AUDIT_MOST);
    else if (n && data[0] % 3 == 2) {
        if (worker_job_decode(bytes_of(data + 1, n - 1), &j, &e)) {
            uint8_t again[WORKER_JOB_BYTES];
            worker_job_encode(&j, again);
            assert(memcmp(again, data + 1, sizeof again) == 0);
        }
        worker_report_decode(bytes_of(data + 1, n - 1), &r, &e);
    }
    free(k);
    arena_free(a);
    return 0;
}
