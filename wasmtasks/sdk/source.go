//go:build !wasip1

package sdk

import "embed"

// Source is this package's own source, for tools that give a copy of it to
// programs outside this repository. It is no part of a guest.
//
//go:embed *.go
var Source embed.FS
