// Command render is the guest that renders a picture in tiles. Entry tile
// renders one tile; entry assemble puts the tiles mounted as blobs together.
// See package tracer.
package main

import (
	"context"

	"github.com/krako-labs/krako/wasmtasks/render/tracer"
	"github.com/krako-labs/krako/wasmtasks/sdk"
)

func main() {
	sdk.Main(sdk.Task("tile", tile), sdk.Task("assemble", assemble))
}

func tile(_ context.Context, p tracer.Params) (sdk.Bytes, error) {
	pixels, err := tracer.Tile(p)
	return sdk.Bytes{MediaType: tracer.MediaPixels, Data: pixels}, err
}

func assemble(ctx context.Context, l tracer.Layout) (sdk.Bytes, error) {
	picture, err := tracer.Assemble(l, func(name string) ([]byte, error) { return sdk.Blob(ctx, name) })
	return sdk.Bytes{MediaType: tracer.MediaPNG, Data: picture}, err
}
