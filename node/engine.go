package node

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/krako-labs/krako/internal/p2p"
	"github.com/krako-labs/krako/internal/sandbox"
)

// enginePath is the module whose version tells engines apart.
const enginePath = "github.com/tetratelabs/wazero"

// engine names what executes units here: results that differ between engines
// are told from cheating by it.
func engine() string {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == enginePath {
				version = dep.Version
			}
		}
	}
	return fmt.Sprintf("wazero/%s compiler %s", version, runtime.GOARCH)
}

// hello is how the node introduces itself.
func (c *Config) hello() p2p.Hello {
	return p2p.Hello{
		Kind: "node", Version: c.Version, Profiles: []string{sandbox.Profile}, Engine: engine(),
		Slots: c.Slots, MemoryMB: c.MemoryMB, Tags: c.Tags, Region: c.Region,
	}
}
