package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// Digest names a result's deterministic half: the digest of its result_cid.
type Digest [32]byte

// Coin draws what decides whether a commitment is audited. It is the HMAC of the
// commitment and its offset in the log under a secret of the coordinator: fixed
// by what is already durable, so that a replay draws the same, and unknown to
// everybody else until long after.
func Coin(secret []byte, offset uint64, commitment Digest) uint64 {
	m := hmac.New(sha256.New, secret)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], offset)
	m.Write(b[:])
	m.Write(commitment[:])
	return binary.BigEndian.Uint64(m.Sum(nil))
}

// audit is what a coin orders for a released result.
type audit uint8

const (
	noAudit audit = iota
	byTrusted
	byReplica
)

// toss reads a coin. Its upper half decides whether, its lower half by whom.
func (p *Policy) toss(coin uint64, members int) audit {
	whether, by := float64(coin>>32)/(1<<32), float64(uint32(coin))/(1<<32)
	switch {
	case whether >= p.AuditRate:
		return noAudit
	case by < p.TrustedShare:
		return byTrusted
	case members > 1:
		return noAudit // a group is watched by the trusted zone alone: a ring would confirm itself
	}
	return byReplica
}
