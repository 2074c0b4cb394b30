/* debugfile.c - the separate debug file of a stripped object.
 *
 * What it does: looks where gdb(1) looks, first by the object's build-id, then by the name that
 * its .gnu_debuglink gives.
 * What it must not do: take a file that was made for another build of the object: its build-id
 * must be the same, or its checksum the one that the link has. Symbols of another build would
 * lead to a wrong place in the code.
 *
 * Contract: any; not by two threads at once. sandboxctl has this object too.
 */
#include "trigger/debugfile.h"

#include "raw.h"
#include "report/line.h"
#include "trigger/elffile.h"

#define DEBUG_ROOT   "/usr/lib/debug"
#define BUILD_ID_MIN 2u
#define BUILD_ID_MAX 64u

/* What the debug file must be: `link.at` is NULL where it is looked for by build-id. */
struct sought {
	struct elf_bytes id, link;
	uint32_t checksum; /* of the link */
};

/* --- checks ----------------------------------------------------------------------------------- */

/* CRC-32 as in zlib and gdb's documentation: reflected, polynomial 0xedb88320. */
static uint32_t checksum_of(const struct elf_file *file)
{
	uint32_t table[256], sum = ~0u;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
	}
	for (uint64_t i = 0; i < file->size; i++)
		sum = table[(sum ^ file->bytes[i]) & 0xff] ^ sum >> 8;
	return ~sum;
}

static bool same_bytes(struct elf_bytes a, struct elf_bytes b)
{
	bool same = a.size == b.size;

	for (uint64_t i = 0; same && i < a.size; i++)
		same = a.at[i] == b.at[i];
	return same;
}

/* Why `file` is not what is sought, or NULL. */
static const char *why_not(const struct elf_file *file, const struct sought *sought)
{
	struct elf_bytes id = elf_build_id(file);

	if (!sought->link.at)
		return same_bytes(id, sought->id) ? NULL : "it has another build-id";
	if (id.at && sought->id.at && !same_bytes(id, sought->id))
		return "it has another build-id";
	return checksum_of(file) == sought->checksum ? NULL : "it has another checksum";
}

/* --- places ----------------------------------------------------------------------------------- */

static void note(struct line *tried, const char *path, const char *why)
{
	if (tried->length)
		line_text(tried, ", ");
	line_text(tried, path);
	if (why) {
		line_text(tried, " (");
		line_text(tried, why);
		line_char(tried, ')');
	}
}

static bool try_path(struct elf_file *debug, struct line *path, const struct sought *sought,
		     struct line *tried)
{
	const char *why = NULL;

	if (path->length == LINE_SIZE - 1)
		return false; /* it was cut */
	path->text[path->length] = '\0';
	if (elf_open(debug, path->text)) {
		why = why_not(debug, sought);
		if (!why)
			return true;
		elf_close(debug);
	}
	note(tried, path->text, why);
	return false;
}

static void line_bytes(struct line *line, const char *text, uint64_t length)
{
	while (length--)
		line_char(line, *text++);
}

static bool try_build_id(struct elf_file *debug, const struct sought *sought, struct line *tried)
{
	static struct line path;
	struct elf_bytes id = sought->id;

	if (!id.at || id.size < BUILD_ID_MIN || id.size > BUILD_ID_MAX)
		return false;
	path.length = 0;
	line_text(&path, DEBUG_ROOT "/.build-id/");
	for (uint64_t i = 0; i < id.size; i++) {
		line_char(&path, "0123456789abcdef"[id.at[i] >> 4]);
		line_char(&path, "0123456789abcdef"[id.at[i] & 15]);
		if (i == 0)
			line_char(&path, '/');
	}
	line_text(&path, ".debug");
	return try_path(debug, &path, sought, tried);
}

/* The name in .gnu_debuglink ends with a NUL and is padded to 4 bytes; the checksum follows. */
static bool read_link(struct elf_bytes section, struct sought *sought)
{
	uint64_t length = 0, at;

	while (length < section.size && section.at[length] && section.at[length] != '/')
		length++;
	at = (length + 4) & ~3ull;
	if (!length || length == section.size || section.at[length] || at > section.size ||
	    section.size - at < sizeof(sought->checksum))
		return false;
	sought->link = (struct elf_bytes){ section.at, length };
	bytes_copy(&sought->checksum, section.at + at, sizeof(sought->checksum));
	return true;
}

/* In the object's directory, its .debug, and its like under /usr/lib/debug. */
static bool try_link(struct elf_file *debug, const char *path, const struct sought *sought,
		     struct line *tried)
{
	static const struct {
		const char *before, *behind;
	} places[] = { { "", "" }, { "", ".debug/" }, { DEBUG_ROOT, "" } };
	static struct line place;
	uint64_t directory = (uint64_t)(text_basename(path) - path); /* with its slash */

	for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (*places[i].before && *path != '/')
			continue;
		place.length = 0;
		line_text(&place, places[i].before);
		line_bytes(&place, path, directory);
		line_text(&place, places[i].behind);
		line_bytes(&place, (const char *)sought->link.at, sought->link.size);
		if (try_path(debug, &place, sought, tried))
			return true;
	}
	return false;
}

bool debugfile_open(struct elf_file *debug, const struct elf_file *object, const char *path,
		    struct line *tried)
{
	struct sought sought = { .id = elf_build_id(object) };

	if (try_build_id(debug, &sought, tried))
		return true;
	return read_link(elf_section(object, ".gnu_debuglink"), &sought) &&
	       try_link(debug, path, &sought, tried);
}
