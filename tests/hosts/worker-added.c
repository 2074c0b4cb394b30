/* worker-added.c - worker.c with a feature that needs a new right. */
#define ADDED_EXECVE
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "worker.c"
