/* Every domain label of ours. A hash, derivation or signature that a standard does not fix takes
 * one of these; where a standard fixes the prefix, we keep the standard's. */
#ifndef ENTENTE_LABELS_H
#define ENTENTE_LABELS_H

#define LABEL_CHALLENGE "entente/v1/challenge"    /* a key owner answers a fresh nonce */
#define LABEL_KEY_FILE "entente/v1/key-file"      /* keys encrypted under a passphrase */
#define LABEL_CARD "entente/v1/card"              /* first line of a card note */
#define LABEL_INDICATOR_ID "entente/v1/indicator" /* deterministic ids of imported indicators */

#endif
