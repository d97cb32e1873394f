// Package taskdir works on task directories: a WebAssembly module's source and
// a task.json that says what the module's entries do, with examples. It makes
// such directories, builds them reproducibly, runs their examples in the
// sandbox and takes modules apart.
//
// It promises not to talk to any coordinator, and to run nothing that a
// task.json names: the Go command and the sandbox are all that it starts.
package taskdir
