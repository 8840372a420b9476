#include "cases/words.h"
#include "base/catalogue.h"

const char *const cases_kind_words[CASES_KINDS] = {
    "",
    "request",
    "request.ack",
    "request.clarify",
    "request.clarified",
    "request.status",
    "request.extend",
    "request.complex",
    "request.refuse",
    "request.answer",
    "request.accept",
    "request.contest",
    "request.escalate",
    "request.withdraw",
    "request.suspend",
    "request.resume",
    "request.ruling",
    "agree",
    "claim",
    "claim.ack",
    "claim.reply",
    "claim.extend",
    "claim.rebut",
    "claim.evidence",
    "claim.grade",
    "claim.revise",
    "claim.finding",
    "claim.refer",
    "claim.ruling",
    "claim.settle",
    "claim.withdraw",
    "claim.disagree",
    "claim.escalate",
    "ping",
    "pong",
    "outage",
    "remedy.notice",
    "remedy.cure",
    "remedy.suspend",
    "remedy.lift",
    "remedy.terminate",
    "comment",
};

const char *const cases_type_words[CASES_TYPES] = {
    "info",    "verify", "preserve", "disclose-preserved", "sample",
    "analyse", "trace",  "mitigate", "notify-victim",      "match",
    "consult", "recall", "audit",
};

const char *const cases_urgency_words[CASES_URGENCIES] = {
    "emergency", "urgent", "normal", "complex", "preserve", "ping",
};

const char *const cases_ground_words[CASES_GROUNDS] = {
    "sovereignty-security",
    "public-order",
    "ongoing-case",
    "not-held",
    "no-legal-power",
    "authorisation-denied",
    "privilege-immunity",
    "fundamental-rights",
    "third-party-origin",
    "disproportionate",
    "out-of-scope",
    "malformed",
    "quota",
    "conflict-of-law",
    "duplicate",
};

const char *const cases_state_words[CASES_STATES] = {
    "sent",    "delivered", "open",      "waiting", "partly",    "part-refused", "answered",
    "refused", "contested", "escalated", "closed",  "withdrawn", "lapsed",       "void",
};

const char *const cases_item_words[CASES_ITEMS] = {
    "pending", "later", "answered", "not-held", "refused",
};

const char *const cases_claim_state_words[CASES_CLAIM_STATES] = {
    "lodged",  "acknowledged", "replied",          "found", "with-arbiter", "ruled",
    "settled", "withdrawn",    "closed-disagreed", "void",
};

const char *const cases_reply_words[CASES_REPLIES] = {
    "admit", "admit-in-part", "deny", "no-knowledge", "need-evidence", "third-party",
};

const char *const cases_predicate_words[CASES_PREDICATES] = {
    "conducted-by",    "originated-from", "infrastructure-controlled-by",
    "directed-by",     "benefit-to",      "holds-data-of",
    "breached-clause", "norm-concern",
};

const char *const cases_verdict_words[CASES_VERDICTS] = {
    "taken",
    "recorded, does not stop the clock: no mandatory field missing, no numbered item named",
    "not understood: an act of a kind this program does not know",
    "malformed: its body can't be read",
    "its body is not here",
    "no agreement was in force",
    "not agreed",
    "not agreed for this urgency",
    "the urgency needs its facts",
    "its marking is missing or above the ceiling",
    "the clause is suspended",
    "not this party's to do",
    "not possible in this state",
    "the request has lapsed",
    "what it answers is void",
    "done already",
    "there is no such item",
    "the item has its final status",
    "final, but an item has no final status",
    "the ground is not agreed",
    "the ground needs a statement that is missing",
    "partial or conditional help has to be asked for or offered first",
    "the consultation window is open",
    "needs two officers' signatures",
    "an exercise and a real case do not mix",
    "an extension is not agreed",
    "no extension is left",
    "the extension is longer than agreed",
    "an extension after the due instant",
    "there is no such open proposal of the other side",
    "that rung of the ladder is not open",
    "the arbiter may not review this",
    "a claim needs two hypotheses or more",
    "a claim needs a likelihood and a confidence",
    "less evidence attached or in escrow than agreed",
    "the cure period has not ended",
    "more than the agreed cap",
    "over the agreed quota",
};

/* ICD 203 (2 January 2015), D.6.e.(2)(a). */
const struct cases_likelihood cases_likelihoods[CASES_LIKELIHOODS] = {
    {"almost no chance", 1, 5},      {"very unlikely", 5, 20}, {"unlikely", 20, 45},
    {"roughly even chance", 45, 55}, {"likely", 55, 80},       {"very likely", 80, 95},
    {"almost certain", 95, 99},
};

const char *const cases_confidence_words[CASES_CONFIDENCES] = {"low", "moderate", "high"};

const char *cases_said(const struct catalogue *k, const char *table, const char *word)
{
    return catalogue_text_in(k, table, word);
}

int cases_word(const char *const *words, int n, struct bytes word)
{
    for (int i = 0; i < n; i++)
        if (bytes_are(word, words[i]))
            return i;
    return -1;
}
