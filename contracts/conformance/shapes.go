package conformance

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/krako-labs/krako/contracts"
)

// shapes are graphs by the form of their edges.
func shapes() []test {
	return []test{
		{"single", func(c *trial) {
			c.wantAnswer(c.compare(graph(c.unit("a", "echo", input(`{"n":1}`)))), "a", `{"n":1}`)
		}},
		{"no_input", func(c *trial) { c.wantAnswer(c.compare(graph(c.unit("a", "echo"))), "a", `{}`) }},
		{"command", func(c *trial) {
			g := graph(c.unit("a", "echo", running(c.command), input(`{"n":1}`)), c.unit("b", "log", running(c.command), bind("a", "", "/in")))
			c.wantAnswer(c.compare(g), "b", `{"in":{"n":1}}`)
		}},
		{"every_cpu_type", func(c *trial) {
			a, b, d := c.unit("a", "echo"), c.unit("b", "echo", bind("a", "", "/a")), c.unit("d", "echo", bind("b", "", "/b"))
			b.Type, d.Type = contracts.Retrieval, contracts.SmallModel
			c.wantAnswer(c.compare(graph(a, b, d)), "d", `{"b":{"a":{}}}`)
		}},
		{"chain", func(c *trial) { c.wantAnswer(c.compare(chain(c, 3)), "u2", `{"sum":3}`) }},
		{"diamond", func(c *trial) {
			c.wantAnswer(c.compare(diamond(c)), "d", `{"sum":33}`)
		}},
		{"fan_100", func(c *trial) { c.wantAnswer(c.compare(fan(c, 100)), "sum", `{"sum":4950}`) }},
		{"wide_1000", func(c *trial) {
			var units []contracts.WorkUnit
			for i := range 1000 {
				units = append(units, c.unit(contracts.UnitID(fmt.Sprintf("u/%03d", i)), "add", input(`{"n":`+strconv.Itoa(i)+`}`)))
			}
			o := c.compare(graph(units...))
			c.wantAnswer(o, "u/999", `{"sum":999}`)
			if n := o.Telemetry.DeterministicTaskCount; n != 1000 {
				c.Errorf("%d of 1000 units succeeded", n)
			}
		}},
		{"deep_200", func(c *trial) { c.wantAnswer(c.compare(chain(c, 200)), "u199", `{"sum":200}`) }},
		{"priorities", priorities},
		{"at_once", atOnce},
		{"unobserved", func(c *trial) {
			r, err := c.Backend.Execute(c.ctx, diamond(c), contracts.ExecutionContext{}, nil)
			if err != nil || string(r.FinalOutput) != `{"sum":33}` {
				c.Errorf("execution without an observer: %v, %v", r, err)
			}
		}},
	}
}

// chain adds 1 to what the unit before gave, n times.
func chain(c *trial, n int) *contracts.TaskGraph {
	units := []contracts.WorkUnit{c.unit("u0", "add", input(`{"n":1}`))}
	for i := 1; i < n; i++ {
		u := c.unit(contracts.UnitID("u"+strconv.Itoa(i)), "add", input(`{"n":1}`), bind(units[i-1].ID, "/sum", "/m"))
		units = append(units, u)
	}
	return graph(units...)
}

func diamond(c *trial) *contracts.TaskGraph {
	return graph(
		c.unit("a", "add", input(`{"n":1}`)),
		c.unit("b", "add", input(`{"n":10}`), bind("a", "/sum", "/m")),
		c.unit("c", "add", input(`{"n":21}`), bind("a", "/sum", "/m")),
		c.unit("d", "add", bind("b", "/sum", "/b"), bind("c", "/sum", "/c")),
	)
}

// fan adds up 0 to n-1, each from a unit of its own.
func fan(c *trial, n int) *contracts.TaskGraph {
	sum := c.unit("sum", "add", input(`{"n":[]}`))
	var units []contracts.WorkUnit
	for i := range n {
		u := c.unit(contracts.UnitID("n"+strconv.Itoa(i)), "add", input(`{"n":`+strconv.Itoa(i)+`}`))
		units = append(units, u)
		bind(u.ID, "/sum", "/n/-")(&sum)
	}
	return graph(append(units, sum)...)
}

// priorities: of units that are ready together the most urgent is dispatched
// first, wherever it stands.
func priorities(c *trial) {
	var units []contracts.WorkUnit
	for _, p := range []contracts.Priority{contracts.P3, "", contracts.P0, contracts.P2, contracts.P1} {
		u := c.unit(contracts.UnitID("unit-"+p), "echo")
		u.Priority = p
		units = append(units, u)
	}
	o := c.compare(graph(units...))
	var order []string
	for _, e := range o.events {
		if e.Type == contracts.EventUnitScheduled {
			order = append(order, e.Subject)
		}
	}
	if got := strings.Join(order, " "); got != "unit-p0 unit-p1 unit- unit-p2 unit-p3" {
		c.Errorf("units are dispatched in the order %s", got)
	}
}

// atOnce runs several graphs together.
func atOnce(c *trial) {
	var all sync.WaitGroup
	for i := range 8 {
		g := fan(c, i+2)
		all.Go(func() {
			r, err := c.Backend.Execute(c.ctx, g, contracts.ExecutionContext{}, nil)
			want := fmt.Sprintf(`{"sum":%d}`, (i+2)*(i+1)/2)
			if err != nil || string(r.FinalOutput) != want {
				c.Errorf("graph %d: %v, %v, want %s", i, r, err, want)
			}
		})
	}
	all.Wait()
}
