// Package cli is what the commands have in common: settings from flags,
// environment and file with one precedence, loggers, data directories, exit
// codes. It knows nothing about what any command does.
package cli
