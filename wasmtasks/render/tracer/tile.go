package tracer

import (
	"fmt"
	"math"
)

// Bounds of a picture.
const (
	maxSide       = 16384
	maxTilePixels = 1 << 22
)

// tooBright bounds the radiance of one path. Film shows nothing brighter, and
// what a few paths exceed it by would only be noise and ragged edges.
const tooBright = 5

// settled is the standard error of a pixel's displayed brightness, from 0 to 1,
// at which no more paths are needed.
const settled = 0.018

// Params says what to render: the tile of w×h pixels whose top left pixel is
// (x, y) in a picture of width×height.
type Params struct {
	Width  int `json:"width"`
	Height int `json:"height"`
	X      int `json:"x"`
	Y      int `json:"y"`
	W      int `json:"w"`
	H      int `json:"h"`
	// Samples is the largest number of paths per pixel, 1–256. Pixels that
	// settle earlier take fewer.
	Samples int `json:"samples"`
	// Seed chooses the random paths.
	Seed uint32 `json:"seed"`
}

// Validate reports the first parameter that is out of bounds.
func (p Params) Validate() error {
	for _, c := range []struct {
		name          string
		value, lo, hi int
	}{
		{"width", p.Width, 1, maxSide}, {"height", p.Height, 1, maxSide},
		{"x", p.X, 0, p.Width - 1}, {"y", p.Y, 0, p.Height - 1},
		{"w", p.W, 1, p.Width - p.X}, {"h", p.H, 1, p.Height - p.Y},
		{"samples", p.Samples, 1, maxSamples},
	} {
		if c.value < c.lo || c.value > c.hi {
			return fmt.Errorf("%s: %d is not %d to %d", c.name, c.value, c.lo, c.hi)
		}
	}
	if p.W*p.H > maxTilePixels {
		return fmt.Errorf("w: a tile of %d×%d pixels is larger than %d", p.W, p.H, maxTilePixels)
	}
	return nil
}

// Tile renders one tile and returns its pixels as RGB bytes, row by row. A
// pixel depends on the picture's size, the samples, the seed and its place in
// the picture, not on the tile it is rendered in.
func Tile(p Params) ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	w := newWorld()
	c := newCamera(p.Width, p.Height)
	pixels := make([]byte, 0, 3*p.W*p.H)
	for y := p.Y; y < p.Y+p.H; y++ {
		for x := p.X; x < p.X+p.W; x++ {
			pixels = c.develop(pixels, w.pixel(c, p, x, y), x, y)
		}
	}
	return pixels, nil
}

// pixel renders one pixel in growing batches of paths until it has settled.
func (w *world) pixel(c *camera, p Params, x, y int) vec {
	s := sampler{sobol: w.sobol, pixel: hash(hash(hash(p.Seed)+uint32(x)) + uint32(y))}
	var sum vec
	var mean, spread float64 // of the paths' displayed brightness
	n := 0
	for until := min(p.Samples, 4); ; until = min(p.Samples, 2*until) {
		for ; n < until; n++ {
			s.index, s.next = uint32(n), 0
			origin, dir := c.ray(x, y, &s)
			light := w.trace(&s, origin, dir)
			if b := light.brightest(); b > tooBright {
				light = light.scale(tooBright / b)
			}
			sum = sum.add(light)
			v := math.Sqrt(filmic(light.luminance()))
			delta := v - mean
			mean += delta / float64(n+1)
			spread += delta * (v - mean)
		}
		if n == p.Samples || spread < settled*settled*float64(n*n) {
			break
		}
	}
	return sum.scale(1 / float64(n))
}
