/* record/agreement: what a person may write becomes canonical bytes that read as the same
 * agreement; explaining, comparing and asking the gate does no harm. */
#include "record/agreement.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void use(const struct agreement *g, struct arena *a)
{
    char clause[GATE_CLAUSE_MAX];
    struct bytes text;
    struct err e = {0};

    assert(g->parties_n >= 2 && g->parties_n <= LIMIT_PARTIES);
    agreement_explain(g, NULL, a, &text, NULL);
    assert(agreement_diff(g, g, NULL, a, &text, &e) && text.n == 0);
    for (int tlp = -1; tlp < 5; tlp++)
        if (!gate_share(g, BYTES("indicator"), tlp, NULL, clause, &e))
            assert(e.code == ERR_DENIED);
    assert(!gate_share(g, BYTES("indicator"), -1, NULL, clause, &e));
    gate_act(g, BYTES("share"), NULL, 0, clause, NULL);
    assert(gate_max_act_bytes(g) <= LIMIT_ACT_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct agreement *g = arena_get(a, 2 * sizeof *g, NULL);
    struct err e = {0};

    if (!g || !crypto_init())
        abort();
    if (agreement_parse(bytes_of(data, n), a, &g[0], &e)) {
        assert(agreement_read(g[0].bytes, NULL, a, &g[1], &e));
        assert(hash_equal(&g[0].digest, &g[1].digest) && !strcmp(g[0].id, g[1].id));
        use(&g[0], a);
    } else {
        assert(e.code && e.text[0]);
        assert(!agreement_read(bytes_of(data, n), NULL, a, &g[1], NULL));
    }
    arena_free(a);
    return 0;
}
