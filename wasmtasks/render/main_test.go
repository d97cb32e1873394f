package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/render/tracer"
	"github.com/krako-labs/krako/wasmtasks/sdk/sdktest"
)

func TestMain(m *testing.M) { sdktest.Main(m, main) }

func TestTilesBecomeAPicture(t *testing.T) {
	dir := t.TempDir()
	for x, input := range map[int]string{
		0:  `{"h":18,"height":18,"samples":1,"seed":1,"w":20,"width":32,"x":0,"y":0}`,
		20: `{"h":18,"height":18,"samples":1,"seed":1,"w":12,"width":32,"x":20,"y":0}`,
	} {
		pixels, stderr, err := sdktest.Run(t, "tile", input, dir)
		if err != nil {
			t.Fatalf("tile: %v: %s", err, stderr)
		}
		if err := os.WriteFile(filepath.Join(dir, tracer.TileName(x, 0)), pixels, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, stderr, err := sdktest.Run(t, "assemble", `{"height":18,"tile_height":18,"tile_width":20,"width":32}`, dir)
	if err != nil {
		t.Fatalf("assemble: %v: %s", err, stderr)
	}
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil || picture.Bounds().Dx() != 32 || picture.Bounds().Dy() != 18 {
		t.Errorf("picture of %v, error %v", picture.Bounds(), err)
	}
}

func TestFailuresNameWhatIsWrong(t *testing.T) {
	for _, tc := range []struct{ name, entry, input, want string }{
		{"misspelt parameter", "tile", `{"sample":1}`, `unknown field "sample"`},
		{"bad parameter", "tile", `{"width":0}`, "width: 0 is not"},
		{"missing tile", "assemble", `{"height":1,"tile_height":1,"tile_width":1,"width":1}`, `blob "tile-x00000-y00000": not mounted`},
		{"unknown entry", "tiles", `{}`, `no entry "tiles"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, stderr, err := sdktest.Run(t, tc.entry, tc.input, t.TempDir())
			if err == nil || !strings.Contains(stderr, tc.want) || len(out) != 0 {
				t.Errorf("error %v, log %q, output %q", err, stderr, out)
			}
		})
	}
}
