package main

import (
	"bytes"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/krako-labs/krako/wasmtasks/render/tracer"
)

// asGuest makes the test binary be the native build of the guest.
const asGuest = "KRAKO_TEST_AS_GUEST"

func TestMain(m *testing.M) {
	if os.Getenv(asGuest) != "" {
		main()
	}
	os.Exit(m.Run())
}

// guest runs an entry in a process of its own.
func guest(t *testing.T, input string, args ...string) (stdout []byte, stderr string, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asGuest+"=1")
	cmd.Stdin = strings.NewReader(input)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	err = cmd.Run()
	return out.Bytes(), log.String(), err
}

func TestTilesBecomeAPicture(t *testing.T) {
	dir := t.TempDir()
	for x, input := range map[int]string{
		0:  `{"h":18,"height":18,"samples":1,"seed":1,"w":20,"width":32,"x":0,"y":0}`,
		20: `{"h":18,"height":18,"samples":1,"seed":1,"w":12,"width":32,"x":20,"y":0}`,
	} {
		pixels, stderr, err := guest(t, input, "tile")
		if err != nil {
			t.Fatalf("tile: %v: %s", err, stderr)
		}
		if err := os.WriteFile(filepath.Join(dir, tracer.TileName(x, 0)), pixels, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, stderr, err := guest(t, `{"height":18,"tile_height":18,"tile_width":20,"width":32}`, "assemble", dir)
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
			out, stderr, err := guest(t, tc.input, tc.entry, t.TempDir())
			if err == nil || !strings.Contains(stderr, tc.want) || len(out) != 0 {
				t.Errorf("error %v, log %q, output %q", err, stderr, out)
			}
		})
	}
}
