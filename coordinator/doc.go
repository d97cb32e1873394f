// Package coordinator runs graphs on nodes that connect to it.
//
// One goroutine, the loop, owns all state: sessions, queues, leases and
// workers. Everything else sends it functions to run. A turn of the loop takes
// what waits, decides, and hands the records of that turn to the committer,
// which appends them in one durable batch and only then lets their effects out:
// answers to callers, acknowledgements to nodes, ends of sessions. Assignments
// are the one effect that does not wait, because a unit names its own content
// and may safely be given again.
//
// The log is the only thing written first. On start the state is folded from
// it. An append that fails ends the process: what is on disk is then unknown,
// and the next start finds out.
package coordinator
