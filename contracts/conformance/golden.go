package conformance

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/krako-labs/krako/contracts"
)

//go:embed golden.json
var goldenJSON []byte

// golden is what cases leave behind, by name.
type golden map[string]*remains

// remains is what is deterministic of one execution.
type remains struct {
	State       contracts.SessionState `json:"state"`
	StopReason  contracts.StopReason   `json:"stop_reason"`
	Code        contracts.Code         `json:"code,omitempty"`
	Offender    string                 `json:"offender,omitempty"`
	FinalUnit   contracts.UnitID       `json:"final_unit,omitempty"`
	FinalOutput contracts.JSON         `json:"final_output,omitzero"`
	FuelUsed    uint64                 `json:"fuel_used"`
	Units       []unitRemains          `json:"units,omitempty"`
	// UnitsSHA256 stands for the units of a large graph.
	UnitsSHA256 string `json:"units_sha256,omitempty"`
	// Story is every event in order; only where the graph leaves no other order.
	Story []string `json:"story,omitempty"`
}

type unitRemains struct {
	ID         contracts.UnitID     `json:"id"`
	Status     contracts.UnitState  `json:"status"`
	StopReason contracts.StopReason `json:"stop_reason"`
	Code       contracts.Code       `json:"code,omitempty"`
	Retries    int                  `json:"retries,omitempty"`
	// UnitCID and ResultCID are left out of units with a tenant's salt, which is
	// the backend's secret.
	UnitCID   string `json:"unit_cid,omitempty"`
	ResultCID string `json:"result_cid,omitempty"`
	OutputCID string `json:"output_cid,omitempty"`
	MediaType string `json:"media_type,omitempty"`
	Bytes     uint64 `json:"bytes,omitempty"`
	FuelUsed  uint64 `json:"fuel_used,omitempty"`
	// Check is what the unit's checker was run as, and what came of that.
	Check string `json:"check,omitempty"`
	// Events are the types of the unit's events, in order.
	Events string `json:"events"`
}

func readGolden() (golden, error) {
	var g golden
	if err := json.Unmarshal(goldenJSON, &g); err != nil {
		return nil, fmt.Errorf("read golden.json: %w", err)
	}
	return g, nil
}

// encode writes one line for each unit, so that a difference shows where it is.
func (g golden) encode() ([]byte, error) {
	b := []byte("{")
	for i, name := range slices.Sorted(maps.Keys(g)) {
		text, err := g[name].encode()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "\n%q: %s", name, text)
	}
	return append(b, "\n}\n"...), nil
}

func (r *remains) encode() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	for _, cut := range []string{`{"id":`, `"units":`, `"story":`} {
		b = bytes.ReplaceAll(b, []byte(cut), []byte("\n "+cut))
	}
	return b, nil
}

// golden compares an execution with what golden.json says of the case; variant
// tells several executions of one case apart.
func (c *trial) golden(o *outcome, variant string) {
	c.Helper()
	name := c.name
	if variant != "" {
		name += "#" + variant
	}
	got := c.remains(o)
	c.got[name] = got
	if c.want == nil {
		return
	}
	c.same(name)
}

// inOrder compares the order of all events as well. The graph must leave only
// one.
func (c *trial) inOrder(o *outcome) {
	c.Helper()
	r := *c.remains(o)
	r.Units = nil
	for _, e := range o.events {
		r.Story = append(r.Story, strings.TrimSpace(e.Subject+" "+string(e.Type)))
	}
	name := c.name + "#story"
	c.got[name] = &r
	if c.want != nil {
		c.same(name)
	}
}

// same compares what an execution left behind with golden.json.
func (c *trial) same(name string) {
	c.Helper()
	want, err := c.want[name].encode()
	if err != nil {
		c.Fatal(err)
	}
	got, err := c.got[name].encode()
	if err != nil {
		c.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		c.Errorf("%s is not as in golden.json (-want +got):\n%s", name, d)
	}
}

func (c *trial) remains(o *outcome) *remains {
	c.Helper()
	m := &o.Metadata
	r := &remains{
		State: m.State, StopReason: m.StopReason, FinalUnit: m.FinalUnit, FinalOutput: o.FinalOutput, FuelUsed: o.Telemetry.FuelUsed,
	}
	if m.Error != nil {
		r.Code = m.Error.Code
		if m.Error.Offender != string(o.Telemetry.ExecutionSessionID) { // which is another every time
			r.Offender = m.Error.Offender
		}
	}
	events := map[contracts.UnitID]string{}
	for _, e := range o.events {
		events[contracts.UnitID(e.Subject)] += " " + strings.TrimPrefix(string(e.Type), "workunit.")
	}
	for i := range o.Telemetry.Tasks {
		t := &o.Telemetry.Tasks[i]
		u := unitRemains{
			ID: t.TaskID, Status: t.Status, StopReason: t.StopReason, Code: codeOf(t.Error), Retries: t.RetryCount,
			UnitCID: t.UnitCID, ResultCID: t.ResultCID, FuelUsed: t.FuelUsed, Events: strings.TrimPrefix(events[t.TaskID], " "),
		}
		if out := t.Output; out != nil {
			u.OutputCID, u.MediaType, u.Bytes = out.CID.String(), out.MediaType, out.Bytes
		}
		if t.UnitCID != "" && salted(o.graph, i) {
			u.UnitCID, u.ResultCID = "", ""
		} else if t.Check != nil {
			u.Check = t.Check.UnitCID + " " + t.Check.ResultCID
		}
		r.Units = append(r.Units, u)
	}
	r.shorten(c)
	return r
}

// shorten replaces the units of a large graph by their digest.
func (r *remains) shorten(c *trial) {
	c.Helper()
	const most = 16
	if len(r.Units) <= most {
		return
	}
	b, err := json.Marshal(r.Units)
	if err != nil {
		c.Fatal(err)
	}
	sum := sha256.Sum256(b)
	r.Units, r.UnitsSHA256 = nil, hex.EncodeToString(sum[:])
}

// salted reports whether a unit's invocation carries the tenant's salt.
func salted(g *contracts.TaskGraph, i int) bool {
	u := &g.WorkUnits[i]
	if u.Constraints != nil && u.Constraints.Privacy == contracts.LocalOnly || g.Policies != nil && g.Policies.PrivacyDefault == contracts.LocalOnly {
		return true
	}
	for _, b := range u.Bind {
		for k := range g.WorkUnits {
			if g.WorkUnits[k].ID == b.From && salted(g, k) {
				return true
			}
		}
	}
	return false
}
