//go:build !wasip1 || krako_command

package sdk

import "os"

// Main runs the entry that the host asks for and ends the process: 0 when the
// output was written, 1 when the task failed, with the reason on standard
// error. It is the last thing main does.
//
// In a reactor (see the package comment) it takes the entries for the calls to
// come and returns.
func Main(entries ...Entry) {
	os.Exit(command(os.Args, os.Stdin, os.Stdout, os.Stderr, entries))
}
