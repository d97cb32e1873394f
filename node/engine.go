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
func engine(kind string) string {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == enginePath {
				version = dep.Version
			}
		}
	}
	return fmt.Sprintf("wazero/%s %s %s", version, kind, runtime.GOARCH)
}

// hello is how the node introduces itself.
func (c *Config) hello() p2p.Hello {
	profile := sandbox.Profile
	if c.Engine == EngineInterpreter {
		profile = p2p.CrossProfile(profile)
	}
	return p2p.Hello{
		Kind: "node", Version: c.Version, Profiles: []string{profile}, Engine: engine(c.Engine),
		Slots: c.Slots, MemoryMB: c.MemoryMB, Tags: c.Tags, Region: c.Region,
	}
}
