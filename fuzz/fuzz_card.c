/* record/card: whatever is taken for a card is signed by all its keys and can be used as one. */
#include "base/text.h"
#include "record/party.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new((size_t)32 << 20);
    struct card c, again;
    struct err e = {0};

    if (!a || !crypto_init())
        abort();
    if (card_parse(bytes_of(data, n), a, &c, &e)) {
        assert(slug_valid(c.slug) && c.serial && bytes_equal(c.note, bytes_of(data, n)));
        for (int i = 0; i < KEY_ROLES; i++)
            assert(sign_public_valid(&c.keys[i]));
        assert(card_parse(c.note, a, &again, NULL) && card_succeeds(&c, &again, NULL));
    } else {
        assert(e.code && e.text[0]);
    }

    arena_free(a);
    return 0;
}
