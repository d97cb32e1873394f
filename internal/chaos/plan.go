package chaos

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/contracts/jcs"
)

// Act is what the node does to one unit.
type Act string

// The acts.
const (
	Honest     Act = "honest"
	Lie        Act = "lie"        // signs a wrong output
	Equivocate Act = "equivocate" // signs the right result and then a wrong one for the same lease
	Copy       Act = "copy"       // computes nothing and signs the last output that it computed
	Stall      Act = "stall"      // keeps the lease in its heartbeats and never answers
	Vanish     Act = "vanish"     // leaves without a word and comes back with no memory of its leases
	Duplicate  Act = "duplicate"  // sends its batch twice
	Reorder    Act = "reorder"    // sends its batch after the next one
	OldSeq     Act = "old_seq"    // signs with a number that it has used
	Fault      Act = "fault"      // says that it could not run the unit
)

// acts are all but Honest, in the order in which a draw is divided among them.
var acts = []Act{Lie, Equivocate, Copy, Stall, Vanish, Duplicate, Reorder, OldSeq, Fault}

// Plan is how often the node does what. What is left of 1 is honest.
type Plan struct {
	// Seed decides which units are treated how.
	Seed uint64 `json:"seed"`
	// Rates are the shares of units, by act; together at most 1.
	Rates map[Act]float64 `json:"rates"`
	// HonestFor is how many units are treated honestly first: a sleeper.
	HonestFor int `json:"honest_for,omitempty"`
	// Ring is shared by nodes that tell the same lies about the same units; without
	// one the lies are the node's own.
	Ring string `json:"ring,omitempty"`
	// AwayMS is how long the node stays away when it vanishes, in milliseconds.
	AwayMS int `json:"away_ms,omitempty"`
}

const maxAwayMS = 600_000

// ParsePlan reads a plan, strictly. The error is VALIDATION_ERROR naming the
// member.
func ParsePlan(text []byte) (Plan, error) {
	var p Plan
	if err := jcs.DecodeStrict(text, &p); err != nil {
		return p, contracts.Errorf(contracts.CodeValidation, "plan", "%w", err)
	}
	sum := 0.0
	for act, rate := range p.Rates {
		if !known(act) {
			return p, contracts.Errorf(contracts.CodeValidation, "rates", "%.40q is no act", act)
		}
		if !(rate >= 0 && rate <= 1) {
			return p, contracts.Errorf(contracts.CodeValidation, "rates", "%s is %v, not 0 to 1", act, rate)
		}
		sum += rate
	}
	switch {
	case sum > 1+1e-9:
		return p, contracts.Errorf(contracts.CodeValidation, "rates", "add up to %v, at most 1", sum)
	case p.HonestFor < 0:
		return p, contracts.Errorf(contracts.CodeValidation, "honest_for", "is %d, less than 0", p.HonestFor)
	case p.AwayMS < 0 || p.AwayMS > maxAwayMS:
		return p, contracts.Errorf(contracts.CodeValidation, "away_ms", "is %d, not 0 to %d", p.AwayMS, maxAwayMS)
	}
	return p, nil
}

func known(a Act) bool {
	for _, k := range acts {
		if k == a {
			return true
		}
	}
	return false
}

// act is what the node does to a unit when it has done done before.
func (p *Plan) act(unit cid.Cid, done int) Act {
	if done < p.HonestFor {
		return Honest
	}
	draw := float64(digest("act", strconv.FormatUint(p.Seed, 10), unit)>>11) / (1 << 53)
	for _, a := range acts {
		if draw -= p.Rates[a]; draw < 0 {
			return a
		}
	}
	return Honest
}

func (p *Plan) away() time.Duration { return time.Duration(p.AwayMS) * time.Millisecond }

// falsify returns a wrong output that looks right: JSON stays JSON, of the same
// shape where it has a number. Members of a ring make the same one.
func (p *Plan) falsify(unit cid.Cid, output []byte, mediaType string) []byte {
	salt := p.Ring
	if salt == "" {
		salt = "alone " + strconv.FormatUint(p.Seed, 10)
	}
	h := digest("lie", salt, unit)
	wrong := append([]byte{}, output...)
	for i := len(wrong) - 1; i >= 0; i-- {
		if d := wrong[i]; d >= '1' && d <= '9' { // never a leading zero more or less
			wrong[i] = '1' + byte((uint64(d-'1')+1+h%8)%9)
			return wrong
		}
	}
	if mediaType == contracts.DefaultMediaType || len(wrong) == 0 {
		return fmt.Appendf(nil, `"%016x"`, h)
	}
	wrong[len(wrong)-1] ^= 1 + byte(h%127)
	return wrong
}

func digest(what, salt string, unit cid.Cid) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "krako chaos %s\x00%s\x00%s", what, salt, unit))
	return binary.BigEndian.Uint64(sum[:])
}
