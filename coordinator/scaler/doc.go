// Package scaler acts on how many pods are wanted: Process starts and drains
// children of this process, Exec runs an operator's command that knows a cloud.
//
// What is wanted is decided elsewhere. Both do no more than to bring about a number,
// and say what came of it.
package scaler
