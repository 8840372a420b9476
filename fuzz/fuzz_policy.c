/* tlog/policy: what parses refers only backwards, uses each name once, and can be met or not. */
#include "tlog/tlog.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64 << 20);
    bool all[LIMIT_POLICY_ITEMS], none[LIMIT_POLICY_ITEMS] = {false};
    struct policy *p;

    if (!a || !crypto_init())
        abort();
    memset(all, 1, sizeof all);
    if (policy_parse(bytes_of(data, n), a, &p, NULL)) {
        size_t members = 0;
        for (size_t i = 0; i < p->n_groups; i++) {
            assert(p->groups[i].least >= 1 && p->groups[i].least <= p->groups[i].n);
            members += p->groups[i].n;
            for (size_t j = 0; j < p->groups[i].n; j++) {
                struct policy_ref m = p->groups[i].members[j];
                assert(m.index < (m.group ? i : p->n_witnesses));
            }
        }
        assert(members <= p->n_witnesses + p->n_groups);
        assert(policy_quorum(p, all));
        assert(policy_quorum(p, none) == !p->has_quorum);
    }
    arena_free(a);
    return 0;
}
