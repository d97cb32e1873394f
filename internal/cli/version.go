package cli

import (
	"runtime"
	"runtime/debug"
)

// Version returns the version of this build: the module's, or the commit it
// was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "dev-" + s.Value[:12]
		}
	}
	return "dev"
}

// Platform returns system and architecture, e.g. linux/amd64.
func Platform() string { return runtime.GOOS + "/" + runtime.GOARCH }
