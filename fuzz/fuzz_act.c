/* record/act: what is read prints as the same bytes; checking a signature never does harm. */
#include "record/act.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(struct act *act, struct arena *a)
{
    struct sign_public nobody = {{0x58}}; /* RFC 8032's base point: no seed is known for it */
    struct act again = *act;

    memset(nobody.b + 1, 0x66, 31);
    assert(act_print(&again, a, NULL));
    assert(bytes_equal(again.text, act->text));
    assert(hash_equal(&again.text_hash, &act->text_hash));
    assert(act_is_for(act, act->from));
    for (int role = 0; role < KEY_ROLES; role++)
        assert(!act_verify(act, &nobody, (enum key_role)role, NULL));
    act_body_matches(&act->body, act->note, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)16 << 20);
    struct act act;
    struct err e = {0};

    if (!a || !crypto_init())
        abort();
    if (act_parse(bytes_of(data, n), a, &act, &e))
        check(&act, a);
    else
        assert(e.code && e.text[0]);
    arena_free(a);
    return 0;
}
