package encode

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"hash/crc32"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// DigestInput is data and the digests wanted of it.
type DigestInput struct {
	Data       string   `json:"data"`
	Encoding   string   `json:"encoding" jsonschema:"enum=text,enum=base64,enum=base64url,enum=hex" jsonschema_description:"how the data is written; text is digested as UTF-8"`
	Algorithms []string `json:"algorithms" jsonschema:"minItems=1,maxItems=5,enum=sha256,enum=sha512,enum=sha384,enum=md5,enum=crc32" jsonschema_description:"md5 and crc32 tell accidents, not attackers"`
}

// DigestOutput has the digests by algorithm, in hex.
type DigestOutput struct {
	Digests map[string]string `json:"digests"`
	Bytes   int               `json:"bytes" jsonschema_description:"length of the data"`
}

// Digest computes digests of data.
func Digest(_ context.Context, in DigestInput) (DigestOutput, error) {
	if err := field.OneOf("encoding", in.Encoding, "text", "base64", "base64url", "hex"); err != nil {
		return DigestOutput{}, err
	}
	if err := field.Between("algorithms", len(in.Algorithms), 1, 5); err != nil {
		return DigestOutput{}, err
	}
	raw, err := decode("data", in.Data, "encoding", in.Encoding)
	if err != nil {
		return DigestOutput{}, err
	}
	out := DigestOutput{make(map[string]string, len(in.Algorithms)), len(raw)}
	for i, name := range in.Algorithms {
		h := newHash(name)
		if h == nil {
			return DigestOutput{}, field.OneOf(field.Index("algorithms", i), name, "sha256", "sha384", "sha512", "md5", "crc32")
		}
		h.Write(raw)
		out.Digests[name] = hex.EncodeToString(h.Sum(nil))
	}
	return out, nil
}

func newHash(name string) hash.Hash {
	switch name {
	case "sha256":
		return sha256.New()
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	case "md5":
		return md5.New()
	case "crc32":
		return crc32.NewIEEE()
	}
	return nil
}
