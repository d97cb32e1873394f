// Command logs is the guest that summarises web-server access logs. Entry map
// turns the chunk mounted as blob "chunk" into a partial; entry reduce merges
// all mounted blobs, partials in the order of their names, into a report. See
// package accesslog for what they count.
package main

import (
	"context"
	"errors"

	"github.com/krako-labs/krako/wasmtasks/logs/accesslog"
	"github.com/krako-labs/krako/wasmtasks/sdk"
)

func main() {
	sdk.Main(sdk.Task("map", mapChunk), sdk.Task("reduce", reduce))
}

func mapChunk(ctx context.Context, _ struct{}) (sdk.Bytes, error) {
	chunk, err := sdk.OpenBlob(ctx, "chunk")
	if err != nil {
		return sdk.Bytes{}, err
	}
	defer chunk.Close()
	partial, err := accesslog.Map(chunk)
	return sdk.Bytes{Data: partial}, err
}

func reduce(ctx context.Context, opts accesslog.Options) (accesslog.Report, error) {
	names, err := sdk.Blobs(ctx)
	if err != nil {
		return accesslog.Report{}, err
	}
	if len(names) == 0 {
		return accesslog.Report{}, errors.New("no partial is mounted")
	}
	sources := make([]accesslog.Source, len(names))
	for i, name := range names {
		partial, err := sdk.OpenBlob(ctx, name)
		if err != nil {
			return accesslog.Report{}, err
		}
		defer partial.Close()
		sources[i] = accesslog.Source{Name: name, Reader: partial}
	}
	return accesslog.Reduce(opts, sources)
}
