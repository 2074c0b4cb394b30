# workloads.bash - a server is recorded with one workload, and then locked with another, under a shipped
# policy and under the one that was learned. Loaded behind helpers.bash. The server lives in a house of
# its own: a mount namespace in which the places of Debian's package are a test's directories and small
# disks, so that the policy can be tried as it is shipped, and a disk can be filled.

# Where in the house: PATH=DIRECTORY is bound, PATH=SIZE an empty disk of that size. The test sets it.
house=()

# at_home COMMAND...: becomes the command, in the house and in a session of its own: lighttpd's parent
# sends SIGINT to its whole process group when it ends, and nginx of another test replaced its workers.
# shellcheck disable=SC2016  # the inner shell expands
at_home() {
	exec setsid unshare --mount -- bash -ec '
		until [[ "$1" == -- ]]; do
			case "${1#*=}" in
			/*) mount --bind "${1#*=}" "${1%%=*}" ;;
			*) mount -t tmpfs -o "size=${1#*=},mode=777" none "${1%%=*}" ;;
			esac
			shift
		done
		exec "${@:2}"' house "${house[@]}" -- "$@"
}

# requires_house: skips where nothing can be mounted.
requires_house() {
	requires_root
	requires unshare setsid jq
	unshare --mount -- mount -t tmpfs none /mnt 2>/dev/null || skip 'cannot mount here'
}

# inside PATH: of the house of $pid, as seen from here.
inside() {
	printf '/proc/%s/root%s\n' "$pid" "$1"
}

# recording NAME: the file; it lasts as long as the bats file runs.
recording() {
	printf '%s/%s.recording\n' "$BATS_FILE_TMPDIR" "$1"
}

# learned NAME: the policy that was written for that recording.
learned() {
	printf '%s/%s.policy\n' "$BATS_FILE_TMPDIR" "$1"
}

# record POLICY PROGRAM...: starts the program under `sandboxctl learn`, with the triggers of the
# policy; sets $pid to the program's own. Nothing is denied.
record() {
	local policy=$1
	shift
	start at_home "$SANDBOXCTL" learn -q -p "$policy" -r "$(recording "$policy")" \
		-o "$(learned "$policy")" -- "$@"
	recorder=$pid
	eventually pgrep -P "$recorder" -x "${1##*/}"
	pid=$(pgrep -P "$recorder" -x "${1##*/}")
}

# ended: the recorded program has come to its end, and the recorder has written what it saw.
ended() {
	local status=0
	wait "$recorder" || status=$?
	[[ "$status" -eq 0 ]] || {
		cat "$BATS_TEST_TMPDIR/output"
		return 1
	}
}

# enforce POLICY PROGRAM...: starts the program locked under the policy; sets $pid, and $events: the
# file of the reports.
enforce() {
	local policy=$1
	shift
	events=$BATS_TEST_TMPDIR/events
	start at_home env LD_PRELOAD="$LIBRARY" SANDBOX_POLICY="$policy" SANDBOX_REPORT="$events" \
		SANDBOX_VERBOSE=1 "$@"
}

# no_violations [LOG...]: some process was locked, nothing was denied, and nobody died of it unheard
# as far as these logs of a master know.
no_violations() {
	local deaths='exited on signal 31|exit signal Bad system call'
	jq -se 'any(.[]; .event == "locked") and all(.[]; .event != "denied")' "$events" >/dev/null || {
		grep -F denied "$events"
		return 1
	}
	[[ $# -eq 0 ]] || refute grep -E "$deaths" "$@"
}

# all_locked PID...: at least one, and every thread of each is under the filter.
all_locked() {
	local process
	for process; do
		is_locked "$process" || return 1
	done
	[[ $# -gt 0 ]]
}

# covers POLICY RECORDING [EXPECTED]: the policy would have denied nothing of it but what matches the
# pattern EXPECTED: what it refuses on purpose, and the program does without.
covers() {
	local report status=0
	report=$("$SANDBOXCTL" learn --check "$1" --merge "$2" 2>&1) || status=$?
	printf '%s\n' "$report"
	[[ "$status" -eq 1 && $# -eq 3 ]] || return "$status"
	awk -v expected="$3" '
		/^phase .* would have denied/ { denied = 1; next }
		/^phase / { denied = 0 }
		denied && /^  [^ ]/ { if ($0 ~ expected) matched++; else other++ }
		END { exit !(matched && !other) }' <<<"$report"
}

# fill DIRECTORY, unfill DIRECTORY: not a byte is left on its disk, and there is room again.
fill() {
	dd if=/dev/zero of="$1/filler" bs=4k 2>/dev/null || true # until it fails
}

unfill() {
	rm "$1/filler"
}

# refuses_only POLICY RECORDING WHAT...: of what was recorded the policy would have denied these calls, and
# files ("create PATH"), at most, and the calls with an error that stands in its text: the program goes
# on. It ends nothing. What depends on arguments that were not recorded is not looked at.
refuses_only() {
	local answer refused
	answer=$(covers "$1" "$2" | sed '/^  .* for some values of what was not recorded$/{N;d}') || true # some is
	grep -q '^phase ' <<<"$answer" || return 1
	refused=$(sed -nE -e 's/^  ((read|write|create|execute) .*): [0-9]+ times?$/\1/p' \
		-e 's/^  ([a-z0-9_]+)(\(.*\))?: [0-9]+ times?.*/\1/p' <<<"$answer" | sort -u)
	if grep -E '^    (trap|kill|errno E[A-Z]+: .*: (default|unknown) )' <<<"$answer" ||
		comm -23 <(printf '%s\n' "$refused") <(printf '%s\n' "${@:3}" | sort) | grep .; then
		printf '%s\n' "$answer"
		return 1
	fi
}
