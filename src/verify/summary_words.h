/* The words of summary.html in English and Chinese, equal in rank. HTML-safe as they stand. */
#ifndef ENTENTE_VERIFY_SUMMARY_WORDS_H
#define ENTENTE_VERIFY_SUMMARY_WORDS_H

#include "cases/words.h"

struct two {
    const char *en, *zh;
};

#define W(name, en, zh) static const struct two w_##name = {en, zh}

W(title, "Dossier", "卷宗");
W(not_evidence,
  "This page says what is in the dossier. It is not evidence by itself: README.txt says how the "
  "files beside it are checked, with this program or without it. What is written here is what the "
  "parties said; this program takes no side.",
  "本页说明卷宗的内容，其本身不是证据：同目录的 README.txt "
  "说明如何核验所附文件，用不用本程序均可。此处所载是各方的陈述，本程序不持立场。");
W(agreement, "Agreement", "协议");
W(version, "Version, SHA-256", "版本及其 SHA-256");
W(exporter, "Made by, at, with", "制作方、时间、程序");
W(as_of, "States as of", "状态截至");
W(parties, "Parties", "当事方");
W(party, "Party", "当事方");
W(name, "Name", "名称");
W(fingerprint, "Fingerprint of its key", "密钥指纹");
W(compare,
  "Anybody can make a dossier of invented parties. Compare the fingerprints with the parties "
  "themselves, by a way that you trust.",
  "任何人都能编造当事方并制作卷宗。请通过可信的途径向当事方本人核对指纹。");
W(cases, "Cases", "案件");
W(request, "Request", "请求");
W(claim, "Claim", "主张");
W(matter, "Matter", "事项");
W(from_to, "From, to", "由、致");
W(state, "State", "状态");
W(overdue, "overdue", "已逾期");
W(delivered, "Delivered", "送达");
W(ack_due, "Acknowledgement due", "应确认收到的时限");
W(final_due, "Final answer due", "应最终答复的时限");
W(answered_at, "Answered", "答复时间");
W(refused_at, "Refused", "拒绝时间");
W(ground, "Ground of refusal", "拒绝理由");
W(likelihood, "Likelihood, as the claimant puts it", "主张方所述的可能性");
W(confidence, "Confidence, as the claimant puts it", "主张方所述的把握");
W(reply, "Reply", "回应");
W(no_reply, "none so far; silence admits nothing", "尚无；沉默不等于承认");
W(open, "Open disputes", "未决争议");
W(acts, "Acts", "行为");
W(bracket,
  "Each act was said between the two times in its row: after the last signature of another party "
  "that does not cover it, and before the first one that does. The time that its author claims "
  "decides nothing.",
  "每项行为都发生在其所在行的两个时间之间：晚于他方最后一次未涵盖它的签署，早于他方第一次涵盖它的签"
  "署。行"
  "为人自称的时间不作依据。");
W(act, "Act", "行为");
W(kind, "Kind", "种类");
W(signed, "Signed", "已签署");
W(in_log, "In the log", "在日志中");
W(after, "Not before", "不早于");
W(before, "Not after", "不晚于");
W(claimed, "Claimed", "自称时间");
W(yes, "yes", "是");
W(no, "no", "否");
W(doubt, "in doubt: the key was revoked", "存疑：密钥已被撤销");
W(unknown, "not known", "不详");
W(contradicted, "The claimed time lies outside the interval, and the interval counts.",
  "自称时间不在该区间内，以区间为准。");
W(payload_withheld, "content withheld", "内容未披露");
W(withheld, "Withheld: proved by hash, not shown", "未披露的内容：以哈希值证明，不予展示");
W(hidden, "Entries of the logs that are not shown", "未展示的日志条目");
W(hidden_why,
  "Whoever made the dossier says that these entries are of other matters, or not for it to show. "
  "That they exist, and when, is proved; what they say is not known.",
  "制作方称这些条目属于其他事项，或无权展示。条目的存在与时间已得到证明，其内容不详。");
W(nothing, "None.", "无。");
W(limits, "What is not established", "本卷宗不能证明的事项");

#define W_LIMITS 5
static const struct two w_limit[W_LIMITS] = {
    {"Whether what anybody said is true, complete or fair.",
     "任何一方的陈述是否真实、完整、公正。"},
    {"Whose fault anything was. A state such as &ldquo;overdue&rdquo; is arithmetic on the "
     "agreement "
     "and on signed times.",
     "任何事情是谁的过错。“已逾期”等状态只是依据协议和已签署时间的计算结果。"},
    {"That silence means anything: nobody can prove that something was not received or not read.",
     "沉默意味着什么：没有人能证明某事未被收到或未被阅读。"},
    {"What was said outside the logs, and what the entries that are not shown say.",
     "日志之外说过什么，以及未展示的条目说了什么。"},
    {"The exact time of anything: an interval is as narrow as the signatures around it, and as "
     "honest "
     "as those who gave their times.",
     "任何事情的确切时间：区间的宽窄取决于前后的签署，其可信程度取决于给出时间的各方。"},
};

static const struct two w_states[CASES_STATES] = {
    [CASES_SENT] = {"sent", "已发出"},
    [CASES_DELIVERED] = {"delivered", "已送达"},
    [CASES_OPEN] = {"open", "处理中"},
    [CASES_WAITING] = {"waiting for a clarification", "等待澄清"},
    [CASES_PARTLY] = {"partly answered", "部分答复"},
    [CASES_PART_REFUSED] = {"refused in part", "部分拒绝"},
    [CASES_ANSWERED] = {"answered", "已答复"},
    [CASES_REFUSED] = {"refused", "已拒绝"},
    [CASES_CONTESTED] = {"contested", "有异议"},
    [CASES_ESCALATED] = {"escalated", "已升级"},
    [CASES_CLOSED] = {"closed", "已结案"},
    [CASES_WITHDRAWN] = {"withdrawn", "已撤回"},
    [CASES_LAPSED] = {"lapsed", "已失效"},
    [CASES_VOID] = {"void under the agreement", "依协议无效"},
};

static const struct two w_claim_states[CASES_CLAIM_STATES] = {
    [CASES_LODGED] = {"lodged", "已提出"},
    [CASES_ACKNOWLEDGED] = {"acknowledged", "已确认收到"},
    [CASES_REPLIED] = {"replied to", "已回应"},
    [CASES_FOUND] = {"jointly found", "已共同认定"},
    [CASES_WITH_ARBITER] = {"with the arbiter", "提交仲裁"},
    [CASES_RULED] = {"ruled on", "已裁决"},
    [CASES_SETTLED] = {"settled", "已和解"},
    [CASES_CLAIM_WITHDRAWN] = {"withdrawn", "已撤回"},
    [CASES_CLOSED_DISAGREED] = {"closed in disagreement", "各执己见而结"},
    [CASES_CLAIM_VOID] = {"void under the agreement", "依协议无效"},
};

static const struct two w_grounds[CASES_GROUNDS] = {
    [CASES_SOVEREIGNTY_SECURITY] = {"sovereignty or security", "主权或安全"},
    [CASES_PUBLIC_ORDER] = {"public order", "公共秩序"},
    [CASES_ONGOING_CASE] = {"ongoing case", "案件正在办理"},
    [CASES_NOT_HELD_GROUND] = {"not held", "不持有"},
    [CASES_NO_LEGAL_POWER] = {"no legal power", "无法定权限"},
    [CASES_AUTHORISATION_DENIED] = {"authorisation denied", "未获批准"},
    [CASES_PRIVILEGE_IMMUNITY] = {"privilege or immunity", "特权或豁免"},
    [CASES_FUNDAMENTAL_RIGHTS] = {"fundamental rights", "基本权利"},
    [CASES_THIRD_PARTY_ORIGIN] = {"origin with a third party", "来源于第三方"},
    [CASES_DISPROPORTIONATE] = {"disproportionate", "不相称"},
    [CASES_OUT_OF_SCOPE] = {"out of scope", "超出范围"},
    [CASES_MALFORMED] = {"malformed", "格式有误"},
    [CASES_QUOTA] = {"quota", "配额"},
    [CASES_CONFLICT_OF_LAW] = {"conflict of law", "法律冲突"},
    [CASES_DUPLICATE] = {"duplicate", "重复"},
};

static const struct two w_replies[CASES_REPLIES] = {
    [CASES_ADMIT] = {"admits", "承认"},
    [CASES_ADMIT_IN_PART] = {"admits in part", "部分承认"},
    [CASES_DENY] = {"denies", "否认"},
    [CASES_NO_KNOWLEDGE] = {"has no knowledge", "不知情"},
    [CASES_NEED_EVIDENCE] = {"asks for evidence", "要求提供证据"},
    [CASES_THIRD_PARTY] = {"points to a third party", "称系第三方所为"},
};

static const struct two w_likelihoods[CASES_LIKELIHOODS] = {
    {"almost no chance", "几乎不可能"},
    {"very unlikely", "很不可能"},
    {"unlikely", "不太可能"},
    {"roughly even chance", "可能性约半"},
    {"likely", "可能"},
    {"very likely", "很可能"},
    {"almost certain", "几乎肯定"},
};

static const struct two w_confidences[CASES_CONFIDENCES] = {
    {"low", "低"}, {"moderate", "中"}, {"high", "高"}};

#undef W
#endif
