package render

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/examples/exampletest"
	"github.com/krako-labs/krako/wasmtasks/render/tracer"
)

// small is a picture that renders in a second, in as many tiles as the default.
func small() Options {
	return Options{Width: 160, Height: 90, TileWidth: 20, TileHeight: 12, Samples: 2, Seed: 1}
}

func TestDefaultGraph(t *testing.T) {
	g, err := Graph(exampletest.Request(), DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Validate(contracts.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	tiles, last := len(g.WorkUnits)-1, g.WorkUnits[len(g.WorkUnits)-1]
	if tiles != 64 || last.ID != "assemble" || len(last.Dependencies) != tiles || len(last.Bind) != tiles {
		t.Errorf("%d tiles, last unit %s gathers %d", tiles, last.ID, len(last.Bind))
	}
	if final := g.Outputs.Final; len(final) != 1 || final[0].WorkUnitID != "assemble" {
		t.Errorf("the answer is %+v", final)
	}
}

func TestEqualOptionsGiveEqualGraphs(t *testing.T) {
	cidOf := func(o Options) string {
		g, err := Graph(exampletest.Request(), o)
		if err != nil {
			t.Fatal(err)
		}
		c, err := g.CID()
		if err != nil {
			t.Fatal(err)
		}
		return c.String()
	}
	other := small()
	other.Seed++
	first, again := cidOf(small()), cidOf(small())
	if first != again || first == cidOf(other) {
		t.Error("graph_cid must be a function of the options")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"width":      func(o *Options) { o.Width = 0 },
		"tile_width": func(o *Options) { o.TileWidth = 0 },
		"samples":    func(o *Options) { o.Samples = 0 },
	} {
		o := small()
		change(&o)
		if _, err := Graph(exampletest.Request(), o); err == nil || !strings.Contains(err.Error(), want+":") {
			t.Errorf("%+v: error %v does not name %s", o, err, want)
		}
	}
}

// TestPicture renders through the sandbox and checks the PNG against the tiles,
// put together here pixel by pixel, and the tiles against a native rendering.
// Native arithmetic need not be equal in the last bit, so that one only has to
// be close.
func TestPicture(t *testing.T) {
	o := small()
	g, err := Graph(exampletest.Request(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.WorkUnits) < 65 {
		t.Fatalf("%d units", len(g.WorkUnits))
	}
	outcomes := exampletest.Run(t, g, nil)
	picture, err := png.Decode(bytes.NewReader(outcomes["assemble"].Output))
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size.X != o.Width || size.Y != o.Height {
		t.Fatalf("picture is %v", size)
	}
	native, err := tracer.Tile(tracer.Params{Width: o.Width, Height: o.Height, W: o.Width, H: o.Height, Samples: o.Samples, Seed: o.Seed})
	if err != nil {
		t.Fatal(err)
	}
	var difference, brightness float64
	for y := range o.Height {
		for x := range o.Width {
			left, top := x/o.TileWidth*o.TileWidth, y/o.TileHeight*o.TileHeight
			tile := outcomes[contracts.UnitID(tracer.TileName(left, top))].Output
			at := 3 * ((y-top)*o.TileWidth + x - left) // 160 is a multiple of 20
			r, g, b, _ := picture.At(x, y).RGBA()
			if got := [3]byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)}; got != [3]byte(tile[at:]) {
				t.Fatalf("pixel %d, %d is %v, its tile has %v", x, y, got, tile[at:at+3])
			}
			for i := range 3 {
				difference += math.Abs(float64(tile[at+i]) - float64(native[3*(y*o.Width+x)+i]))
				brightness += float64(tile[at+i])
			}
		}
	}
	samples := float64(3 * o.Width * o.Height)
	if mean := difference / samples; mean > 0.5 {
		t.Errorf("tiles differ from native ones by %.2f of 255 on average", mean)
	}
	if mean := brightness / samples; mean < 90 || mean > 170 {
		t.Errorf("mean brightness is %.1f of 255: that is not dusk", mean)
	}
}
