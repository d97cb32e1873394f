// Package eval measures how a KORA does on a list of messages: what it answers,
// what it leaves, and how often it is wrong. Models are never asked.
//
// An answer counts as right when it equals what is expected as a number or as
// text without regard to case, white space and marks at its ends. A message that
// must not be answered counts as a false fire if it is.
package eval
