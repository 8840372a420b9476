/* tlog: Merkle logs, signed notes, and the proofs that hold strangers to their word.
 *
 * Pure: bytes in, bytes or a verdict out. No disk, no network, no clock. The formats are those
 * of C2SP (tlog-tiles, signed-note, tlog-checkpoint, tlog-cosignature, tlog-witness, tlog-proof,
 * tlog-policy) over the tree of RFC 6962; doc/formats/tlog.md says where we are stricter.
 *
 * In order of understanding:
 *   tlog/tree.h        the tree: append, root, inclusion and consistency proofs
 *   tlog/tiles.h       the tree as files: tile paths, reading and building tiles, entry bundles
 *   tlog/note.h        text with signatures under it; keys and their names
 *   tlog/checkpoint.h  the signed head of a log; cosignatures by those who watched it grow
 *   tlog/witness.h     asking for a cosignature, and deciding whether to give one
 *   tlog/policy.h      whom one trusts: logs, witnesses, and how many of them
 *   tlog/proof.h       one entry proved offline (`.tlog-proof`)
 *   tlog/evidence.h    two signatures that cannot both be honest
 *
 * Append to a log of ours, sign its head, and prove an entry to somebody else:
 *
 *     struct tlog_tree tree = {0};
 *     tlog_tree_append(&tree, entry, &e);
 *     checkpoint_of_tree(&tree, origin, &head, &e);
 *     checkpoint_sign(&key, &head, arena, &note, &e);
 *     tlog_prove_inclusion(&source, index, tree.size, &proof, &e);
 *
 * Check somebody else's, with nothing but their key:
 *
 *     checkpoint_verify(note, &key, 1, arena, &head, &e);
 *     tlog_leaf_hash(entry, &leaf);
 *     tlog_verify_inclusion(&leaf, index, head.size, &proof, &head.root, &e);
 *
 * Errors: ERR_INPUT what is not well formed, ERR_LIMIT what is too much, ERR_PROOF what is well
 * formed and does not hold; ERR_NOMEM and ERR_LIMIT also from the caller's arena.
 */
#ifndef ENTENTE_TLOG_H
#define ENTENTE_TLOG_H

#include "tlog/checkpoint.h"
#include "tlog/evidence.h"
#include "tlog/note.h"
#include "tlog/policy.h"
#include "tlog/proof.h"
#include "tlog/tiles.h"
#include "tlog/tree.h"
#include "tlog/witness.h"

#endif
