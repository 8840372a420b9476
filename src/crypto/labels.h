/* Every domain label of ours. A hash, derivation or signature that a standard does not fix takes
 * one of these; where a standard fixes the prefix, we keep the standard's. */
#ifndef ENTENTE_LABELS_H
#define ENTENTE_LABELS_H

#define LABEL_CHALLENGE "entente/v1/challenge"    /* a key owner answers a fresh nonce */
#define LABEL_KEY_FILE "entente/v1/key-file"      /* keys encrypted under a passphrase */
#define LABEL_CARD "entente/v1/card"              /* first line of a card note */
#define LABEL_ROTATE "entente/v1/rotate"           /* a key is changed: signed by both */
#define LABEL_INDICATOR_ID "entente/v1/indicator" /* deterministic ids of imported indicators */

#define LABEL_SIGHTING_ID "entente/v1/sighting" /* ids of sightings, by release and indicator */

#define LABEL_PSI_SESSION "entente/v1/psi/session"       /* both hellos */
#define LABEL_PSI_COMMIT "entente/v1/psi/commit"         /* a coin share before it is opened */
#define LABEL_PSI_COIN "entente/v1/psi/coin"             /* the joint salt */
#define LABEL_PSI_OT "entente/v1/psi/ot"                 /* base oblivious transfers */
#define LABEL_PSI_COT "entente/v1/psi/cot"               /* their extension and its check */
#define LABEL_PSI_VOLE "entente/v1/psi/vole"             /* keys and check of a VOLE chunk */
#define LABEL_PSI_CODE "entente/v1/psi/code"             /* the public code of a session */
#define LABEL_PSI_ROW "entente/v1/psi/row"               /* salted hashing of items */
#define LABEL_PSI_TAG "entente/v1/psi/tag"               /* the sender's masked tags */
#define LABEL_PSI_CANARY "entente/v1/psi/canary"         /* items both sides add */
#define LABEL_PSI_TRANSCRIPT "entente/v1/psi/transcript" /* all frames of a run */
#define LABEL_PSI_SHARD "entente/v1/psi/shard"           /* which shard an item belongs to */
#define LABEL_MATCH_LEAF "entente/v1/match/leaf"         /* salts of a list's commitment */
#define LABEL_MATCH_SESSION "entente/v1/match/session"   /* what both sides agreed on */
#define LABEL_MATCH_RUN "entente/v1/match/run"           /* one run of a comparison */
#define LABEL_MATCH_SHARD "entente/v1/match/shard"       /* the salt that splits lists */
#define LABEL_MATCH_AUDIT "entente/v1/match/audit"       /* which leaves an audit opens */
#define LABEL_CASE_STEP "entente/v1/case-step"         /* a matter's state after an act */
#define LABEL_CASE_BUCKET "entente/v1/case-bucket"     /* matters with ids alike */
#define LABEL_CASE_ROOT "entente/v1/case-root"         /* the state of an agreement */
#define LABEL_EXHIBIT "entente/v1/exhibit"             /* the salted digest of a file that is not given */
#define LABEL_CASE_INPUTS "entente/v1/case-inputs"     /* what a fold was made of */
#define LABEL_OFFICERS "entente/v1/officers"           /* four eyes: an officer signs a body */
#define LABEL_OFFICER_KEY "entente/v1/officer"         /* an officer's key names its owner */
#define LABEL_NOTICE "entente/v1/notice"               /* the id of a notice to people */
#define LABEL_CASE_TWIN "entente/v1/case-twin"         /* the id of a body's plain note */

#endif
