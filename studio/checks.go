package studio

import (
	"encoding/json"

	"github.com/krako-labs/krako/contracts"
)

// Check is what a unit's own checker (verify_with) found of a result of it.
type Check struct {
	// Program is the checker.
	Program string `json:"program"`
	// Verdict is valid, refused, or none where the checker said neither; Reason is why.
	Verdict string `json:"verdict" enum:"valid,refused,none"`
	Reason  string `json:"reason"`
	// Node ran it; Attempt is the try whose result it looked at.
	Node    string `json:"node"`
	Attempt int    `json:"attempt"`
	// AtMS is when it was known, in milliseconds since the run began; absent where the
	// events of the run are not kept.
	AtMS *float64 `json:"at_ms,omitempty"`
	// UnitCID is the checker's invocation, ResultCID what came of it.
	UnitCID   string `json:"unit_cid"`
	ResultCID string `json:"result_cid"`
}

// checksOf lists what a unit's checker found, from the events of its ends; where there
// are none, from what is told of the unit in the end.
func checksOf(u *contracts.WorkUnit, t *contracts.TaskTelemetry, raw json.RawMessage) []Check {
	out := []Check{}
	if u.VerifyWith == nil {
		return out
	}
	program := programOf(u.VerifyWith)
	events := eventsOf(raw)
	for i := range events {
		e := &events[i]
		if e.Subject != string(u.ID) || e.Replica() > 0 {
			continue
		}
		var end contracts.UnitEnded
		if json.Unmarshal(e.Data, &end) != nil || end.Check == nil {
			continue
		}
		k := checkOf(program, end.Check, end.Error)
		k.AtMS, k.Attempt = new(since(events, i)), max(1, int(e.Attempt))
		out = append(out, k)
	}
	if len(out) == 0 && t != nil && t.Check != nil {
		k := checkOf(program, t.Check, t.Error)
		k.Attempt = t.RetryCount + 1
		out = append(out, k)
	}
	return out
}

func checkOf(program string, c *contracts.Check, failure *contracts.Error) Check {
	k := Check{Program: program, Verdict: "none", Node: string(c.Node), UnitCID: c.UnitCID, ResultCID: c.ResultCID}
	switch {
	case c.Valid:
		k.Verdict = "valid"
	case failure != nil:
		if k.Reason = failure.Message; failure.Code == contracts.CodeBadOutput {
			k.Verdict = "refused"
		}
	}
	return k
}
