/* command.h - running sandboxctl while the library is loaded. See command.c. */
#ifndef COMMAND_H
#define COMMAND_H

/* load: the directory that libsandbox.so was loaded from, in scratch. The build tree and an
 * installation find their policies and sandboxctl beside it, wherever they were moved. */
const char *command_library_directory(void);

/* load: the path of sandboxctl, or NULL: this machine has none. */
const char *command_find(void);

/* load: runs argv (argv[0] a path) to its end. What it writes is in the memory file *output, for
 * the caller to close; returns its wait status. Where a filter that the program was started under
 * lets that not be done, the process is ended, and `instead` says what to do. */
int command_run(const char *const argv[], const char *instead, int *output);

#endif
