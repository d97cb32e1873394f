//go:build !windows

package control

// hasSockets says that a socket in a directory is as private as a file.
const hasSockets = true
