// server.go - an echo server in Go with cgo, for triggers that are functions of Go's.
// Usage: server ADDRESS DEPTH. Says whether the parent's id is known (the test policies forbid to ask)
// once before it listens and once in serve(), which is called by DEPTH functions below each other
// (so that more or less is left of the goroutine's stack). Sends every line back that it gets; for
// the line "forbidden" it makes a call that the test policies do not survive. Says "neighbours whole"
// when the stacks of a hundred other goroutines, small ones side by side with that of serve(), are
// as they were: Go's stacks have no guard page.
package main

// #include <stdlib.h>
import "C"

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

func say(where string) {
	verdict := "free"
	if syscall.Getppid() < 0 {
		verdict = "locked"
	}
	fmt.Println(where, verdict)
}

func echo(connection net.Conn) {
	lines := bufio.NewScanner(connection)
	for lines.Scan() {
		if lines.Text() == "forbidden" {
			syscall.Kill(os.Getpid(), 0)
		}
		fmt.Fprintln(connection, lines.Text())
	}
	connection.Close()
}

// neighbour fills most of a new goroutine's stack, and says later whether it has changed.
func neighbour(index int, ready chan<- bool, ask <-chan bool, whole chan<- bool) {
	var bytes [1024]byte
	for i := range bytes {
		bytes[i] = byte(i + index)
	}
	ready <- true
	<-ask
	good := true
	for i := range bytes {
		good = good && bytes[i] == byte(i+index)
	}
	whole <- good
}

const neighbours = 100

var ready, ask, whole = make(chan bool), make(chan bool), make(chan bool)

func startNeighbours(from, to int) {
	for i := from; i < to; i++ {
		go neighbour(i, ready, ask, whole)
		<-ready
	}
}

func askNeighbours() {
	good := true
	close(ask)
	for i := 0; i < neighbours; i++ {
		good = <-whole && good
	}
	if good {
		fmt.Println("neighbours whole")
	} else {
		fmt.Println("neighbours broken")
	}
}

//go:noinline
func serve(listener net.Listener) {
	say("in serve")
	askNeighbours()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go echo(connection)
	}
}

//go:noinline
func deep(n int, listener net.Listener) int {
	if n == 0 {
		serve(listener)
		return 0
	}
	return deep(n-1, listener) + 1
}

func main() {
	C.free(nil)
	say("before listen")
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	depth, _ := strconv.Atoi(os.Args[2])
	startNeighbours(0, neighbours/2)
	start, done := make(chan bool), make(chan int)
	go func() {
		<-start
		done <- deep(depth, listener)
	}()
	startNeighbours(neighbours/2, neighbours)
	start <- true
	<-done
}
