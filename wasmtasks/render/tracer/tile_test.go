package tracer

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"io/fs"
	"strings"
	"testing"
)

func render(t *testing.T, p Params) []byte {
	t.Helper()
	pixels, err := Tile(p)
	if err != nil {
		t.Fatal(err)
	}
	if len(pixels) != 3*p.W*p.H {
		t.Fatalf("%d bytes for %d×%d pixels", len(pixels), p.W, p.H)
	}
	return pixels
}

func TestPictureDoesNotDependOnHowItIsCut(t *testing.T) {
	const width, height = 64, 36
	whole := render(t, Params{Width: width, Height: height, W: width, H: height, Samples: 2, Seed: 9})
	for _, size := range [][2]int{{16, 12}, {25, 36}, {64, 7}} {
		for _, r := range (Layout{Width: width, Height: height, TileWidth: size[0], TileHeight: size[1]}).Tiles() {
			tile := render(t, Params{Width: width, Height: height, X: r.Min.X, Y: r.Min.Y, W: r.Dx(), H: r.Dy(), Samples: 2, Seed: 9})
			for y := range r.Dy() {
				from := 3 * ((r.Min.Y+y)*width + r.Min.X)
				if !bytes.Equal(tile[3*y*r.Dx():3*(y+1)*r.Dx()], whole[from:from+3*r.Dx()]) {
					t.Fatalf("tile %v differs in row %d", r, y)
				}
			}
		}
	}
}

func TestSeedChoosesThePaths(t *testing.T) {
	p := Params{Width: 64, Height: 36, X: 20, Y: 10, W: 16, H: 16, Samples: 4}
	first, again := render(t, p), render(t, p)
	p.Seed = 1
	other := render(t, p)
	if !bytes.Equal(first, again) || bytes.Equal(first, other) {
		t.Error("equal seeds must give equal tiles, different seeds different ones")
	}
}

// TestMoreSamplesConverge compares few and many paths per pixel with very many.
func TestMoreSamplesConverge(t *testing.T) {
	p := Params{Width: 96, Height: 54, X: 28, Y: 12, W: 32, H: 32, Seed: 1}
	at := func(samples int) []byte { p.Samples = samples; return render(t, p) }
	reference := at(256)
	distance := func(pixels []byte) (sum float64) {
		for i := range pixels {
			d := float64(pixels[i]) - float64(reference[i])
			sum += d * d
		}
		return sum / float64(len(pixels))
	}
	few, many := distance(at(1)), distance(at(32))
	if many > few/4 || many > 40 {
		t.Errorf("mean squared error is %.1f with 1 path and %.1f with up to 32", few, many)
	}
}

func TestParamsAreChecked(t *testing.T) {
	good := Params{Width: 100, Height: 50, X: 10, Y: 10, W: 90, H: 40, Samples: 1}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Params){
		"width":   func(p *Params) { p.Width = 0 },
		"height":  func(p *Params) { p.Height = maxSide + 1 },
		"x":       func(p *Params) { p.X = -1 },
		"y":       func(p *Params) { p.Y = 50 },
		"w":       func(p *Params) { p.W = 91 },
		"h":       func(p *Params) { p.H = 0 },
		"samples": func(p *Params) { p.Samples = 257 },
	} {
		p := good
		change(&p)
		if _, err := Tile(p); err == nil || !strings.HasPrefix(err.Error(), want+":") {
			t.Errorf("%+v: error %v does not name %s", p, err, want)
		}
	}
	large := Params{Width: maxSide, Height: maxSide, W: maxSide, H: maxSide, Samples: 1}
	if _, err := Tile(large); err == nil {
		t.Error("a tile of 268 million pixels is accepted")
	}
}

func TestAssemble(t *testing.T) {
	l := Layout{Width: 70, Height: 30, TileWidth: 32, TileHeight: 16}
	tiles := map[string][]byte{}
	colour := func(x, y int) (r, g, b byte) { return byte(3 * x), byte(7 * y), byte(x * y) }
	for _, r := range l.Tiles() {
		var pixels []byte
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				r, g, b := colour(x, y)
				pixels = append(pixels, r, g, b)
			}
		}
		tiles[TileName(r.Min.X, r.Min.Y)] = pixels
	}
	open := func(name string) ([]byte, error) {
		if b, ok := tiles[name]; ok {
			return b, nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	file, err := Assemble(l, open)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil || picture.Bounds() != image.Rect(0, 0, 70, 30) {
		t.Fatalf("picture of %v, error %v", picture.Bounds(), err)
	}
	for y := range 30 {
		for x := range 70 {
			r, g, b := colour(x, y)
			if pr, pg, pb, pa := picture.At(x, y).RGBA(); pr>>8 != uint32(r) || pg>>8 != uint32(g) || pb>>8 != uint32(b) || pa != 0xffff {
				t.Fatalf("pixel %d, %d is %v", x, y, picture.At(x, y))
			}
		}
	}
	short := TileName(64, 16)
	tiles[short] = tiles[short][1:]
	if _, err := Assemble(l, open); err == nil || !strings.Contains(err.Error(), short) {
		t.Errorf("error %v does not name the short tile", err)
	}
	delete(tiles, TileName(32, 0))
	if _, err := Assemble(l, open); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want the missing tile's", err)
	}
}

func TestLayoutIsChecked(t *testing.T) {
	for want, l := range map[string]Layout{
		"width":       {Width: 0, Height: 1, TileWidth: 1, TileHeight: 1},
		"tile_width":  {Width: 1, Height: 1, TileWidth: 2, TileHeight: 1},
		"tile_height": {Width: 1, Height: 1, TileWidth: 1, TileHeight: 0},
		"height":      {Width: maxSide, Height: maxSide, TileWidth: 1, TileHeight: 1},
	} {
		if _, err := Assemble(l, nil); err == nil || !strings.HasPrefix(err.Error(), want+":") {
			t.Errorf("%+v: error %v does not name %s", l, err, want)
		}
	}
}
