/* pieces.c - what the sections of a page are made of; see pieces.h. */
#include "pieces.h"

#include "html.h"

bool has_lock(const struct report *report)
{
	return report->tally.last != 0;
}

bool has_phases(const struct report *report)
{
	return (report->tally.met & (report->tally.met - 1)) != 0;
}

/* The columns of counts that anything is in: before any trigger, and the phases. */
static unsigned columns_of(const struct report *report)
{
	return report->model->phase_count + 1;
}

static const char *column_name(const struct report *report, unsigned column)
{
	return column ? arena_printf(report->arena, "Locked: %s", report->model->phases[column - 1])
		      : "Not locked";
}

void put_count(FILE *page, uint64_t count)
{
	if (count)
		put(page, "<td class=\"number\">%llu</td>", (unsigned long long)count);
	else
		put(page, "<td class=\"number none\">0</td>");
}

void put_counts(FILE *page, const struct report *report, const uint64_t *counts)
{
	for (unsigned i = 0; i < columns_of(report); i++)
		put_count(page, counts[i]);
}

void put_count_heads(FILE *page, const struct report *report)
{
	for (unsigned i = 0; i < columns_of(report); i++)
		put(page, "<th scope=\"col\" class=\"number\">%s</th>", column_name(report, i));
}

void begin_table(FILE *page, const char *label, bool is_tall)
{
	put(page,
	    "<div class=\"scroll%s\" role=\"region\" aria-label=\"%s\" tabindex=\"0\"><table>"
	    "<thead><tr>",
	    is_tall ? " tall" : "", label);
}

void put_head(FILE *page, const char *title)
{
	put(page, "<th scope=\"col\">%s</th>", title);
}

void begin_rows(FILE *page)
{
	put(page, "</tr></thead><tbody>\n");
}

void end_table(FILE *page)
{
	put(page, "</tbody></table></div>\n");
}
