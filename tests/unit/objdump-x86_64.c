/* objdump-x86_64.c - holds the length decoder against `objdump -d --insn-width=16`, on standard
 * input. Prints "agree N unknown N foreign N wrong N" and, before it, every wrong one; ends with 1
 * when there is one. foreign: objdump does not know it either, or shows a prefix on a line of its
 * own.
 */
#include "trigger/insn-x86_64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 16, BLOCK_MAX = 1 << 20 };

struct line {
	size_t at;
	unsigned char length;
	bool foreign;
	unsigned long address;
	char text[40];
};

/* Lines whose bytes stand one behind the other: an instruction that we think longer than objdump
 * does is looked for in what really follows. */
static unsigned char bytes[BLOCK_MAX * (size_t)WIDTH];
static struct line lines[BLOCK_MAX];
static size_t size, count;
static unsigned long agree, unknown, foreign, wrong;

static bool all_prefixes(const unsigned char *code, unsigned length)
{
	for (unsigned i = 0; i < length; i++) {
		if (!memchr("\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3", code[i], 11) &&
		    (code[i] & 0xf0) != 0x40)
			return false;
	}
	return true;
}

static void judge(const struct line *line)
{
	const unsigned char *code = bytes + line->at;
	unsigned length = line->length;
	struct insn insn;

	if (line->foreign || all_prefixes(code, length)) {
		foreign++;
		return;
	}
	if (code[0] == 0x9b && length > 1) { /* fwait is an instruction, objdump makes one of two */
		code++;
		length--;
	}
	if (!insn_decode(&insn, code, size - (size_t)(code - bytes)))
		unknown++;
	else if (insn.length == length)
		agree++;
	else {
		wrong++;
		printf("%lx: %u bytes, not %u: %s\n", line->address, length, insn.length,
		       line->text);
	}
}

static void judge_block(void)
{
	for (size_t i = 0; i < count; i++)
		judge(&lines[i]);
	count = size = 0;
}

/* "  401000:\tf3 0f 1e fa          \tendbr64 " */
static void take(const char *text)
{
	struct line *line;
	char *at;
	unsigned long address = strtoul(text, &at, 16);

	if (at == text || *at != ':' || at[1] != '\t')
		return;
	if (count == BLOCK_MAX ||
	    (count && address != lines[count - 1].address + lines[count - 1].length))
		judge_block();
	line = &lines[count++];
	*line = (struct line){ .at = size, .address = address };
	for (at += 2; line->length < WIDTH && at[0] > ' ' && at[1] > ' '; at += 3) {
		char digits[3] = { at[0], at[1], 0 };

		bytes[size++] = (unsigned char)strtoul(digits, NULL, 16);
		line->length++;
	}
	at += strspn(at, " \t");
	snprintf(line->text, sizeof(line->text), "%s", at);
	line->foreign = strstr(at, "(bad)") || !strncmp(at, ".byte", 5) || *at == '\n';
}

int main(void)
{
	static char text[1024];

	while (fgets(text, sizeof(text), stdin))
		take(text);
	judge_block();
	printf("agree %lu unknown %lu foreign %lu wrong %lu\n", agree, unknown, foreign, wrong);
	return wrong != 0;
}
