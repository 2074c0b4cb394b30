# webservers.bash - clients of a web server, and its workers. Loaded behind workloads.bash. The test says
# what answers means, and workers: the process ids of those that $pid has now; it sets $port.

# get PATH [OPTION...]: the body.
get() {
	curl -s --max-time 10 "http://127.0.0.1:$port$1" "${@:2}"
}

# status_of PATH [OPTION...]
status_of() {
	get "$1" -o /dev/null -w '%{http_code}' "${@:2}"
}

# abort_client COMMAND...: a client that goes slowly, and away.
abort_client() {
	"$@" --limit-rate 200k --max-time 0.3 -o /dev/null || true # curl's own 28 is what is wanted
}

# logged DIRECTORY: requests are, again.
logged() {
	answers && [[ -s "$1/access.log" ]]
}

two_workers() {
	[[ "$(workers | wc -l)" -eq 2 ]]
}

workers_locked() {
	# shellcheck disable=SC2046  # a list
	two_workers && all_locked $(workers)
}

workers_changed() {
	[[ "$(workers | xargs)" != "$1" ]] && two_workers
}

# change_workers SIGNAL PID: and others have come.
change_workers() {
	local before
	before=$(workers | xargs)
	kill "-$1" "$2"
	eventually workers_changed "$before"
	eventually answers
}
