package llmpod

import (
	"bytes"
	"strings"
)

// telling are the features by which llama.cpp's CPU code paths differ in what
// they compute, the widest first; measured: all with AVX-512 agree bit for bit,
// those below do not agree with them or with each other.
var telling = [...]string{"avx512f", "avx2", "avx", "sse4_2", "sve", "asimddp", "asimd"}

// features returns the first telling feature that a processor description names.
func features(cpuinfo []byte) string {
	for line := range bytes.Lines(cpuinfo) {
		name, list, ok := bytes.Cut(line, []byte(":"))
		if key := strings.TrimSpace(string(name)); !ok || key != "flags" && key != "Features" {
			continue
		}
		have := map[string]bool{}
		for _, f := range strings.Fields(string(list)) {
			have[f] = true
		}
		for _, f := range telling {
			if have[f] {
				return f
			}
		}
	}
	return "plain"
}
