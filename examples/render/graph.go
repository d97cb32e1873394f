// Package render is the example that renders a picture: one unit per tile and
// one that puts the tiles together.
package render

import (
	"fmt"
	"image"

	"github.com/krako-labs/krako/contracts"
	"github.com/krako-labs/krako/examples"
	"github.com/krako-labs/krako/wasmtasks/render/tracer"
)

// Options describe the picture.
type Options struct {
	Width, Height         int
	TileWidth, TileHeight int
	// Samples is the most light paths per pixel, 1–256: 8 for a quick look, 64
	// for a picture to keep.
	Samples int
	Seed    uint32
}

// DefaultOptions is a full-HD picture in 64 tiles.
func DefaultOptions() Options {
	return Options{Width: 1920, Height: 1080, TileWidth: 240, TileHeight: 135, Samples: 8, Seed: 1}
}

// layout returns how the picture is cut.
func (o Options) layout() tracer.Layout {
	return tracer.Layout{Width: o.Width, Height: o.Height, TileWidth: o.TileWidth, TileHeight: o.TileHeight}
}

// params returns what the unit that renders tile r is asked for.
func (o Options) params(r image.Rectangle) tracer.Params {
	return tracer.Params{
		Width: o.Width, Height: o.Height,
		X: r.Min.X, Y: r.Min.Y, W: r.Dx(), H: r.Dy(),
		Samples: o.Samples, Seed: o.Seed,
	}
}

// fuelPerPath is about twice what one path costs in the dearest tile.
const fuelPerPath = 100_000

// fuel bounds the work of rendering tile r.
func (o Options) fuel(r image.Rectangle) int64 {
	return 2_000_000_000 + fuelPerPath*int64(o.Samples)*int64(r.Dx()*r.Dy())
}

// assemblyMB is the memory for putting the picture together: its pixels, the
// PNG as it grows, and the program.
func (o Options) assemblyMB() int64 {
	return max(64, 32+16*int64(o.Width*o.Height)>>20)
}

// Graph returns the graph that renders the picture: one unit render/tile@1 per
// tile, row by row, and one render/assemble@1, whose output is a PNG.
func Graph(r examples.Request, o Options) (*contracts.TaskGraph, error) {
	layout := o.layout()
	if err := layout.Validate(); err != nil {
		return nil, fmt.Errorf("cut picture: %w", err)
	}
	assemble, err := examples.Unit("assemble", "render/assemble@1", layout)
	if err != nil {
		return nil, err
	}
	memory := o.assemblyMB()
	assemble.Constraints = &contracts.Constraints{MemoryMB: &memory}
	var units []contracts.WorkUnit
	for _, tile := range layout.Tiles() {
		params := o.params(tile)
		if err := params.Validate(); err != nil {
			return nil, fmt.Errorf("tile: %w", err)
		}
		name := tracer.TileName(tile.Min.X, tile.Min.Y)
		unit, err := examples.Unit(name, "render/tile@1", params)
		if err != nil {
			return nil, err
		}
		fuel := o.fuel(tile)
		unit.Constraints = &contracts.Constraints{Fuel: &fuel}
		examples.Gather(&assemble, unit.ID, name)
		units = append(units, unit)
	}
	return r.Graph("example-render", append(units, assemble)), nil
}
