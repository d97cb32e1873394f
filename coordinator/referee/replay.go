package referee

import (
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/krako-labs/krako/contracts"
)

// Answer is what of a model's answer can be compared.
type Answer struct {
	Outcome contracts.Outcome
	// Output is undefined for an answer that failed.
	Output cid.Cid
	Use    contracts.ModelUse
}

// Verdict is what a comparison says.
type Verdict string

// The verdicts.
const (
	Same      Verdict = "same"
	Different Verdict = "different"
	// Void says that the two cannot be compared.
	Void Verdict = "void"
)

// profileReplay is the profile under which a class replays, gpu what marks the code
// path of a machine's graphics: nobody has measured that those replay.
const (
	profileReplay = "replay"
	gpu           = "+gpu"
)

// Replays reports whether a class promises that answers are the same byte for byte:
// it names a model's and a server's hash, the profile replay and a processor's code
// path. An attached server's or a downloaded model's promises nothing.
func Replays(class string) bool {
	part := strings.Split(class, "/")
	return len(part) == 4 && len(part[0]) == 16 && len(part[1]) == 12 && part[2] == profileReplay && part[3] != "" && !strings.HasSuffix(part[3], gpu)
}

// Checkable reports whether an answer can be made again and compared: it is of a
// class that replays, it is an answer, and all of it came from one pod.
func (a *Answer) Checkable() bool {
	return Replays(a.Use.Class) && a.Outcome == contracts.Succeeded && a.Output.Defined() && a.Use.Resumed == 0
}

// Drawn reports whether a coin (verify.Coin) orders a check, for a share of answers
// from 0 to 1.
func Drawn(coin uint64, share float64) bool { return float64(coin>>32)/(1<<32) < share }

// Compare compares an answer with the one that another pod of its class gave to the
// same call.
func Compare(first, second *Answer) Verdict {
	switch {
	case !first.Checkable() || second.Use.Class != first.Use.Class || second.Use.Model != first.Use.Model:
		return Void
	case second.Outcome == first.Outcome && second.Output.Equals(first.Output) && second.Use.TokensIn == first.Use.TokensIn && second.Use.TokensOut == first.Use.TokensOut:
		return Same
	}
	return Different
}
