package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"testing"
)

// The coin must be independent of everything an assignment carries. Over 10⁶
// draws its bits do not depend on node, offset parity or commitment (chi-square,
// p > 0.001).
func TestCoinIsIndependent(t *testing.T) {
	draws := 1_000_000
	if testing.Short() {
		draws = 100_000
	}
	p := DefaultPolicy()
	p.AuditRate = 0.5
	coins := NewCoins([]byte("a secret of the coordinator"))
	var seen [3][16][2]float64
	for i := range draws {
		var d Digest
		binary.LittleEndian.PutUint64(d[:], uint64(i)*0x9e3779b97f4a7c15)
		node, size, replica := i%16, int(d[7])%16, i/3%16
		audited := 0
		if p.toss(coins.Coin(uint64(i), d), 1) != noAudit {
			audited = 1
		}
		for k, class := range []int{node, size, replica} {
			seen[k][class][audited]++
		}
	}
	for k, name := range []string{"node", "size", "replica"} {
		chi := 0.0
		for _, c := range seen[k] {
			for _, n := range c {
				want := (c[0] + c[1]) / 2
				chi += (n - want) * (n - want) / want
			}
		}
		// 16 classes give 16 degrees of freedom; 39.3 is the 0.999 quantile.
		if chi > 39.3 {
			t.Errorf("audits depend on %s: χ² is %.1f", name, chi)
		}
	}
}

func TestTossKeepsItsRates(t *testing.T) {
	p := DefaultPolicy()
	var n [3]int
	const draws = 400_000
	coins := NewCoins([]byte("s"))
	for i := range uint64(draws) {
		n[p.toss(coins.Coin(i, Digest{}), 1)]++
	}
	for a, want := range map[audit]float64{byTrusted: p.AuditRate * p.TrustedShare, byReplica: p.AuditRate * (1 - p.TrustedShare)} {
		sigma := math.Sqrt(want * draws)
		if math.Abs(float64(n[a])-want*draws) > 5*sigma {
			t.Errorf("audit kind %d came %d times in %d, want about %.0f", a, n[a], draws, want*draws)
		}
	}
}

// A group of several is never audited by a replica: a ring would confirm itself.
func TestGroupsAreAuditedByTheTrustedZone(t *testing.T) {
	p := DefaultPolicy()
	p.AuditRate = 1
	coins := NewCoins([]byte("s"))
	for i := range uint64(10_000) {
		if p.toss(coins.Coin(i, Digest{}), 2) == byReplica {
			t.Fatal("a group was audited by a replica")
		}
	}
}

// What is drawn is the HMAC-SHA256 of offset and commitment, whatever was drawn
// before: another implementation, or a replay, draws the same.
func TestCoinIsTheHMAC(t *testing.T) {
	secret, coins := []byte("s"), NewCoins([]byte("s"))
	for i := range uint64(3) {
		d := Digest{byte(i)}
		m := hmac.New(sha256.New, secret)
		m.Write(binary.BigEndian.AppendUint64(nil, i))
		m.Write(d[:])
		if got, want := coins.Coin(i, d), binary.BigEndian.Uint64(m.Sum(nil)); got != want {
			t.Errorf("draw %d is %x, want %x", i, got, want)
		}
	}
}

func BenchmarkCoin(b *testing.B) {
	coins := NewCoins([]byte("s"))
	b.ReportAllocs()
	var i uint64
	for b.Loop() {
		i++
		coins.Coin(i, Digest{})
	}
}
