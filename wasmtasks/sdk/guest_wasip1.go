package sdk

import "unsafe"

// blobDir is where the sandbox mounts blobs, read-only.
func blobDir([]string) string { return "/blobs" }

// hostMediaType declares the media type of the output to the sandbox.
//
//go:wasmimport krako media_type
func hostMediaType(text unsafe.Pointer, size uint32)

func declareMediaType(mediaType string) {
	hostMediaType(unsafe.Pointer(unsafe.StringData(mediaType)), uint32(len(mediaType)))
}
