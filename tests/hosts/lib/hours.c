/* hours.c - preloaded beside the library: for time(2) three seconds are an hour. OpenSSL wants
 * fresh random numbers from the kernel an hour after it has had some, and asks time() for that.
 */
#include <time.h>

enum { FASTER = 1200, SECOND = 1000000000 };

time_t time(time_t *place)
{
	static struct timespec start;
	struct timespec now;
	time_t said;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!start.tv_sec)
		start = now;
	said = start.tv_sec + (now.tv_sec - start.tv_sec) * FASTER +
	       (now.tv_nsec - start.tv_nsec) / (SECOND / FASTER);
	if (place)
		*place = said;
	return said;
}
