/* Bars as SVG: lengths in whole units of the picture, so that every node draws the same bytes. Each
 * picture shows numbers of the tables below it and no others. Colours are those of Okabe and Ito,
 * which people tell apart whatever their eyes; the numbers stand beside the bars in any case. */
#include "base/catalogue.h"
#include "cases/review_html_impl.h"

#define WIDTH 760
#define LEFT 330 /* where bars begin */
#define BAR 340  /* the longest */
#define STEP 24

struct part {
    uint64_t n;
    const char *colour;
};

struct bar {
    const char *label;
    struct part part[4];
};

struct plot {
    struct bar *bar;
    uint32_t n, cap;
    const char *says[4];    /* legend */
    const char *colours[4]; /* NULL ends */
};

static void add_bar(struct page *p, struct plot *g, const char *label, const uint64_t n[4])
{
    struct bar *b;

    if (!array_room(p->b.arena, (void **)&g->bar, &g->cap, g->n, sizeof *g->bar, &p->b.e))
        return;
    b = &g->bar[g->n++];
    b->label = label;
    for (int i = 0; i < 4; i++)
        b->part[i] = (struct part){g->colours[i] ? n[i] : 0, g->colours[i]};
}

static uint64_t longest(const struct plot *g)
{
    uint64_t most = 1;

    for (uint32_t i = 0; i < g->n; i++) {
        uint64_t sum = 0;
        for (int k = 0; k < 4; k++)
            sum += g->bar[i].part[k].n;
        most = sum > most ? sum : most;
    }
    return most;
}

static void put_legend(struct page *p, const struct plot *g)
{
    unsigned x = 0;

    for (int i = 0; i < 4 && g->colours[i]; i++) {
        buf_format(&p->b,
                   "<rect x=\"%u\" y=\"2\" width=\"12\" height=\"12\" fill=\"%s\"/>"
                   "<text x=\"%u\" y=\"12\">",
                   x, g->colours[i], x + 17);
        html_string(p, catalogue_text(p->words, g->says[i]));
        buf_puts(&p->b, "</text>\n");
        x += WIDTH / 4;
    }
}

static void put_bar(struct page *p, const struct bar *b, unsigned y, uint64_t most)
{
    unsigned x = LEFT;

    buf_format(&p->b, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">", LEFT - 8, y + 13);
    html_string(p, b->label);
    buf_puts(&p->b, "</text>\n");
    for (int i = 0; i < 4; i++) {
        unsigned wide = (unsigned)(b->part[i].n * BAR / most);
        if (b->part[i].n && !wide)
            wide = 1;
        if (!wide)
            continue;
        buf_format(&p->b, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"16\" fill=\"%s\"/>\n", x,
                   y, wide, b->part[i].colour);
        x += wide;
    }
    buf_format(&p->b, "<text x=\"%u\" y=\"%u\">", x + 6, y + 13);
    for (int i = 0; i < 4 && b->part[i].colour; i++)
        buf_format(&p->b, "%s%llu", i ? " · " : "", (unsigned long long)b->part[i].n);
    buf_puts(&p->b, "</text>\n");
}

static void put_plot(struct page *p, const char *title, const struct plot *g)
{
    uint64_t most = longest(g);
    unsigned high = 28 + STEP * g->n;

    buf_puts(&p->b, "<h3>");
    html_string(p, title);
    buf_format(&p->b,
               "</h3>\n<svg viewBox=\"0 0 %d %u\" width=\"%d\" height=\"%u\" role=\"img\">\n",
               WIDTH, high, WIDTH, high);
    put_legend(p, g);
    for (uint32_t i = 0; i < g->n; i++)
        put_bar(p, &g->bar[i], 24 + STEP * i, most);
    buf_puts(&p->b, "</svg>\n");
}

/* Of rows of one section: parts are sums of metrics of theirs. */
static void plot_rows(struct page *p, const char *title, struct plot *g, uint8_t section,
                      const int metric[4][3])
{
    for (uint32_t i = 0; i < p->v->rows_n; i++) {
        const struct row *r = p->v->rows[i];
        uint64_t n[4] = {0};
        if (r->key.drill || r->key.section != section)
            continue;
        for (int k = 0; k < 4; k++)
            for (int m = 0; m < 3; m++)
                n[k] += metric[k][m] >= 0 ? r->count[metric[k][m]] : 0;
        if (!row_is_zero(r) || row_is_total(&r->key))
            add_bar(p, g, row_title(&p->b, p->words, p->v, r), n);
    }
    if (g->n)
        put_plot(p, title, g);
}

static void plot_balance(struct page *p)
{
    static const char *const colours[] = {"#0072b2", "#e69f00", "#009e73", "#cc79a7"};
    struct columns c = columns_of(p->v, false);
    struct plot g = {0};

    for (size_t i = 0; i < c.n && i < 4; i++) {
        g.says[i] = said_party(&p->b, NULL, review_terms(p->v), c.party[i]);
        g.colours[i] = colours[i];
    }
    for (unsigned m = 0; m < section_forms[SECTION_BALANCE].n; m++) {
        uint64_t n[4] = {0};
        for (size_t i = 0; i < c.n && i < 4; i++) {
            const struct row *r = balance_row(p->v, c.party[i], false);
            n[i] = r ? r->count[m] : 0;
        }
        add_bar(p, &g, catalogue_text(p->words, section_forms[SECTION_BALANCE].metrics[m].says), n);
    }
    for (size_t k = 0; k < p->v->others_n; k++) {
        uint64_t n[4] = {0};
        if (!counter_is_first(p->v, k))
            continue;
        for (size_t j = k; j < p->v->others_n; j++)
            for (size_t i = 0; i < c.n && i < 4; i++)
                if (p->v->others[j].party == c.party[i] &&
                    !strcmp(p->v->others[j].name, p->v->others[k].name))
                    n[i] += p->v->others[j].n;
        add_bar(p, &g, catalogue_text(p->words, counter_says(p->v->others[k].name)), n);
    }
    put_plot(p, catalogue_text(p->words, "Given and got, by party"), &g);
}

void put_plots(struct page *p)
{
    static const int timely[4][3] = {{REVIEW_T_KEPT, -1, -1},
                                     {REVIEW_T_LATE, -1, -1},
                                     {REVIEW_T_OVERDUE, REVIEW_T_LAPSED, -1},
                                     {-1, -1, -1}};
    static const int items[4][3] = {{REVIEW_Q_ANSWERED, -1, -1},
                                    {REVIEW_Q_NOT_HELD, -1, -1},
                                    {REVIEW_Q_REFUSED, -1, -1},
                                    {REVIEW_Q_OPEN, -1, -1}};
    struct plot a = {.says = {N_("final in time"), N_("final late"), N_("overdue or lapsed")},
                     .colours = {"#0072b2", "#e69f00", "#d55e00"}},
                b = {.says = {N_("answered"), N_("not held"), N_("refused"), N_("left open")},
                     .colours = {"#0072b2", "#56b4e9", "#d55e00", "#999999"}};

    plot_rows(p, catalogue_text(p->words, "Timeliness, by type and urgency"), &a,
              SECTION_TIMELINESS, timely);
    plot_rows(p, catalogue_text(p->words, "What became of the items that were asked for"), &b,
              SECTION_QUALITY, items);
    plot_balance(p);
}
