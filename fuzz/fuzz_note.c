/* tlog/note: what parses splits and joins again to the same bytes; keys print as they were read;
 * what an unknown author signed is never accepted. */
#include "tlog/tlog.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_note(struct bytes in, struct arena *a)
{
    static const struct sign_public nobody = {{0}};
    struct note_key k = {.name = "nobody", .id = 1, .type = NOTE_ED25519, .public = nobody};
    struct bytes again;
    struct note note;
    size_t lines = 0;
    bool by;

    if (!note_parse(in, a, &note, NULL))
        return;
    assert(note.n >= 1 && note.n <= LIMIT_NOTE_SIGNATURES && note.text.p[note.text.n - 1] == '\n');
    for (size_t i = 0; i < note.n; i++) {
        assert(note.lines[i].whole.p[note.lines[i].whole.n - 1] == '\n');
        lines += note.lines[i].whole.n;
    }
    assert(note.text.n + 1 + lines == in.n);
    assert(note_append(in, note.lines[note.n - 1].whole, a, &again, NULL));
    assert(bytes_equal(again, in));
    assert(!note_verify(&note, &k, 1, &by, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena *a = arena_new(64 << 20);
    struct bytes in = bytes_of(data, n);
    char vkey[NOTE_VKEY_MAX];
    struct note_line *lines;
    struct note_key k;
    size_t count;

    if (!a || !crypto_init())
        abort();
    check_note(in, a);
    note_lines_parse(in, a, &lines, &count, NULL);
    if (note_key_parse(in, &k, NULL) && (k.type == NOTE_ED25519 || k.type == NOTE_COSIGNATURE)) {
        note_key_print(&k, vkey);
        assert(bytes_are(in, vkey));
    }
    arena_free(a);
    return 0;
}
