package cli

import (
	"os"
	"runtime/debug"
)

// CollectAt lets the heap grow by so many percent of what lives in it before the
// next collection, unless GOGC says otherwise. A daemon that makes much garbage
// beside little that lives would else collect, give memory back and ask for it
// again many times a second.
func CollectAt(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
