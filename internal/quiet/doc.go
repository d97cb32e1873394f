// Package quiet reads and writes sockets without waking the Go runtime's monitor.
//
// Around a system call that may block, the runtime wakes a thread that looks after the
// others every 20 µs until the process has nothing to do. That is right for calls that
// block. Those on a socket that does not block return at once, and where a process is
// woken for a token of an answer, hands it on within some 100 µs and sleeps again, the
// monitor takes a quarter of all processor time. So these calls are made behind the
// runtime's back; waiting for a socket to be ready stays the runtime's.
//
// On other systems than Linux on amd64 and arm64 connections are left as they are.
package quiet
