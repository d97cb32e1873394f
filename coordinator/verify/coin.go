package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Digest names a result's deterministic half: the digest of its result_cid.
type Digest [32]byte

// Coins draws the coins of one secret. It is owned by one goroutine.
type Coins struct {
	mac hash.Hash
	sum [sha256.Size]byte
	in  [8 + len(Digest{})]byte
}

// NewCoins returns the coins of a secret of the coordinator's.
func NewCoins(secret []byte) *Coins { return &Coins{mac: hmac.New(sha256.New, secret)} }

// Coin is Coins.Coin for whoever draws few, from any goroutine.
func Coin(secret []byte, offset uint64, commitment Digest) uint64 {
	return NewCoins(secret).Coin(offset, commitment)
}

// Coin draws what decides whether a commitment is audited. It is the HMAC of the
// commitment and its offset in the log under a secret of the coordinator: fixed
// by what is already durable, so that a replay draws the same, and unknown to
// everybody else until long after.
func (c *Coins) Coin(offset uint64, commitment Digest) uint64 {
	binary.BigEndian.PutUint64(c.in[:], offset)
	copy(c.in[8:], commitment[:])
	c.mac.Reset()
	c.mac.Write(c.in[:])
	return binary.BigEndian.Uint64(c.mac.Sum(c.sum[:0]))
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
