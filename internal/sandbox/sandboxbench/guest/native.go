//go:build !wasip1

package main

// Elsewhere there is nothing to run; the package exists for tools that look at
// every directory.
func main() {}
