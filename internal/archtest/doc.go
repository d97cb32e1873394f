// Package archtest holds the house together: which package may import what,
// which library has only one door, which packages are pure, and that
// ARCHITECTURE.md names every room. All of it is tests.
//
// The tests parse source files themselves instead of asking the go command, for
// two reasons: files of every operating system and build tag count, and go test
// sees which files were read, so a cached pass is never stale.
package archtest
