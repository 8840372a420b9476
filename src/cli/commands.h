/* Every command; each is defined in the file of its name. Their order is main.c's. */
#ifndef ENTENTE_COMMANDS_H
#define ENTENTE_COMMANDS_H

#include "cli/cli.h"

extern const struct command cmd_init, cmd_card_show, cmd_card_import, cmd_card_enrol,
    cmd_card_challenge, cmd_card_answer, cmd_peers, cmd_agreement_new, cmd_agreement_check,
    cmd_agreement_sign, cmd_agreement_show, cmd_agreement_list, cmd_agreement_amend,
    cmd_agreement_suspend, cmd_agreement_resume, cmd_agreement_withdraw, cmd_agreement_schema,
    cmd_share, cmd_objects_list, cmd_objects_show, cmd_revoke, cmd_acts_list, cmd_acts_show,
    cmd_serve, cmd_sync, cmd_status, cmd_proof, cmd_dossier_export, cmd_dossier_timestamp,
    cmd_verify, cmd_export_log, cmd_evidence_list, cmd_evidence_show, cmd_log_check,
    cmd_log_rebuild, cmd_log_recover, cmd_log_fence, cmd_log_key, cmd_witness_key, cmd_witness_add,
    cmd_witness_list, cmd_key_list, cmd_key_rotate, cmd_key_revoke, cmd_version, cmd_help;
/* request_new.c, request_list.c, request_say.c */
extern const struct command cmd_request_new, cmd_request_list, cmd_request_show, cmd_request_ack,
    cmd_request_clarify, cmd_request_status, cmd_request_answer, cmd_request_refuse,
    cmd_request_extend, cmd_request_accept, cmd_request_contest, cmd_request_escalate,
    cmd_request_withdraw, cmd_request_suspend, cmd_request_resume, cmd_request_agree,
    cmd_request_rule, cmd_why;
/* review.c */
extern const struct command cmd_review, cmd_review_comment;
/* claim_new.c, claim_show.c, claim_say.c */
extern const struct command cmd_claim_new, cmd_claim_list, cmd_claim_show, cmd_claim_ack,
    cmd_claim_reply, cmd_claim_rebut, cmd_claim_evidence, cmd_claim_grade, cmd_claim_revise,
    cmd_claim_counter, cmd_claim_finding, cmd_claim_refer, cmd_claim_settle, cmd_claim_agree,
    cmd_claim_extend, cmd_claim_escalate, cmd_claim_withdraw, cmd_claim_disagree, cmd_claim_comment,
    cmd_claim_matrix;
/* officer.c */
extern const struct command cmd_officer_key, cmd_officer_enrol, cmd_officer_remove,
    cmd_officer_list, cmd_officer_sign, cmd_officer_send;
/* export_stix.c */
extern const struct command cmd_export_stix;
/* remedy.c */
extern const struct command cmd_remedy_notice, cmd_remedy_list, cmd_remedy_cure,
    cmd_remedy_suspend, cmd_remedy_lift, cmd_remedy_terminate;
/* ping.c */
extern const struct command cmd_ping, cmd_ping_list, cmd_ping_answer, cmd_notices;
/* exhibit.c */
extern const struct command cmd_exhibit_add, cmd_exhibit_list, cmd_exhibit_show, cmd_exhibit_get,
    cmd_exhibit_custody, cmd_exhibit_provide, cmd_exhibit_erase;
/* watch.c, watch_compile.c, watch_status.c, sightings.c */
extern const struct command cmd_watch, cmd_watch_compile, cmd_watch_status, cmd_sightings_list,
    cmd_sightings_release, cmd_sightings_drop, cmd_sightings_received, cmd_export;
/* psi.c, match*.c */
extern const struct command cmd_psi, cmd_match_offer, cmd_match_list, cmd_match_show,
    cmd_match_accept, cmd_match_refuse, cmd_match_run, cmd_match_audit, cmd_match_worker;

#endif
