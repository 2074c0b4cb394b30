// server.cc - functions whose names C++ mangles. Usage: server FUNCTION. Calls it three times and
// prints "locked 3 free 0" when every body ran locked (the test policy refuses getppid).
#include <cstdio>
#include <cstring>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

static int locked, unlocked;

static void count_body()
{
	(syscall(SYS_getppid) < 0 ? locked : unlocked)++;
}

#define FUNCTION __attribute__((noinline, noclone))

namespace ns
{
struct Server {
	int port = 0;
	FUNCTION Server(int port);
	FUNCTION virtual ~Server();
	FUNCTION void run(int times, const std::string &name);
	FUNCTION void only() const;
	FUNCTION bool operator!=(const Server &other) const;
};

Server::Server(int port) : port(port)
{
	count_body();
}

Server::~Server()
{
	port = 0;
	count_body();
}

void Server::run(int times, const std::string &name)
{
	count_body();
	port += times + (int)name.size();
}

void Server::only() const
{
	count_body();
}

bool Server::operator!=(const Server &other) const
{
	count_body();
	return port != other.port;
}

template <typename T> FUNCTION T twice(T value)
{
	count_body();
	return value + value;
}
} // namespace ns

FUNCTION int overloaded(int a)
{
	count_body();
	return a + 1;
}

FUNCTION double overloaded(double a)
{
	count_body();
	return a + 1;
}

FUNCTION static int global_function(std::vector<std::vector<int>> list)
{
	count_body();
	return (int)list.size();
}

/* A symbol of C whose name is another function's name in C++. */
extern "C" FUNCTION int plain(void)
{
	count_body();
	return 1;
}

namespace other
{
FUNCTION int plain()
{
	count_body();
	return 2;
}
} // namespace other

static void call(const char *name, ns::Server &server)
{
	auto lambda = [](int a) __attribute__((noinline)) {
		count_body();
		return a;
	};

	if (!strcmp(name, "run"))
		server.run(1, "x");
	else if (!strcmp(name, "only"))
		server.only();
	else if (!strcmp(name, "differs"))
		server.port = server != server;
	else if (!strcmp(name, "twice"))
		server.port = ns::twice(server.port);
	else if (!strcmp(name, "overloaded"))
		server.port = overloaded(1) + (int)overloaded(1.5);
	else if (!strcmp(name, "global"))
		server.port = global_function({ { 1 } });
	else if (!strcmp(name, "made"))
		ns::Server made(2);
	else if (!strcmp(name, "deleted"))
		delete new ns::Server(3);
	else if (!strcmp(name, "lambda"))
		server.port = lambda(1);
	else if (!strcmp(name, "plain"))
		server.port = plain();
	else if (!strcmp(name, "other"))
		server.port = other::plain();
}

int main(int argc, char **argv)
{
	static char memory[sizeof(ns::Server)];
	ns::Server *server = new (memory) ns::Server(1);

	locked = unlocked = 0;
	for (int i = 0; argc > 1 && i < 3; i++)
		call(argv[1], *server);
	printf("locked %d free %d\n", locked, unlocked);
	return 0;
}
