/* What the files of tlog share, and nobody else sees. */
#ifndef ENTENTE_TLOG_IMPL_H
#define ENTENTE_TLOG_IMPL_H

#include "base/buf.h"
#include "base/reader.h"
#include "base/text.h"
#include "tlog/tlog.h"

#define EM_DASH "\xe2\x80\x94"
#define COSIGNATURE_PREFIX "cosignature/v1\ntime "
#define COSIGNATURE_MESSAGE_MAX (sizeof COSIGNATURE_PREFIX + 20 + CHECKPOINT_TEXT_MAX)

/* A line that a key of ours made. */
struct note_match {
    size_t line, key;
    uint64_t time; /* type 04 */
};

/* Check every line that names one of the keys of `type` (0: of types 01 and 04), and of this name
 * (NULL: any). False: one of them is wrong. Keys of other types never match. */
bool note_match_all(const struct note *note, const struct note_key *keys, size_t n, uint8_t type,
                    const char *name, struct note_match out[LIMIT_NOTE_SIGNATURES], size_t *count,
                    struct err *e);
/* The checkpoint of a note and which key of the log signed it. */
bool checkpoint_match(const struct note *note, const struct note_key *keys, size_t n,
                      struct checkpoint *out, size_t *key, struct err *e);

/* "— name base64(id || signature)\n" */
void note_line_print(const struct note_key *k, struct bytes signature, struct buf *out);
/* What any key may sign as a note's text: ends in a line feed, UTF-8, no control characters. */
bool note_text_valid(struct bytes text);

/* The bytes under a cosignature; 0 if the text is too long to be a checkpoint. */
size_t cosignature_message(struct bytes text, uint64_t time, uint8_t out[COSIGNATURE_MESSAGE_MAX]);
/* Whether `signature` (time, then Ed25519) is k's for this text, which must be a checkpoint. */
bool cosignature_verify(const struct note_key *k, struct bytes text, struct bytes signature,
                        uint64_t *time);

/* Hashes as lines of base64, for requests and proofs: until (and with) an empty line. */
void proof_print(const struct tlog_proof *p, struct buf *out);
void proof_read_lines(struct reader *r, struct tlog_proof *p);
/* A line that is `word`, a space and a decimal. */
uint64_t reader_word_decimal(struct reader *r, const char *word, const char *expected);

#endif
