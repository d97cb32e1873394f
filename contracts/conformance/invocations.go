package conformance

import (
	"encoding/json"
	"slices"

	"github.com/krako-labs/krako/contracts"
)

// invocations are what units become before they are run.
func invocations() []test {
	return []test{
		{"defaults_are_filled", func(c *trial) {
			inv := c.invocation(c.compare(graph(c.unit("a", "echo"))).task("a"))
			if inv.V != 1 || inv.Profile != contracts.ProfileDet1 || inv.Fuel != contracts.DefaultFuel || inv.MemoryPages != contracts.DefaultMemoryPages {
				c.Errorf("invocation is %+v", inv)
			}
			if string(inv.Input.Inline) != `{}` || inv.Salt != nil || inv.Blobs != nil {
				c.Errorf("input %q, salt %x, blobs %v", inv.Input.Inline, inv.Salt, inv.Blobs)
			}
		}},
		{"constraints_are_taken", func(c *trial) {
			inv := c.invocation(c.compare(graph(c.unit("a", "echo", fuel(1_000_000), memory(3)))).task("a"))
			if inv.Fuel != 1_000_000 || inv.MemoryPages != 3*contracts.PagesPerMB {
				c.Errorf("%d fuel, %d pages", inv.Fuel, inv.MemoryPages)
			}
		}},
		{"budget_is_no_part", func(c *trial) {
			g := graph(c.unit("a", "add", fuel(1_000_000)), c.unit("b", "echo", bind("a", "", "/x"), fuel(1_000_000)))
			g.Budgets.MaxFuel = new(int64(1_900_000))
			inv := c.invocation(c.compare(g).task("b"))
			if inv.Fuel != 1_000_000 {
				c.Errorf("unit was run with %d fuel, declared are 1000000", inv.Fuel)
			}
		}},
		{"input_is_canonical", func(c *trial) {
			u := c.unit("b", "echo", bind("a", "/list", "/list"), bind("a", "/z", "/a"))
			u.Input = contracts.JSON(`{"é":1,"z":{"b":2,"a":1},"":0}`)
			want, err := contracts.NewJSON([]byte(`{"é":1,"z":{"b":2,"a":1},"":0,"list":[1,0.1,100,-0.0],"a":9007199254740991}`))
			if err != nil {
				c.Fatal(err)
			}
			list, err := contracts.NewJSON([]byte(`{"list":[1.0,1e-1,1E2,-0],"z":9007199254740991}`))
			if err != nil {
				c.Fatal(err)
			}
			inv := c.invocation(c.compare(graph(c.unit("a", "echo", input(string(list))), u)).task("b"))
			if string(inv.Input.Inline) != string(want) {
				c.Errorf("input is %s, want %s", inv.Input.Inline, want)
			}
		}},
		{"blobs_are_linked", func(c *trial) {
			u := c.unit("b", "concat", mount("a", "x"), blob("y", c.noise))
			o := c.compare(graph(c.unit("a", "text"), u))
			inv := c.invocation(o.task("b"))
			if len(inv.Blobs) != 2 || !inv.Blobs["x"].Equals(o.task("a").Output.CID.Cid) || !inv.Blobs["y"].Equals(c.noise.Cid) {
				c.Errorf("blobs are %v", inv.Blobs)
			}
		}},
		{"INV2_private_is_salted", privacy},
		{"private_by_default", func(c *trial) {
			g := graph(c.unit("a", "echo"))
			g.Policies = &contracts.Policies{PrivacyDefault: contracts.LocalOnly}
			if inv := c.invocation(c.compare(g).task("a")); len(inv.Salt) == 0 {
				c.Error("unit has no salt")
			}
		}},
	}
}

// privacy: local_only spreads along binds and nowhere else; exactly the units
// that are have a salt, and are placed as such.
func privacy(c *trial) {
	o := c.compare(graph(
		c.unit("open", "echo"), c.unit("private", "echo", private), c.unit("bound", "echo", bind("private", "", "/x")),
		c.unit("bound2", "concat", mount("bound", "x")), c.unit("after", "echo", after("private")), c.unit("again", "echo", private),
	))
	local := []contracts.UnitID{"private", "bound", "bound2", "again"}
	for i := range o.Telemetry.Tasks {
		t := &o.Telemetry.Tasks[i]
		if salt := c.invocation(t).Salt; (len(salt) > 0) != slices.Contains(local, t.TaskID) {
			c.Errorf("unit %s has salt %x", t.TaskID, salt)
		}
	}
	if o.task("private").UnitCID != o.task("again").UnitCID {
		c.Error("a tenant has two salts")
	}
	for _, e := range o.events {
		var d contracts.UnitScheduled
		if e.Type != contracts.EventUnitScheduled {
			continue
		}
		if err := json.Unmarshal(e.Data, &d); err != nil {
			c.Error(err)
		}
		if (d.Privacy == contracts.LocalOnly) != slices.Contains(local, contracts.UnitID(e.Subject)) {
			c.Errorf("unit %s was placed as %s", e.Subject, d.Privacy)
		}
	}
}
