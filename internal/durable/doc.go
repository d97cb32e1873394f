// Package durable holds the files by which a worker survives being killed: what
// is replaced in one step and does not come back, a lock that ends with its
// process, and a sequence of numbers of which none is used twice. What a disk
// forgets in spite of a sync it cannot help.
package durable
