package main

// The host initialises a reactor and does not call its main function.
func init() { main() }
