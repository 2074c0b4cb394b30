/* timeline.c - a run as a picture: a lane for each program, the triggers, what happened when; see
 * report.h.
 *
 * The picture is cut where the lock is: the time before it and the time after it have half of the
 * width each, or the start would be a hair's breadth of a long run. Places are shares of the width,
 * so that the picture fits any screen and its texts keep their size.
 */
#include "html.h"
#include "report.h"

#include <string.h>

enum { LANES_MAX = 12, MOMENTS_MAX = 60, MOMENTS_OPEN = 24, HALF = 50, WHOLE = 100 };

static const double least_width = 0.4; /* percent: what can still be seen */

struct lane {
	const char *program;
	unsigned generation;
	struct span {
		uint64_t first, last, calls;
	} free, locked;
};

struct picture {
	FILE *page;
	const struct report *report;
	const struct run *run;
	struct moments moments;
	struct scenes owners; /* of lanes, at the same places */
	struct lane *lanes;
	size_t lane_count;
};

/* Percent of the width. */
static double place(const struct picture *picture, uint64_t at)
{
	uint64_t cut = picture->moments.cut, end = picture->moments.end;
	double whole = cut ? HALF : WHOLE;

	if (at >= end)
		return WHOLE;
	if (cut && at > cut)
		return HALF + HALF * (double)(at - cut) / (double)(end - cut);
	return whole * (double)at / (double)(cut ? cut : end);
}

/* --- lanes ------------------------------------------------------------------------------------ */

static struct lane *lane_of(struct picture *picture, const struct scene *scene)
{
	const struct scene owner = { .program = scene->program, .generation = scene->generation };
	uint32_t i = scenes_place(&picture->owners, &owner);

	if (i == picture->lane_count)
		*ARENA_PUSH(picture->report->arena, picture->lanes, picture->lane_count) =
			(struct lane){ .program = scene->program, .generation = scene->generation };
	return &picture->lanes[i];
}

static void widen(struct span *span, const struct run_sight *sight)
{
	if (!span->calls || sight->first < span->first)
		span->first = sight->first;
	if (sight->last > span->last)
		span->last = sight->last;
	span->calls += sight->count;
}

static void find_lanes(struct picture *picture)
{
	for (size_t i = 0; i < picture->run->sight_count; i++) {
		const struct run_sight *sight = &picture->run->sights[i];
		const struct scene *scene =
			&picture->report->model->scenes.list[sight->sighting->scene];
		struct lane *lane;

		if (sight->sighting->kind != SIGHT_CALL)
			continue;
		lane = lane_of(picture, scene);
		widen(scene->fired ? &lane->locked : &lane->free, sight);
	}
}

static void put_span(const struct picture *picture, const struct span *span, const char *kind,
		     double top)
{
	double from = place(picture, span->first ? span->first - 1 : 0);
	double width = place(picture, span->last) - from;

	if (!span->calls)
		return;
	if (width < least_width)
		width = least_width;
	if (from + width > WHOLE)
		from = WHOLE - width;
	put(picture->page,
	    "<rect class=\"%s\" x=\"%.2f%%\" width=\"%.2f%%\" y=\"%.2f%%\" height=\"30%%\" "
	    "rx=\"2\"/>",
	    kind, from, width, top);
}

/* Each kind has its own shape. */
static void put_mark(const struct picture *picture, const struct moment *moment)
{
	static const char *const shapes[] = {
		[MOMENT_TRIGGER] = "M-6-5h12l-6 10z",
		[MOMENT_SETUP] = "M-6 5h12l-6-10z",
		[MOMENT_DANGER] = "M0-6l6 6-6 6-6-6z",
		[MOMENT_PROCESS] = "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
	};

	put(picture->page,
	    "<svg x=\"%.2f%%\" y=\"50%%\" width=\"1\" height=\"1\"><path class=\"mark\" d=\"%s\">"
	    "<title>%s (call %llu)</title></path></svg>",
	    place(picture, moment->at), shapes[moment->kind], moment->what,
	    (unsigned long long)moment->at);
}

static void put_calls(const struct picture *picture, const char *before, const struct span *span)
{
	if (span->calls)
		put(picture->page, "%s%llu", before, (unsigned long long)span->calls);
}

static void put_lane(const struct picture *picture, const struct lane *lane)
{
	const char *who = report_who(picture->report->arena, lane->program, lane->generation);

	put(picture->page, "<div class=\"lane\"><b class=\"mono\">%s</b>", who);
	put_calls(picture, ", calls not locked: ", &lane->free);
	put_calls(picture, ", calls under the lock: ", &lane->locked);
	put(picture->page, "<svg aria-hidden=\"true\">");
	put_span(picture, &lane->free, "free", 4);
	put_span(picture, &lane->locked, "locked", 66);
	if (picture->moments.cut)
		put(picture->page,
		    "<line class=\"cut\" x1=\"50%%\" x2=\"50%%\" y1=\"0\" y2=\"100%%\"/>");
	for (size_t i = 0; i < picture->moments.count && i < MOMENTS_MAX; i++)
		if (!strcmp(picture->moments.list[i].who, who))
			put_mark(picture, &picture->moments.list[i]);
	put(picture->page, "</svg></div>\n");
}

static void put_lanes(const struct picture *picture)
{
	for (size_t i = 0; i < picture->lane_count && i < LANES_MAX; i++)
		put_lane(picture, &picture->lanes[i]);
	if (picture->lane_count <= LANES_MAX)
		return;
	put(picture->page, "<p class=\"about\">and");
	for (size_t i = LANES_MAX; i < picture->lane_count; i++)
		put(picture->page, " <code>%s</code>",
		    report_who(picture->report->arena, picture->lanes[i].program,
			       picture->lanes[i].generation));
	put(picture->page, "</p>\n");
}

/* --- what stands around them ------------------------------------------------------------------ */

static void put_within(const struct picture *picture, uint64_t calls)
{
	double seconds = report_seconds(picture->run, calls);

	if (seconds >= 0)
		put(picture->page, "within %.2f s", seconds);
}

static void put_halves(const struct picture *picture)
{
	uint64_t cut = picture->moments.cut, end = picture->moments.end;

	put(picture->page, "<div class=\"halves\"><div><b>%s</b>%llu calls ",
	    cut ? "Before the trigger" : "No trigger was met",
	    (unsigned long long)(cut ? cut : end));
	put_within(picture, cut ? cut : end);
	if (cut) {
		put(picture->page, "</div><div><b>After it</b>%llu calls ",
		    (unsigned long long)(end - cut));
		put_within(picture, end);
	}
	put(picture->page, "</div></div>\n");
}

static void put_key(FILE *page)
{
	put(page,
	    "<ul class=\"key\">"
	    "<li><svg aria-hidden=\"true\"><rect class=\"free\" width=\"100%%\" "
	    "height=\"100%%\"/></svg>not locked (hatched, above)</li>"
	    "<li><svg aria-hidden=\"true\"><rect class=\"locked\" width=\"100%%\" "
	    "height=\"100%%\"/></svg>under the lock (plain, below)</li>"
	    "<li>&#9660; trigger</li><li>&#9650; sets up</li>"
	    "<li>&#9670; dangerous, or starts a program</li><li>&#9679; new process</li></ul>\n");
}

static void put_moment(const struct picture *picture, const struct moment *moment)
{
	static const char *const signs[] = {
		[MOMENT_TRIGGER] = "\u25bc",
		[MOMENT_SETUP] = "\u25b2",
		[MOMENT_DANGER] = "\u25c6",
		[MOMENT_PROCESS] = "\u25cf",
	};

	put(picture->page, "<tr><td class=\"number\">%llu</td><td class=\"number\">",
	    (unsigned long long)moment->at);
	if (report_seconds(picture->run, moment->at) >= 0)
		put(picture->page, "%.2f s", report_seconds(picture->run, moment->at));
	put(picture->page,
	    "</td><td class=\"mono nowrap\">%s</td><td><span aria-hidden=\"true\">%s</span> "
	    "<code>%s</code></td><td class=\"quiet\">%s</td></tr>\n",
	    moment->who, signs[moment->kind], moment->what, moment->detail);
}

static void put_moments(const struct picture *picture)
{
	const struct moments *moments = &picture->moments;
	size_t shown = moments->count < MOMENTS_MAX ? moments->count : MOMENTS_MAX;

	if (!shown)
		return;
	put(picture->page,
	    "<details%s><summary>What happened when (%zu)</summary>\n<div class=\"scroll tall\" "
	    "role=\"region\" aria-label=\"What happened when\" tabindex=\"0\"><table><thead><tr>"
	    "<th scope=\"col\" class=\"number\">Call</th><th scope=\"col\" "
	    "class=\"number\">Within</th><th scope=\"col\">Who</th><th scope=\"col\">What</th>"
	    "<th scope=\"col\">Why it is here</th></tr></thead><tbody>\n",
	    shown <= MOMENTS_OPEN ? " open" : "", shown);
	for (size_t i = 0; i < shown; i++)
		put_moment(picture, &moments->list[i]);
	put(picture->page, "</tbody></table></div>\n");
	if (shown < moments->count)
		put(picture->page, "<p class=\"about\">The first %zu of %zu.</p>\n", shown,
		    moments->count);
	put(picture->page, "</details>\n");
}

void report_timeline(FILE *page, const struct report *report, size_t run)
{
	struct picture picture = { .page = page,
				   .report = report,
				   .run = &report->model->runs[run],
				   .moments = report_moments(report, run) };

	scenes_begin(&picture.owners, report->arena);
	find_lanes(&picture);
	put(page, "<div class=\"lanes\">\n");
	put_halves(&picture);
	put_lanes(&picture);
	put_key(page);
	put(page, "</div>\n");
	put_moments(&picture);
}
