/* What the tests of tlog share: keys from small seeds, logs in memory, bytes from vectors. */
#ifndef ENTENTE_TLOG_SUPPORT_H
#define ENTENTE_TLOG_SUPPORT_H

#include "support/support.h"
#include "tlog/tlog.h"

#include <jansson.h>

/* The secret key whose seed is from, from+1, ... from+31; freed by test_keys_free. */
const struct sign_key *test_key(uint8_t from);
void test_keys_free(void);

struct checkpoint_key test_log_key(const char *origin, uint8_t seed);
struct cosign_key test_cosign_key(const char *name, uint8_t seed);
struct act_key test_act_key(const char *name, uint8_t seed);

/* A log in memory. Leaf i holds the decimal of i, plus `salt`: other salts, other logs. */
struct test_log {
    struct arena *a;
    const char *origin;
    struct checkpoint_key key;
    struct hash *leaf;
    struct tlog_leaves leaves;
    struct tlog_source source;
};
void test_log_make(struct test_log *l, struct arena *a, const char *origin, uint8_t seed,
                   uint64_t n, const char *salt);
struct checkpoint test_log_head(const struct test_log *l, uint64_t size);
struct bytes test_log_note(const struct test_log *l, uint64_t size);
/* A checkpoint note of these lines, signed whatever they say. */
struct bytes test_sign_head(const struct test_log *l, const struct checkpoint *c);
struct bytes test_cosign(struct arena *a, const struct cosign_key *k, struct bytes note,
                         uint64_t time);

/* A note of this text with a line by k over `prefix` and the text: what our own functions refuse to
 * sign. `before` goes between the key's id and the signature. */
struct bytes test_sign_raw(struct arena *a, const struct note_key *k, const struct sign_key *secret,
                           struct bytes text, const char *prefix, struct bytes before);

/* Members of the vectors; each fails the test if it is not there. */
json_t *test_json(const char *file);
struct bytes test_text(const json_t *o, const char *name);
struct hash test_hash(const json_t *hex);
struct tlog_proof test_proof(const json_t *array);
uint64_t test_number(const json_t *o, const char *name);
struct bytes test_hex(struct arena *a, const json_t *hex);

#endif
