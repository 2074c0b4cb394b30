/* list.c - sandboxctl list: the policies that can be named, in the order of the search path. */
#include "options.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"usage: sandboxctl list [--json]\n"
	"\n"
	"The policies of the search path, first come first: $SANDBOX_POLICY_PATH, your own in\n"
	"~/.config/libsandbox/policies, /etc/libsandbox/policies, the built-in ones.\n"
	"\n"
	"  -j, --json   for other programs\n";

struct entry {
	const char *name, *path, *about, *programs;
};

struct list {
	struct session *session;
	struct entry *entries;
	size_t count;
};

static bool is_listed(const struct list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->entries[i].name, name))
			return true;
	return false;
}

/* Only the lines at the top are wanted: a policy with mistakes is listed too. */
static void read_entry(struct session *session, struct entry *entry)
{
	struct diagnostics ignored = { .arena = &session->arena };
	const char *why = NULL;
	const struct source *source = files_policy(&session->files, entry->path, &why);
	const struct syntax *syntax;

	entry->about = why ? arena_printf(&session->arena, "(%s)", why) : "";
	entry->programs = "";
	if (!source)
		return;
	syntax = parse_policy(&session->arena, &ignored, source);
	for (size_t i = 0; i < syntax->count; i++) {
		const struct statement *statement = &syntax->list[i];

		if (statement->kind == STATEMENT_ABOUT)
			entry->about = statement->text;
		for (size_t j = 0;
		     statement->kind == STATEMENT_PROGRAM && j < statement->words.count; j++)
			entry->programs = arena_printf(&session->arena, "%s%s%s", entry->programs,
						       *entry->programs ? " " : "",
						       statement->words.list[j].text);
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void add_directory(struct list *list, const char *directory)
{
	struct arena *arena = &list->session->arena;
	DIR *stream = opendir(directory);
	struct dirent *file;
	size_t first = list->count;

	while (stream && (file = readdir(stream))) {
		size_t length = strlen(file->d_name);
		struct entry entry;

		if (length <= 7 || file->d_name[0] == '.' ||
		    strcmp(file->d_name + length - 7, ".policy"))
			continue;
		entry.name = arena_strndup(arena, file->d_name, length - 7);
		entry.path = arena_printf(arena, "%s/%s", directory, file->d_name);
		if (is_listed(list, entry.name))
			continue;
		read_entry(list->session, &entry);
		*ARENA_PUSH(arena, list->entries, list->count) = entry;
	}
	if (stream)
		closedir(stream);
	if (list->count > first)
		qsort(list->entries + first, list->count - first, sizeof(list->entries[0]),
		      compare_names);
}

static void print_json(const struct list *list)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct entry *entry = &list->entries[i];
		json_t *row = json_object();

		json_object_set_new(row, "name", json_string(entry->name));
		json_object_set_new(row, "about", json_string(entry->about));
		json_object_set_new(row, "program", json_string(entry->programs));
		json_object_set_new(row, "path", json_string(entry->path));
		json_array_append_new(rows, row);
	}
	json_dumpf(rows, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(rows);
}

static void print_text(const struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct entry *entry = &list->entries[i];

		printf("%-16s %s\n", entry->name, entry->about);
		if (*entry->programs)
			printf("%-16s   program %s\n", "", entry->programs);
		printf("%-16s   %s\n", "", entry->path);
	}
}

int list_main(int argc, char **argv)
{
	bool json = false;
	const struct command command = {
		.name = "list",
		.help = help,
		.options = { { 'j', "json", .flag = &json } },
		.arguments = { 0, 0, "no argument is expected" },
	};
	struct session session;
	struct list list = { .session = &session };
	int result = read_options(&command, &argc, &argv);

	if (result >= 0)
		return result;
	session_begin(&session);
	for (size_t i = 0; i < session.files.directory_count; i++)
		add_directory(&list, session.files.directories[i]);
	if (json)
		print_json(&list);
	else
		print_text(&list);
	session_end(&session);
	return EXIT_GOOD;
}
