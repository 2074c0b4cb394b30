/* compile.c - sandboxctl compile: write the .policyc file that libsandbox.so loads. */
#include "beside.h"
#include "options.h"
#include "save.h"

#include "policy/write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"usage: sandboxctl compile [OPTIONS] POLICY...\n"
	"\n"
	"Writes NAME.policyc beside each NAME.policy, after proving that its filters do what the\n"
	"text says. POLICY is a path or a name on the search path.\n"
	"\n"
	"  -o, --output FILE    write there; - is standard output (one POLICY only)\n"
	"  -a, --arch ARCH      for x86_64 or aarch64 (this machine's)\n"
	"  -t, --trigger TEXT   replace the triggers of the last phase: 'call aeMain'\n"
	"  -c, --check-owner    refuse texts that others than root and this user could have "
	"written\n"
	"                       (the library asks so when it compiles on the way)\n";

struct options {
	const char *output, *trigger;
	enum arch arch;
	bool check_owner;
};

static bool compile(struct session *session, const char *name, const struct options *options)
{
	const struct source *source, *trigger = NULL;
	bool to_stdout = options->output && !strcmp(options->output, "-");
	struct compiled compiled;
	struct image image;
	const char *path;

	session->files.check_owner = options->check_owner;
	source = session_policy(session, name);
	if (!source)
		return false;
	if (options->trigger)
		trigger = text_source(&session->arena, "<SANDBOX_TRIGGER>", options->trigger);
	path = options->output && !to_stdout ? options->output : beside_path(session, source);
	if (!build_policy(&session->context, source, options->arch, trigger, &compiled) ||
	    !make_image(&session->context, &compiled,
			beside_directory(session, to_stdout ? source->path : path), &image)) {
		session_report(session);
		return false;
	}
	if (!to_stdout)
		return save_file(&session->arena, path, image.bytes, image.size);
	if (write_all(STDOUT_FILENO, image.bytes, image.size))
		return true;
	complain("standard output: %s", strerror(errno));
	return false;
}

int compile_main(int argc, char **argv)
{
	struct options options = { .arch = ARCH_NATIVE };
	const struct command command = {
		.name = "compile",
		.help = help,
		.options = { { 'o', "output", .text = &options.output },
			     { 'a', "arch", .take = take_arch, .to = &options.arch },
			     { 't', "trigger", .text = &options.trigger },
			     { 'c', "check-owner", .flag = &options.check_owner } },
		.arguments = { 1, MANY, "name a policy" },
	};
	int result = read_options(&command, &argc, &argv);

	if (result >= 0)
		return result;
	if (options.output && argc > 1) {
		complain("compile: --output takes one policy");
		return usage_error("compile");
	}
	result = EXIT_GOOD;
	for (int i = 0; i < argc; i++) {
		struct session session;

		session_begin(&session);
		if (!compile(&session, argv[i], &options))
			result = EXIT_POLICY;
		session_end(&session);
	}
	return result;
}
