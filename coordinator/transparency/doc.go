// Package transparency makes the event log tamper evident: a Merkle tree of RFC
// 6962 over its records, signed checkpoints of it, proofs, and the check of an
// exported log.
//
// Leaf n, counted from 0, is the record at offset n+1 as it was appended. The tree
// is over records and not over segments, so that how records were grouped cannot
// be seen in it, every backend of the log gives the same tree, and the proof for
// one record is that record and about twenty hashes.
//
// A Tree is kept record by record in memory of the order of log n. Proofs need
// the hashes of whole subtrees: those of KeptLevel and above are kept by whoever
// owns the tree, at a quarter of a byte per record, and the lower ones are
// computed from at most 2^KeptLevel records when they are asked for.
//
// A checkpoint says who signed which size and root. Holding one, a client can
// later have it proved that the log has only grown. The package does not gossip
// checkpoints and asks no witnesses: two clients that are shown two histories
// find out when they compare theirs.
package transparency
