/* Every command, in the order of `entente help`; each is defined in the file of its name. */
#ifndef ENTENTE_COMMANDS_H
#define ENTENTE_COMMANDS_H

#include "cli/cli.h"

extern const struct command cmd_init, cmd_card_show, cmd_card_import, cmd_card_enrol,
    cmd_card_challenge, cmd_card_answer, cmd_peers, cmd_agreement_new, cmd_agreement_check,
    cmd_agreement_sign, cmd_agreement_show, cmd_agreement_list, cmd_agreement_amend,
    cmd_agreement_suspend, cmd_agreement_resume, cmd_agreement_withdraw, cmd_agreement_schema,
    cmd_share, cmd_objects_list, cmd_objects_show, cmd_revoke, cmd_acts_list, cmd_acts_show,
    cmd_serve, cmd_sync, cmd_status, cmd_proof, cmd_verify, cmd_export_log, cmd_evidence_list,
    cmd_evidence_show, cmd_log_check, cmd_log_rebuild, cmd_log_recover, cmd_log_fence, cmd_log_key,
    cmd_witness_key, cmd_witness_add, cmd_witness_list, cmd_key_list, cmd_key_rotate,
    cmd_key_revoke, cmd_version, cmd_help;
/* exhibit.c */
extern const struct command cmd_exhibit_add, cmd_exhibit_list, cmd_exhibit_show, cmd_exhibit_get,
    cmd_exhibit_custody, cmd_exhibit_provide, cmd_exhibit_erase;
/* watch.c, watch_compile.c */
extern const struct command cmd_watch, cmd_watch_compile;

#endif
