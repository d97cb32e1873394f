package envelope_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts/envelope"
)

// vectors is testdata/vectors/envelope.json; its README explains the fields.
type vectors struct {
	Sealed []struct {
		Name, Domain string
		Seed         hexBytes `json:"seed_hex"`
		PublicKey    hexBytes `json:"public_key_hex"`
		PeerID       string   `json:"peer_id"`
		PayloadType  hexBytes `json:"payload_type_hex"`
		Payload      hexBytes `json:"payload_hex"`
		Envelope     hexBytes `json:"envelope_hex"`
	}
	Refused []struct {
		Name, Domain string
		Envelope     hexBytes `json:"envelope_hex"`
	}
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "vectors", "envelope.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVectorsSealed(t *testing.T) {
	for _, v := range readVectors(t).Sealed {
		t.Run(v.Name, func(t *testing.T) {
			key := ed25519.NewKeyFromSeed(v.Seed)
			got, err := envelope.Seal(key, v.Domain, string(v.PayloadType), v.Payload)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, v.Envelope) {
				t.Errorf("got  %x\nwant %x", got, v.Envelope)
			}
			pub, payloadType, payload, err := envelope.Open(v.Envelope, v.Domain)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(pub, v.PublicKey) || payloadType != string(v.PayloadType) || !bytes.Equal(payload, v.Payload) {
				t.Errorf("got %x, %q, %x", pub, payloadType, payload)
			}
			if id := envelope.PeerID(pub); id != v.PeerID {
				t.Errorf("got peer id %s, want %s", id, v.PeerID)
			}
			if back, err := envelope.ParsePeerID(v.PeerID); err != nil || !back.Equal(pub) {
				t.Errorf("peer id holds %x (%v), want %x", back, err, pub)
			}
		})
	}
}

func TestVectorsRefused(t *testing.T) {
	for _, v := range readVectors(t).Refused {
		t.Run(v.Name, func(t *testing.T) {
			_, _, _, err := envelope.Open(v.Envelope, v.Domain)
			if _, ok := errors.AsType[*envelope.Error](err); !ok {
				t.Errorf("got %v, want an *envelope.Error", err)
			}
		})
	}
}

// Every bit of an envelope matters.
func TestEveryFlippedBitIsRefused(t *testing.T) {
	v := readVectors(t).Sealed[0]
	for at := range v.Envelope {
		for bit := range 8 {
			b := bytes.Clone(v.Envelope)
			b[at] ^= 1 << bit
			if _, _, _, err := envelope.Open(b, v.Domain); err == nil {
				t.Errorf("bit %d of byte %d flipped: no error", bit, at)
			}
		}
	}
}

func TestSealRefuses(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	long := strings.Repeat("x", envelope.MaxLabel+1)
	for name, seal := range map[string]func() ([]byte, error){
		"no key":       func() ([]byte, error) { return envelope.Seal(nil, "d", "t", nil) },
		"no domain":    func() ([]byte, error) { return envelope.Seal(key, "", "t", nil) },
		"no type":      func() ([]byte, error) { return envelope.Seal(key, "d", "", nil) },
		"long domain":  func() ([]byte, error) { return envelope.Seal(key, long, "t", nil) },
		"long type":    func() ([]byte, error) { return envelope.Seal(key, "d", long, nil) },
		"long payload": func() ([]byte, error) { return envelope.Seal(key, "d", "t", make([]byte, envelope.MaxPayload+1)) },
	} {
		if b, err := seal(); err == nil {
			t.Errorf("%s: got %x", name, b)
		}
	}
}

func TestParsePeerIDRefuses(t *testing.T) {
	good := readVectors(t).Sealed[0].PeerID
	for name, id := range map[string]string{
		"nothing":          "",
		"a character less": good[:len(good)-1],
		"a character more": good + "1",
		"a leading zero":   "1" + good,
		"not base58":       strings.Replace(good, "K", "0", 1),
		"an RSA key":       "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
		"a CID":            "bafzaajaiaejcahxjg7ajuhd44hbklyixwyd5wbs2uh4fpmqcfqajgvvgjmqtygk2",
		"very long":        strings.Repeat("1", 1<<20),
	} {
		if pub, err := envelope.ParsePeerID(id); err == nil {
			t.Errorf("%s: got %x", name, pub)
		}
	}
}

// FuzzOpen checks that whatever opens is what Seal would have written, which
// without the key means: nothing but the vectors.
func FuzzOpen(f *testing.F) {
	v := readVectors(f)
	known := map[string]bool{}
	for _, s := range v.Sealed {
		known[string(s.Envelope)] = true
		f.Add([]byte(s.Envelope), s.Domain)
	}
	for _, r := range v.Refused {
		f.Add([]byte(r.Envelope), r.Domain)
	}
	f.Fuzz(func(t *testing.T, b []byte, domain string) {
		if _, _, _, err := envelope.Open(b, domain); err == nil && !known[string(b)] {
			t.Fatalf("opens for %q: %x", domain, b)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	v := readVectors(b).Sealed[0]
	for b.Loop() {
		if _, _, _, err := envelope.Open(v.Envelope, v.Domain); err != nil {
			b.Fatal(err)
		}
	}
}
