// Package cluster runs a whole Krako on one machine as real child processes: a
// coordinator and some nodes on loopback, each with its own data directory and
// log file. `krako up`, the benchmarks and the end-to-end tests all use it, so
// that what they run is what a user runs.
//
// It does not link the daemons and does not speak their protocols; it starts
// binaries, watches them and stops them.
package cluster
