# ci.bash - what the bats files about sandboxctl ci share: a small daemon, its policy, a suite.

# worker_files: the daemon, the same with an added feature, and its policy, in the current directory.
worker_files() {
	mkdir -p added
	cp "$HOSTS/worker" worker
	cp "$HOSTS/worker-added" added/worker
	cat >worker.policy <<'POLICY'
policy 1
about    the daemon of these tests
program  worker

phase serving
  trigger  epoll_wait
  default  trap
  unknown  errno ENOSYS
  allow    @base @event-loop close
  allow    openat where flags & (O_ACCMODE|O_CREAT|O_TRUNC) == O_RDONLY
  allow    clone wait4 set_robust_list rseq gettid
  errno ENOSYS clone3                        # its flags are behind a pointer
POLICY
	chmod go-w worker.policy
}

# lineage_policy: worker.policy is one that denies nothing to a family of processes (hosts/lineage.c).
lineage_policy() {
	cat >worker.policy <<-'POLICY'
		policy 1
		program lineage
		phase serving
		  trigger poll
		  default allow
	POLICY
}

# ci ARGUMENTS...: sandboxctl ci, for two minutes at most.
ci() {
	timeout --foreground 120 "$SANDBOXCTL" ci "$@"
}

# found KIND [FILTER]: the findings of a kind in verdict.json, as jq's FILTER shows them.
found() {
	jq -r --arg kind "$1" '.findings[] | select(.kind == $kind) | '"${2:-.title}" verdict.json
}
