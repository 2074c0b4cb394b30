#!/usr/bin/env bats
# The catalogue of groups and the heads of the policies: complete, and of one form.
# shellcheck disable=SC2016 # the backquotes are Markdown's

load helpers

POLICIES=$ROOT/policies
GROUPS_DIR=$POLICIES/groups

# nothing_of TITLE: fails when standard input has a line, and shows the lines under the title.
nothing_of() {
	local lines
	lines=$(cat)
	[[ -z "$lines" ]] || {
		printf '%s:\n%s\n' "$1" "$lines" >&2
		return 1
	}
}

# words_of FILE...: "GROUP WORD" for each word of the lines below `group` and `about`.
words_of() {
	awk '{
		name = FILENAME
		sub(/.*\//, "", name)
		sub(/\.group$/, "", name)
		sub(/#.*/, "")
		if ($1 != "group" && $1 != "about")
			for (i = 1; i <= NF; i++)
				print name, $i
	}' "$@"
}

# known_calls: the names of the table, sorted.
known_calls() {
	grep -v '^#' "$ROOT/sandboxctl/policy/syscalls.tsv" | cut -f 1 | sort
}

# statements_of FILE...: "NAME NUMBER STATEMENT" for each line that is not a comment.
statements_of() {
	awk 'FNR == 1 {
		name = FILENAME
		sub(/.*\//, "", name)
		sub(/\.[a-z]+$/, "", name)
		number = 0
	}
	{
		sub(/[ \t]*#.*/, "")
		sub(/^[ \t]+/, "")
	}
	NF { print name, ++number, $0 }' "$@"
}

# titles_of FILE...: "FILE TITLE" for each first line of the form "# FILE - TITLE."
titles_of() {
	awk 'FNR == 1 {
		name = FILENAME
		sub(/.*\//, "", name)
		sub(/\.policy$/, "", name)
		if (index($0, "# " name " - ") == 1 && /\.$/)
			print name
	}' "$@"
}

# names_of SUFFIX FILE...
names_of() {
	basename -a -s "$@" | sort
}

@test "every known call is in a group" {
	words_of "$GROUPS_DIR"/*.group | awk '$2 !~ /^@/ { print $2 }' | sort -u >"$BATS_TEST_TMPDIR/in"
	known_calls | comm -23 - "$BATS_TEST_TMPDIR/in" | nothing_of 'in no group'
}

@test "every word of a group is a known call or a group" {
	{
		known_calls
		for file in "$GROUPS_DIR"/*.group; do
			basename "$file" .group | sed 's/^/@/'
		done
	} | sort >"$BATS_TEST_TMPDIR/known"
	words_of "$GROUPS_DIR"/*.group | awk '{ print $2 }' | sort -u |
		comm -23 - "$BATS_TEST_TMPDIR/known" | nothing_of 'not known'
}

@test "no group names a word twice" {
	words_of "$GROUPS_DIR"/*.group | sort | uniq -d | nothing_of 'twice'
}

@test "no group contains itself" {
	words_of "$GROUPS_DIR"/*.group | awk '$2 == "@" $1' | nothing_of 'contains itself'
	# tsort says so when the graph has a longer loop.
	words_of "$GROUPS_DIR"/*.group | awk '$2 ~ /^@/ { print "@" $1, $2 }' |
		tsort 2>&1 >/dev/null | nothing_of 'loop'
}

@test "a group has a title, begins with a date that exists, and says what it is about" {
	local all date
	all=$(names_of .group "$GROUPS_DIR"/*.group)
	statements_of "$GROUPS_DIR"/*.group >"$BATS_TEST_TMPDIR/all"
	diff <(titles_of "$GROUPS_DIR"/*.group | sed 's/\.group$//' | sort) - <<<"$all"
	diff <(sed -nE 's/^([^ ]+) 1 group [0-9]{4}-[0-9]{2}-[0-9]{2}$/\1/p' "$BATS_TEST_TMPDIR/all" |
		sort) - <<<"$all"
	diff <(sed -nE 's/^([^ ]+) 2 about [^ ].*$/\1/p' "$BATS_TEST_TMPDIR/all" | sort) - <<<"$all"
	diff <(sed -nE 's/^([^ ]+) 3 .*$/\1/p' "$BATS_TEST_TMPDIR/all" | sort) - <<<"$all"
	while read -r date; do
		date -d "$date" >/dev/null
	done < <(sed -nE 's/^[^ ]+ 1 group //p' "$BATS_TEST_TMPDIR/all" | sort -u)
}

@test "groups that leave a call out on purpose do not hold it" {
	local group call
	while read -r group call; do
		words_of "$GROUPS_DIR/$group.group" | grep -x "$group $call" || true # as it should be
	done <<-EOF | nothing_of 'not meant to be there'
		base execve
		malloc mmap
		malloc mprotect
		thread clone
		thread clone3
		fork clone
		fork clone3
		connect socket
		listen socket
		log socket
		dns socket
		dns openat
		open-read openat
		open-write openat
		timezone openat
	EOF
}

@test "a group that a policy names exists" {
	local groups
	groups=$(names_of .group "$GROUPS_DIR"/*.group)
	statements_of "$POLICIES"/*.policy | grep -oE ' @[^ ]+' | tr -d ' @' | sort -u |
		comm -23 - <(echo "$groups") | nothing_of 'no such group'
}

@test "the head of a policy says what it is for, how to try it and what it breaks" {
	local all word
	all=$(names_of .policy "$POLICIES"/*.policy)
	statements_of "$POLICIES"/*.policy >"$BATS_TEST_TMPDIR/all"
	diff <(titles_of "$POLICIES"/*.policy | sort) - <<<"$all"
	for word in For Try Breaks; do
		diff <(awk -v "word=^# ${word}[:,]" '
			FNR == 1 { head = 1 }
			!/^#/ { head = 0 }
			head && $0 ~ word { print FILENAME }' "$POLICIES"/*.policy |
			xargs basename -a -s .policy | sort -u) - <<<"$all"
	done
	diff <(sed -nE 's/^([^ ]+) 1 policy 1$/\1/p' "$BATS_TEST_TMPDIR/all" | sort) - <<<"$all"
	diff <(sed -nE 's/^([^ ]+) 2 about .*$/\1/p' "$BATS_TEST_TMPDIR/all" | sort) - <<<"$all"
}

@test "the lists of policies/README.md are those of the directories" {
	local readme=$POLICIES/README.md
	diff <(sed -nE 's/^\| `@([a-z-]+)` \|.*/\1/p' "$readme" | sort) \
		<(names_of .group "$GROUPS_DIR"/*.group)
	# Some rows name two.
	diff <(sed -nE '/^## The policies/,/^## A policy/s/^\| (`[^|]*) \|.*/\1/p' "$readme" |
		grep -oE '[a-z][a-z0-9-]+' | sort) <(names_of .policy "$POLICIES"/*.policy)
}

@test "what policies/README.md says of a group is its about" {
	diff <(sed -nE 's/^\| `@([a-z-]+)` \| (.*) \|$/\1 \2/p' "$POLICIES/README.md" | sort) \
		<(statements_of "$GROUPS_DIR"/*.group |
			sed -nE 's/^([^ ]+) 2 about +(systemd: )?/\1 /p' | sort)
}
