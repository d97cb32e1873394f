// Package ui is the page of KORA Studio as it is built from src: dist is made by
// "npm ci && npm run build" here, is committed, and is built again and compared by
// scripts/test, so that the go command needs no Node.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the files of the page.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("ui: " + err.Error()) // the name is a valid one
	}
	return sub
}
