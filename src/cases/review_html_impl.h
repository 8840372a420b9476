/* What review_html.c (tables) and review_plot.c (bars) share. */
#ifndef ENTENTE_CASES_REVIEW_HTML_IMPL_H
#define ENTENTE_CASES_REVIEW_HTML_IMPL_H

#include "cases/review_impl.h"

struct page {
    struct buf b;
    const struct catalogue *words;
    const struct cases_review *v;
    struct behind { /* cells that the appendix explains, in the order of their numbers */
        struct row_key key;
        const char *metric;
        struct reasons why;
    } * behind;
    uint32_t behind_n, behind_cap;
};

/* Escaped for a terminal and for HTML. */
void html_text(struct page *p, struct bytes text);
void html_string(struct page *p, const char *text);
void put_plots(struct page *p);

#endif
