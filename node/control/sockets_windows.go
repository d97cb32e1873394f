package control

// hasSockets says that a socket in a directory is as private as a file, which on
// Windows depends on its version.
const hasSockets = false
