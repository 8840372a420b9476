/* tlog/checkpoint: a text has one spelling; cosignatures by unknown keys are passed over; the
 * frontier of a tree is read as it is written. */
#include "tlog/tlog.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64 << 20);
    struct bytes in = bytes_of(data, n);
    struct note_key none = {.name = "nobody", .type = NOTE_COSIGNATURE};
    char text[CHECKPOINT_TEXT_MAX];
    uint8_t raw[TLOG_TREE_BYTES_MAX];
    struct cosignature *found;
    struct checkpoint c;
    struct tlog_tree t;
    struct note note;
    size_t count;

    if (!a || !crypto_init())
        abort();
    if (checkpoint_parse(in, &c, NULL)) {
        assert(c.size <= TLOG_SIZE_MAX && note_name_valid(bytes_text(c.origin)));
        assert(bytes_equal(in, bytes_of(text, checkpoint_print(&c, text))));
    }
    if (note_parse(in, a, &note, NULL) &&
        cosignature_find_all(&note, &none, 1, a, &found, &count, NULL))
        assert(count == 0);
    if (tlog_tree_decode(in, &t, NULL))
        assert(bytes_equal(in, bytes_of(raw, tlog_tree_encode(&t, raw))));
    arena_free(a);
    return 0;
}
