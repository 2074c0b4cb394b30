#!/usr/bin/env bats
# The newborn-thread race: a policy of exactly the calls that redis makes once it waits, without
# those of a thread's birth (rseq, set_robust_list, rt_sigprocmask), must not kill a thread that was
# made just before the lock. The thread barrier sees to it; without it redis dies at start.

load helpers

setup() {
	requires redis-server redis-cli strace taskset
	port=$(free_port)
	dir=$BATS_TEST_TMPDIR/data
	mkdir -p "$dir"
}

teardown() {
	stop_all
}

redis_words() {
	printf '%s\n' redis-server --port "$port" --bind 127.0.0.1 --dir "$dir" --save '' --appendonly no
}

answers() {
	[[ "$(redis-cli -p "$port" ping 2>/dev/null)" == PONG ]]
}

# exact_policy: redis' own calls from its first epoll_wait on, as a policy.
exact_policy() {
	local words calls
	mapfile -t words < <(redis_words)
	start strace -f -o "$BATS_TEST_TMPDIR/trace" "${words[@]}"
	eventually answers
	redis-cli -p "$port" set a b >/dev/null
	redis-cli -p "$port" shutdown nosave || true
	eventually not_running "$pid"
	calls=$(awk '{
			call = $2 == "<..." ? $3 : $2
			sub(/\(.*/, "", call)
			if (call ~ /^epoll_p?wait$/) on = 1
			if (on && call ~ /^[a-z_0-9]+$/) print call
		}' "$BATS_TEST_TMPDIR/trace" | grep -vE '^(rseq|set_robust_list|rt_sigprocmask)$' | sort -u)
	[[ "$calls" == *epoll_wait* ]] || return 1
	policy exact <<-END
		policy 1
		phase serving
		  trigger epoll_wait where timeout != 0 and maxevents > 1
		  default kill
		  allow exit exit_group restart_syscall rt_sigreturn
		  allow $(xargs <<<"$calls")
	END
}

# deaths LIBRARY CPUS STARTS POLICY: how many of so many starts ended by SIGSYS.
deaths() {
	local library=$1 cpus=$2 starts=$3 path=$4 died=0 i words status
	mapfile -t words < <(redis_words)
	for ((i = 0; i < starts; i++)); do
		start taskset -c "$cpus" env LD_PRELOAD="$library" SANDBOX_VERBOSE=1 \
			SANDBOX_POLICY="$path" "${words[@]}"
		eventually locked_or_dead
		# A thread that was let through half born dies within its first time slice.
		sleep 0.03
		kill -TERM "$pid" 2>/dev/null || true
		status=0
		wait "$pid" || status=$?
		[[ "$status" -ne "$DIED_OF_SIGSYS" ]] || died=$((died + 1))
	done
	printf '%s\n' "$died"
}

# `default kill` leaves write out, so the library says "locking" before instead of "locked" after.
locked_or_dead() {
	output_has ': lock' || not_running "$pid"
}

# busy CPU: keeps one busy until teardown.
busy() {
	start taskset -c "$1" sh -c 'while :; do :; done'
}

@test "60 starts on one CPU and 60 on two busy ones: no thread is killed" {
	local path
	path=$(exact_policy)
	[ "$(deaths "$LIBRARY" 0 60 "$path")" -eq 0 ]
	busy 0
	busy 1
	[ "$(deaths "$LIBRARY" 0,1 60 "$path")" -eq 0 ]
}

@test "control: without the barrier some of 20 starts on one CPU die" {
	local path died
	path=$(exact_policy)
	died=$(deaths "$BUILD/no-barrier/libsandbox.so" 0 20 "$path")
	printf '%s of 20 died\n' "$died"
	[ "$died" -gt 0 ]
}

# starved LIBRARY: how often of 5 a thread that got no CPU until the lock was asked for died of it.
starved() {
	local path died=0 status
	path=$(
		policy first-call <<-END
			policy 1
			phase serving
			  trigger poll
			  default allow
			  kill getppid
		END
	)
	for _ in 1 2 3 4 5; do
		status=0
		LD_PRELOAD=$1 SANDBOX_POLICY=$path "$HOSTS/starved" >&2 || status=$?
		[[ "$status" -ne 77 ]] || return 77
		[[ "$status" -eq 0 || "$status" -eq "$DIED_OF_SIGSYS" ]] || return 1
		[[ "$status" -eq 0 ]] || died=$((died + 1))
	done
	printf '%s\n' "$died"
}

@test "a thread that has hardly run yet, on a busy machine, is waited for" {
	run --separate-stderr starved "$LIBRARY"
	[ "$status" -ne 77 ] || skip 'no real-time priorities here'
	[ "$status" -eq 0 ]
	[ "$output" -eq 0 ]
}

@test "control: without the barrier it dies of its first call" {
	run --separate-stderr starved "$BUILD/no-barrier/libsandbox.so"
	[ "$status" -ne 77 ] || skip 'no real-time priorities here'
	[ "$status" -eq 0 ]
	[ "$output" -gt 0 ]
}
