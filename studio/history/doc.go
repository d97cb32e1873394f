// Package history keeps what people said to Studio and what came of it: chats,
// their messages, and the runs that answered, in one SQLite file.
//
// Messages of a chat are a tree. Editing one or asking again makes a branch beside
// it and takes nothing away; a chat remembers the leaf that was looked at last.
// Outputs are blocks and are kept elsewhere, by their address.
package history
