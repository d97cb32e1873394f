package p2p_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/record"

	"github.com/krako-labs/krako/contracts/envelope"
)

// sealedRecord is a libp2p record of any domain and type.
type sealedRecord struct {
	domain, kind string
	content      []byte
}

func (p *sealedRecord) Domain() string                 { return p.domain }
func (p *sealedRecord) Codec() []byte                  { return []byte(p.kind) }
func (p *sealedRecord) MarshalRecord() ([]byte, error) { return p.content, nil }
func (p *sealedRecord) UnmarshalRecord(b []byte) error { p.content = bytes.Clone(b); return nil }

// eachSealedRecord draws keys and payloads of many lengths, those around the bounds of
// one-byte and two-byte varints among them.
func eachSealedRecord(t *testing.T, check func(t *testing.T, key ed25519.PrivateKey, p sealedRecord)) {
	t.Helper()
	random := rand.NewChaCha8([32]byte{1})
	for _, n := range []int{0, 1, 2, 127, 128, 129, 16383, 16384, 100_000} {
		seed, content := make([]byte, ed25519.SeedSize), make([]byte, n)
		_, _ = random.Read(seed)
		_, _ = random.Read(content)
		check(t, ed25519.NewKeyFromSeed(seed), sealedRecord{"krako-result-batch", "/krako/result-batch/1", content})
		check(t, ed25519.NewKeyFromSeed(seed), sealedRecord{"d", "\x7f\x01", content})
	}
}

// What contracts/envelope seals is, byte for byte, what libp2p seals with the
// same key, and libp2p accepts it.
func TestEnvelopeIsLibp2ps(t *testing.T) {
	eachSealedRecord(t, func(t *testing.T, key ed25519.PrivateKey, p sealedRecord) {
		t.Helper()
		ours, err := envelope.Seal(key, p.domain, p.kind, p.content)
		if err != nil {
			t.Fatal(err)
		}
		if theirs := sealWithLibp2p(t, key, p); !bytes.Equal(ours, theirs) {
			t.Fatalf("payload of %d bytes: ours %x, libp2p's %x", len(p.content), ours, theirs)
		}
		got := sealedRecord{domain: p.domain, kind: p.kind}
		e, err := record.ConsumeTypedEnvelope(ours, &got)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.content, p.content) || string(e.PayloadType) != p.kind {
			t.Fatalf("libp2p read %q of %d bytes", e.PayloadType, len(got.content))
		}
		// ConsumeEnvelope verifies before it looks for a registered type.
		if e, _, err := record.ConsumeEnvelope(ours, p.domain); !errors.Is(err, record.ErrPayloadTypeNotRegistered) {
			t.Fatalf("got %v, %v", e, err)
		}
		if _, _, err := record.ConsumeEnvelope(ours, p.domain+"x"); !errors.Is(err, record.ErrInvalidSignature) {
			t.Fatalf("another domain: got %v", err)
		}
	})
}

// What libp2p seals, contracts/envelope opens, and both call the signer the
// same.
func TestEnvelopeOpensLibp2ps(t *testing.T) {
	eachSealedRecord(t, func(t *testing.T, key ed25519.PrivateKey, p sealedRecord) {
		t.Helper()
		pub, kind, content, err := envelope.Open(sealWithLibp2p(t, key, p), p.domain)
		if err != nil {
			t.Fatal(err)
		}
		if !pub.Equal(key.Public()) || kind != p.kind || !bytes.Equal(content, p.content) {
			t.Fatalf("got %x, %q and %d bytes", pub, kind, len(content))
		}
		id, err := peer.IDFromPublicKey(libp2pKey(t, key).GetPublic())
		if err != nil {
			t.Fatal(err)
		}
		if ours := envelope.PeerID(pub); ours != id.String() {
			t.Fatalf("got peer id %s, want %s", ours, id)
		}
		if back, err := envelope.ParsePeerID(id.String()); err != nil || !back.Equal(pub) {
			t.Fatalf("peer id holds %x (%v)", back, err)
		}
	})
}

func libp2pKey(t *testing.T, key ed25519.PrivateKey) crypto.PrivKey {
	t.Helper()
	k, err := crypto.UnmarshalEd25519PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sealWithLibp2p(t *testing.T, key ed25519.PrivateKey, p sealedRecord) []byte {
	t.Helper()
	e, err := record.Seal(&p, libp2pKey(t, key))
	if err != nil {
		t.Fatal(err)
	}
	b, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}
