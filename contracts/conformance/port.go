package conformance

import (
	"slices"

	"github.com/krako-labs/krako/contracts"
)

// port is what a backend says of itself.
func port() []test {
	return []test{
		{"health", func(c *trial) {
			h, err := c.Backend.Health(c.ctx)
			if err != nil {
				c.Fatal(err)
			}
			k := h.Capacity
			if h.State != contracts.Healthy || h.Version == "" || k.Slots < 1 || k.FreeSlots < 0 || k.FreeSlots > k.Slots || k.Nodes < 1 || k.Queued < 0 {
				c.Errorf("health is %+v", h)
			}
		}},
		{"capabilities", func(c *trial) {
			k, err := c.Backend.Capabilities(c.ctx)
			if err != nil {
				c.Fatal(err)
			}
			most, limits := contracts.DefaultLimits(), k.Limits
			switch {
			case !slices.Contains(k.Profiles, contracts.ProfileDet1) || !slices.Contains(k.TaskTypes, contracts.Deterministic):
				c.Errorf("profiles %v, task types %v", k.Profiles, k.TaskTypes)
			case k.Distributed != c.Distributed || k.MaxConcurrency < 1:
				c.Errorf("distributed %t, concurrency %d", k.Distributed, k.MaxConcurrency)
			case limits.MaxUnits > most.MaxUnits || limits.MaxDepth > most.MaxDepth || limits.MaxFanIn > most.MaxFanIn ||
				limits.MaxGraphBytes > most.MaxGraphBytes || limits.MaxBlockBytes > most.MaxBlockBytes || limits.MaxOutputBytes > most.MaxOutputBytes:
				c.Errorf("limits %+v are above the contract's", limits)
			}
		}},
		{"compatible", func(c *trial) {
			k, err := c.Backend.Capabilities(c.ctx)
			if err != nil {
				c.Fatal(err)
			}
			if err := k.Compatible(); err != nil {
				c.Error(err)
			}
			later := k
			later.InterfaceVersion = "2.0"
			c.wantError(later.Compatible(), contracts.CodeVersionMismatch, "2.0")
			k.SchemaVersions = []string{"2.0"}
			c.wantError(k.Compatible(), contracts.CodeVersionMismatch, "")
		}},
	}
}
