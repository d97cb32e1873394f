package envelope

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
)

// message is the protobuf message record.pb.Envelope of libp2p with an Ed25519
// key. Its parts alias the bytes they were decoded from.
type message struct {
	key         []byte // public_key.Data
	payloadType []byte
	payload     []byte
	signature   []byte
}

// The tags of the fields of record.pb.Envelope (field number, then wire type 2).
const (
	tagPublicKey   = 1<<3 | 2
	tagPayloadType = 2<<3 | 2
	tagPayload     = 3<<3 | 2
	tagSignature   = 5<<3 | 2
)

// keyHeader begins a crypto.pb.PublicKey: Type (field 1) is Ed25519 (1), and
// Data (field 2) has 32 bytes.
const keyHeader = "\x08\x01\x12\x20"

const keyMessageLen = len(keyHeader) + ed25519.PublicKeySize

// encode writes the fields in the order of their numbers and leaves out an empty
// payload, as every protobuf library does for a proto3 message.
func (m *message) encode() []byte {
	const overhead = 4 * (1 + binary.MaxVarintLen64)
	b := make([]byte, 0, overhead+keyMessageLen+len(m.payloadType)+len(m.payload)+len(m.signature))
	b = appendField(b, tagPublicKey, append([]byte(keyHeader), m.key...))
	b = appendField(b, tagPayloadType, m.payloadType)
	if len(m.payload) > 0 {
		b = appendField(b, tagPayload, m.payload)
	}
	return appendField(b, tagSignature, m.signature)
}

func appendField(b []byte, tag byte, content []byte) []byte {
	b = binary.AppendUvarint(append(b, tag), uint64(len(content)))
	return append(b, content...)
}

// decode reads what encode writes and nothing else.
func decode(b []byte) (*message, error) {
	rest := b
	key := cutField(&rest, tagPublicKey)
	m := &message{
		payloadType: cutField(&rest, tagPayloadType),
		payload:     cutField(&rest, tagPayload),
		signature:   cutField(&rest, tagSignature),
	}
	if len(key) != keyMessageLen || !bytes.HasPrefix(key, []byte(keyHeader)) {
		return nil, refuse("no Ed25519 public key")
	}
	m.key = key[len(keyHeader):]
	// Encoding again finds what was skipped, added or written at length.
	if len(m.signature) != ed25519.SignatureSize || !bytes.Equal(m.encode(), b) {
		return nil, refuse("not in the canonical encoding")
	}
	return m, nil
}

// cutField takes the field off the front of *b if it is the next one there.
func cutField(b *[]byte, tag byte) []byte {
	if len(*b) == 0 || (*b)[0] != tag {
		return nil
	}
	n, width := binary.Uvarint((*b)[1:])
	if width <= 0 || n > uint64(len(*b)-1-width) {
		return nil
	}
	content := (*b)[1+width:][:n]
	*b = (*b)[1+width+int(n):]
	return content
}
