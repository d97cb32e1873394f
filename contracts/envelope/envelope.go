// Package envelope seals payloads in libp2p signed envelopes
// (https://github.com/libp2p/specs/blob/master/RFC/0002-signed-envelopes.md)
// without libp2p, so that anyone with a key can verify offline what a node
// signed.
//
// Only Ed25519 is used, and one envelope has one spelling: Seal writes what
// libp2p writes, and Open refuses every other encoding of the same message and
// every altered signature (crypto/ed25519 wants the scalar reduced and the point
// as it would write it). So an envelope's bytes may be hashed and compared.
//
// The package does not interpret payloads, does not know which keys to trust
// and does not prevent replay: a domain separates uses, and freshness is the
// payload's own concern.
package envelope

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
)

// Bounds of an envelope.
const (
	MaxPayload = 4 << 20 // bytes
	MaxLabel   = 256     // bytes of a domain or a payload type
)

// Error says why an envelope was not opened or made.
type Error struct{ Reason string }

func (e *Error) Error() string { return "signed envelope: " + e.Reason }

func refuse(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// Seal signs payload for one use, the domain, and returns the envelope. The
// domain itself does not travel: whoever opens the envelope must know it. Equal
// arguments give equal bytes. The error is an *Error.
func Seal(key ed25519.PrivateKey, domain, payloadType string, payload []byte) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, refuse("private key of %d bytes", len(key))
	}
	unsigned, err := signedBytes(domain, payloadType, payload)
	if err != nil {
		return nil, err
	}
	m := message{
		key:         key[ed25519.PrivateKeySize-ed25519.PublicKeySize:],
		payloadType: []byte(payloadType),
		payload:     payload,
		signature:   ed25519.Sign(key, unsigned),
	}
	return m.encode(), nil
}

// Open verifies the envelope b, which must have been sealed for the domain, and
// returns who signed what. Nothing returned aliases b. The error is an *Error.
func Open(b []byte, domain string) (pub ed25519.PublicKey, payloadType string, payload []byte, err error) {
	m, err := decode(b)
	if err != nil {
		return nil, "", nil, err
	}
	payloadType = string(m.payloadType)
	unsigned, err := signedBytes(domain, payloadType, m.payload)
	if err != nil {
		return nil, "", nil, err
	}
	pub = append(ed25519.PublicKey(nil), m.key...)
	if !ed25519.Verify(pub, unsigned, m.signature) {
		return nil, "", nil, refuse("signature of %s does not hold for domain %q", PeerID(pub), domain)
	}
	return pub, payloadType, append([]byte(nil), m.payload...), nil
}

// signedBytes returns what the signature is over: domain, payload type and
// payload, each after its length as an unsigned varint.
func signedBytes(domain, payloadType string, payload []byte) ([]byte, error) {
	switch {
	case domain == "" || len(domain) > MaxLabel:
		return nil, refuse("domain of %d bytes, want 1 to %d", len(domain), MaxLabel)
	case payloadType == "" || len(payloadType) > MaxLabel:
		return nil, refuse("payload type of %d bytes, want 1 to %d", len(payloadType), MaxLabel)
	case len(payload) > MaxPayload:
		return nil, refuse("payload of %d bytes, want at most %d", len(payload), MaxPayload)
	}
	b := make([]byte, 0, 3*binary.MaxVarintLen64+len(domain)+len(payloadType)+len(payload))
	b = append(binary.AppendUvarint(b, uint64(len(domain))), domain...)
	b = append(binary.AppendUvarint(b, uint64(len(payloadType))), payloadType...)
	return append(binary.AppendUvarint(b, uint64(len(payload))), payload...), nil
}
