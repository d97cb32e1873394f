// Package server runs one llama-server process per model and profile and keeps
// it running: it is started again with a growing pause when it dies, killed when
// it makes no progress, and stopped when its owner says so. It listens on a Unix
// socket that only this user can reach, or on loopback with a key where there
// are no such sockets, and takes nothing from anywhere else.
//
// Every start is another generation: all slots are empty then, and whoever
// believed to hold one holds nothing. What slots are saved to is a private
// folder in memory where the system has one, and goes with the Server.
//
// The package does not decide who may use which slot (package llmpod does), and
// gives a server no more trust than its file deserves: the model's header is
// inspected first, because some shapes abort a server.
package server
