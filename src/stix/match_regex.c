/* Regular expressions of patterns. They are written by strangers and run over logs that other
 * strangers write: both sides of what makes backtracking explode. So each search has a bound on
 * its steps and on its memory, nothing is compiled to machine code, and calls out are refused. */
#include "base/limits.h"
#include "stix/match_impl.h"

#include <stdlib.h>

pcre2_code *match_regex(struct bytes text, bool utf, struct err *e)
{
    pcre2_compile_context *limits = pcre2_compile_context_create(NULL);
    uint32_t options = PCRE2_NEVER_BACKSLASH_C;
    pcre2_code *code = NULL;
    PCRE2_UCHAR why[128] = {0};
    PCRE2_SIZE at = 0;
    int number = 0;

    if (!limits) {
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    options |= utf ? PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF : PCRE2_NEVER_UTF;
    pcre2_set_max_pattern_length(limits, LIMIT_MATCH_REGEX);
    pcre2_set_parens_nest_limit(limits, LIMIT_PATTERN_DEPTH);
    code =
        pcre2_compile(text.p ? text.p : (const uint8_t *)"", text.n, options, &number, &at, limits);
    pcre2_compile_context_free(limits);
    if (!code) {
        pcre2_get_error_message(number, why, sizeof why);
        err_fail(e, number == PCRE2_ERROR_NOMEMORY ? ERR_NOMEM : ERR_INPUT,
                 "a regular expression that cannot be used: %s, behind %zu bytes", (char *)why,
                 (size_t)at);
    }
    return code;
}

bool match_regex_finds(const pcre2_code *code, struct bytes text, struct match_room *room)
{
    int found = pcre2_match(code, text.p ? text.p : (const uint8_t *)"", text.n, 0, 0, room->data,
                            room->limits);

    room->odd.costly += found < 0 && found != PCRE2_ERROR_NOMATCH;
    return found >= 0;
}

struct match_room *match_room_new(struct err *e)
{
    struct match_room *room = calloc(1, sizeof *room);

    if (room) {
        room->data = pcre2_match_data_create(1, NULL);
        room->limits = pcre2_match_context_create(NULL);
    }
    if (!room || !room->data || !room->limits) {
        match_room_free(room);
        err_fail(e, ERR_NOMEM, "out of memory");
        return NULL;
    }
    pcre2_set_match_limit(room->limits, LIMIT_MATCH_REGEX_STEPS);
    pcre2_set_depth_limit(room->limits, LIMIT_MATCH_REGEX_DEPTH);
    pcre2_set_heap_limit(room->limits, LIMIT_MATCH_REGEX_HEAP_KIB);
    return room;
}

void match_room_free(struct match_room *room)
{
    if (!room)
        return;
    pcre2_match_data_free(room->data);
    pcre2_match_context_free(room->limits);
    free(room->undo);
    free(room);
}

const struct match_odd *match_room_odd(const struct match_room *room)
{
    return &room->odd;
}
