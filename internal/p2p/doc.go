// Package p2p is Krako's only door to libp2p: who a machine is, where its
// coordinator may be found, and the two protocols between them. The control
// path is one long-lived stream of a worker to its coordinator; blocks move by
// CID on streams of their own.
//
// It promises neither delivery nor order across streams: a batch is recorded
// when its Ack has come, and not before. It does not verify what it carries but
// for the hash of a fetched block, does not decide who may work or read, and
// takes nothing that discovery says for a sign of life. Peers are named by
// their peer id in text form; no type of libp2p appears in the interface.
//
// # Connections
//
// 1. A host has an Ed25519 identity. Its peer id, "12D3KooW…", is the identity
// multihash of the protobuf-encoded public key. The transport proves it.
//
// 2. Transports are QUIC v1 (/udp/<port>/quic-v1) and TCP with TLS 1.3 or Noise
// and yamux (/tcp/<port>). Both are dialled if both are known: TCP first
// on loopback and private networks, QUIC first elsewhere. Relays, WebRTC, WebTransport and WebSocket are not spoken. A worker needs no
// open port.
//
// 3. Coordinators of a rendezvous R are found by configured addresses; by mDNS,
// as service "_krako-<h>._udp.local" with libp2p's TXT records, h being the
// first 4 bytes of SHA-256("/krako/rendezvous/1/" + R) in hex; and in a Kademlia
// network of protocol /krako/kad/1.0.0, as providers of the raw, sha2-256 CIDv1
// of "/krako/rendezvous/1/" + R.
//
// # Frames
//
// 4. Both protocols are made of frames: a length of 4 bytes, big-endian, a type
// of 1 byte, a body. The length counts type and body. It is 1 to 1,048,576; to
// 65,536 in the handshake. Nothing is allocated on the word of a length beyond
// its cap, and within it no faster than bytes arrive.
//
// 5. A body is one message in strict DAG-CBOR (package dagcbor): a map with the
// names of the struct tags in message.go. Unknown fields, another spelling of
// the same value and values out of the bounds of check.go make a frame
// malformed.
//
// 6. Whoever receives a frame that is too large, malformed, of unknown type or
// out of place resets the stream, with libp2p error code 0x1004 where the
// transport carries one. There are no optional frames: what would be one is a
// new protocol version.
//
// # The work stream, /krako/work/1
//
// 7. The worker opens the stream and sends Hello (1). The coordinator answers
// Welcome (2), or Refuse (3) and closes. v is 1 in both. A refused worker may
// try again if the code is retryable (CONTRACTS section 8).
//
// A Hello may carry enrol, the envelope by which the worker proves that it holds a
// token, and rotations, the envelopes in which each of its former keys names the
// next: the last names the worker. A Welcome comes when they are recorded.
//
// 8. A worker has one stream. When it opens another, the coordinator ends the
// one before with Goodbye CONFLICT, waits until it has been served, and only
// then admits the new one, so that last_seq of the Welcome covers all that came
// on the old.
//
// 9. Then, in any order: the worker sends Credit (4), Results (6), Fault (13) and
// Tokens (14), the coordinator Assign (5), Ack (7), Reject (8) and Cancel (10), both
// Heartbeat (9), Drain (11) and Goodbye (12).
//
// 10. A unit may be assigned only against credit. Credit starts at 0; Credit{n}
// adds n, an Assign takes the number of its units. The sum of what is granted
// and not assigned never exceeds 16,384. A worker that is assigned more than it
// granted, and a coordinator that is granted more, resets the stream.
//
// 11. An Assign has 1 to 256 units. With more than one its frame has at most
// 65,536 bytes; a larger unit travels alone.
//
// 12. The worker answers each unit in a Results, whose batch is a signed
// envelope (CONTRACTS section 4), or with a Fault if it was not computed. items
// are the result blocks, in the batch's order; outputs are those output blocks
// that the worker chose to send along, and the coordinator fetches the others by
// rule 17. It answers each batch with Ack or Reject by its seq. What neither came
// for is sent again on the next stream, except for seq up to the Welcome's
// last_seq.
//
// A pod may send Tokens for a unit that it answers for, before its result or
// fault. They are pieces of an answer to be shown; nothing is recorded of them.
//
// 13. Each side sends a Heartbeat every heartbeat_ms of the Welcome. Whoever
// receives no whole frame for three such intervals ends the stream, and so does
// whoever can write nothing for as long. Inside a frame every 4,096 bytes start
// the term anew.
//
// A worker whose Heartbeat has a pause keeps its credit and its units, and is
// assigned nothing until a Heartbeat without one. It may give units back with
// Fault CANCELLED, which is a loss and no failure of theirs. What it is assigned
// before the coordinator has heard of the pause it gives back too.
//
// 14. After a Drain of either side nothing is granted or assigned any more;
// units that were assigned before it arrived are finished and reported.
//
// 15. Goodbye is the last frame of its sender, which then closes its direction
// and waits a second for the other to do the same. A stream that ends without
// one is lost, not left.
//
// 16. A writer sends what waits as soon as it can, everything that waits at
// once, and holds nothing back for company.
//
// # Blocks, /krako/block/1
//
// 17. The client opens a stream and sends any number of requests, each after
// the answers to the one before: Want (32) {cids, max}, 1 to 64 CIDs, each v1,
// sha2-256, raw or dag-cbor; the frame has at most 8,192 bytes.
//
// 18. The server answers for each CID, in order, with a Block frame (33) {cid,
// code, size} of at most 512 bytes. Without a code, size bytes of the block
// follow, outside any frame. With a code there are none; RESOURCE_EXHAUSTED with
// a size above max says that the block is larger than asked for.
//
// 19. The client compares the CID and the size with what it asked for before it
// allocates, and the hash before it believes. It resets the stream if any of
// them is wrong. Whether a peer may have a block is the server's decision; the
// CID is no permission.
package p2p
