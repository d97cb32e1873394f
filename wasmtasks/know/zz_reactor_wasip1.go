package main

// The host initialises a reactor and calls no main function.
func init() { main() }
