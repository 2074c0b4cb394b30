# shellcheck shell=bash
# completion.bash - what may follow on a command line of sandboxctl, for bash-completion. It knows no
# command or option itself: it asks `sandboxctl help`, and `sandboxctl list` for names of policies.

# _sandboxctl_words COMMAND PREVIOUS: what may stand behind PREVIOUS, one word a line.
_sandboxctl_words() {
	case "$1:$2" in
	*:-a | *:--arch) printf '%s\n' x86_64 aarch64 ;;
	run:-p | ci:-p | learn:-p | *:--policy | learn:-c | learn:--check | \
		check:* | show:* | explain:* | diff:* | compile:*)
		sandboxctl list | grep -oE '^[^ ]+'
		;;
	esac
}

_sandboxctl() {
	local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words one i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ "${COMP_WORDS[i]}" == -- ]]; then
			return # what follows is the program's
		fi
	done
	if [[ "$COMP_CWORD" -eq 1 || ("$COMP_CWORD" -eq 2 && "$command" == help) ]]; then
		words=$(sandboxctl help 2>/dev/null | sed -nE 's/^  ([a-z]+) .*/\1/p')
	elif [[ "$word" == -* ]]; then
		words=$(sandboxctl help "$command" 2>/dev/null | grep -oE '^  -[a-zA-Z], --[a-z-]+' | cut -c 7-)
	else
		words=$(_sandboxctl_words "$command" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null)
	fi
	# Not by compgen -W, which would expand the names of files: $(...) in one is a command.
	while read -r one; do
		[[ -z "$one" || "$one" != "$word"* ]] || COMPREPLY+=("$(printf '%q' "$one")")
	done <<<"$words"
}

complete -o default -F _sandboxctl sandboxctl
