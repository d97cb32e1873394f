package tracer

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
)

// Media types of a tile and of a picture.
const (
	// MediaPixels is rows of 8-bit sRGB pixels, three bytes each, without
	// padding or header.
	MediaPixels = "application/vnd.krako.rgb8"
	MediaPNG    = "image/png"
)

// maxPixels bounds an assembled picture, which is held in memory.
const maxPixels = 1 << 24

// Layout says how a picture of width×height is cut: into tiles of
// tile_width×tile_height from the top left, those at the right and bottom edge
// being what is left.
type Layout struct {
	Width      int `json:"width"`
	Height     int `json:"height"`
	TileWidth  int `json:"tile_width"`
	TileHeight int `json:"tile_height"`
}

// Validate reports the first field that is out of bounds.
func (l Layout) Validate() error {
	for _, c := range []struct {
		name      string
		value, hi int
	}{
		{"width", l.Width, maxSide}, {"height", l.Height, maxSide},
		{"tile_width", l.TileWidth, l.Width}, {"tile_height", l.TileHeight, l.Height},
	} {
		if c.value < 1 || c.value > c.hi {
			return fmt.Errorf("%s: %d is not 1 to %d", c.name, c.value, c.hi)
		}
	}
	if l.Width*l.Height > maxPixels {
		return fmt.Errorf("height: %d×%d is more than %d pixels", l.Width, l.Height, maxPixels)
	}
	return nil
}

// Tiles returns the rectangles of all tiles, row by row.
func (l Layout) Tiles() []image.Rectangle {
	var tiles []image.Rectangle
	for y := 0; y < l.Height; y += l.TileHeight {
		for x := 0; x < l.Width; x += l.TileWidth {
			tiles = append(tiles, image.Rect(x, y, min(x+l.TileWidth, l.Width), min(y+l.TileHeight, l.Height)))
		}
	}
	return tiles
}

// TileName is the blob name of the tile whose top left pixel is (x, y).
func TileName(x, y int) string { return fmt.Sprintf("tile-x%05d-y%05d", x, y) }

// Assemble puts the tiles of a layout together and returns the picture as PNG.
// It asks open for the pixels of each tile by its name, one at a time. A tile
// of the wrong size is an error naming it.
func Assemble(l Layout, open func(name string) ([]byte, error)) ([]byte, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	picture := image.NewRGBA(image.Rect(0, 0, l.Width, l.Height))
	for _, r := range l.Tiles() {
		name := TileName(r.Min.X, r.Min.Y)
		pixels, err := open(name)
		if err != nil {
			return nil, err
		}
		if want := 3 * r.Dx() * r.Dy(); len(pixels) != want {
			return nil, fmt.Errorf("%s: %d bytes are not %d×%d pixels of 3 bytes", name, len(pixels), r.Dx(), r.Dy())
		}
		place(picture, r, pixels)
	}
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&b, picture); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return b.Bytes(), nil
}

// place copies the pixels of one tile to their place in the picture.
func place(picture *image.RGBA, r image.Rectangle, pixels []byte) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := picture.Pix[picture.PixOffset(r.Min.X, y):]
		for x := range r.Dx() {
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = pixels[0], pixels[1], pixels[2], 0xff
			pixels = pixels[3:]
		}
	}
}
