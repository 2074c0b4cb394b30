/* page_places.c - the sections about files and addresses; see pieces.h. */
#include "html.h"
#include "pieces.h"

enum { PLACES_OPEN = 40 }; /* a longer list is folded */

static void put_place(FILE *page, const struct report *report, const struct tally_place *place,
		      bool is_file)
{
	const char *missing = place->found ? "at times" : "missing";

	put(page, "<tr><th scope=\"row\" class=\"path mono\">%s</th><td>%s</td>", place->what,
	    place->use);
	put_counts(page, report, place->counts);
	if (is_file)
		put(page, "<td class=\"nowrap\">%s</td>", place->missing ? missing : "");
	put(page, "</tr>\n");
}

static void put_places(FILE *page, const struct report *report, const char *label,
		       const struct tally_place *places, size_t count, bool is_left, bool is_file)
{
	begin_table(page, label, true);
	put_head(page, is_file ? "File" : "Address");
	put_head(page, "Use");
	put_count_heads(page, report);
	if (is_file)
		put_head(page, "Not there");
	begin_rows(page);
	for (size_t i = 0; i < count; i++)
		if (places[i].is_left == is_left)
			put_place(page, report, &places[i], is_file);
	end_table(page);
}

static void put_group(FILE *page, const struct report *report, const char *title,
		      const struct tally_place *places, size_t count, bool is_left, bool is_file)
{
	size_t shown = 0;

	for (size_t i = 0; i < count; i++)
		shown += places[i].is_left == is_left;
	if (!shown) {
		put(page, "<h3>%s: none</h3>\n", title);
		return;
	}
	put(page, "<details%s><summary><h3>%s (%zu)</h3></summary>\n",
	    is_left || shown <= PLACES_OPEN ? " open" : "", title, shown);
	put_places(page, report, title, places, count, is_left, is_file);
	put(page, "</details>\n");
}

static void put_both(FILE *page, const struct report *report, const char *what,
		     const struct tally_place *places, size_t count, bool is_file)
{
	if (has_lock(report))
		put_group(page, report, arena_printf(report->arena, "%s under the lock", what),
			  places, count, true, is_file);
	put_group(page, report,
		  has_lock(report) ? arena_printf(report->arena, "%s outside the lock only", what)
				   : what,
		  places, count, false, is_file);
}

void put_files(FILE *page, const struct report *report)
{
	put(page,
	    "<p class=\"about\">With all links followed. <b>look</b>: stat, access, readlink and "
	    "their kin; <b>make</b>: opened with O_CREAT; <b>create</b>: what changes a directory, "
	    "such as mkdir, rename and unlink.</p>\n");
	put_both(page, report, "Files", report->tally.files, report->tally.file_count, true);
}

void put_addresses(FILE *page, const struct report *report)
{
	put(page, "<p class=\"about\">What bind and connect named.</p>\n");
	put_both(page, report, "Addresses", report->tally.addresses, report->tally.address_count,
		 false);
}
