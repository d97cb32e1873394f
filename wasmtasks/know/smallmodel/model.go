package smallmodel

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/krako-labs/krako/wasmtasks/std/field"
)

// MediaType is that of a model: the magic line, the length of the header as a
// big-endian uint32, the header in JSON, and for each bucket a scale, a
// little-endian float32, and a signed byte for each class. A weight is the
// product of its byte and the scale.
const MediaType = "application/vnd.krako.small-model"

const (
	magic     = "krako small model 1\n"
	maxHeader = 1 << 20
	// The bounds of a model's shape.
	minBits, maxBits = 8, 18
	maxLabels        = 1000
)

// Header is what a model says of itself.
type Header struct {
	// Labels are the classes in the order of their weights. OutOfScope is the one
	// that stands for everything else, "" if there is none.
	Labels      []string  `json:"labels"`
	OutOfScope  string    `json:"out_of_scope,omitempty"`
	Bits        uint      `json:"bits" jsonschema_description:"binary logarithm of the number of buckets"`
	Bias        []float32 `json:"bias"`
	Temperature float64   `json:"temperature" jsonschema_description:"what logits are divided by"`
	Threshold   float64   `json:"threshold" jsonschema_description:"the confidence from which a label is accepted"`
	Report      Report    `json:"report"`
}

// Report is what was seen when the model was made.
type Report struct {
	Examples        int     `json:"examples" jsonschema_description:"that it was trained on"`
	Validation      int     `json:"validation" jsonschema_description:"held-out examples that it was calibrated on"`
	Seed            uint64  `json:"seed"`
	TargetPrecision float64 `json:"target_precision"`
	Accuracy        float64 `json:"accuracy" jsonschema_description:"share of held-out examples in scope whose label is the first"`
	Precision       float64 `json:"precision" jsonschema_description:"share of right labels among those accepted"`
	Coverage        float64 `json:"coverage" jsonschema_description:"share of held-out examples that are accepted"`
}

// model is an open model. It is not safe for concurrent use.
type model struct {
	Header
	rows    io.ReaderAt
	extract extractor
	row     []byte
	sums    []lanes
	logits  []float32
}

// open reads the header of a model of so many bytes. Rows are read when a text
// needs them.
func open(r io.ReaderAt, size int64) (*model, error) {
	var head [len(magic) + 4]byte
	if _, err := r.ReadAt(head[:], 0); err != nil || string(head[:len(magic)]) != magic {
		return nil, field.Errorf("model", "is not a model made by small_model/train")
	}
	length := int64(binary.BigEndian.Uint32(head[len(magic):]))
	start := int64(len(head)) + length
	if length > maxHeader || start > size {
		return nil, field.Errorf("model", "has a header of %d bytes in %d", length, size)
	}
	text := make([]byte, length)
	if _, err := r.ReadAt(text, int64(len(head))); err != nil && !errors.Is(err, io.EOF) {
		return nil, field.Errorf("model", "%v", err)
	}
	m := &model{}
	if err := json.Unmarshal(text, &m.Header); err != nil {
		return nil, field.Errorf("model", "%v", err)
	}
	if err := m.check(size - start); err != nil {
		return nil, err
	}
	m.extract.bits = m.Bits
	m.rows = io.NewSectionReader(r, start, size-start)
	m.sums = make([]lanes, blocks(len(m.Labels)))
	m.row = make([]byte, 4+8*len(m.sums)) // the bytes after the last class stay 0
	m.logits = make([]float32, len(m.Labels))
	return m, nil
}

func (h *Header) check(body int64) error {
	classes := int64(len(h.Labels))
	switch {
	case classes < 2 || classes > maxLabels || len(h.Bias) != len(h.Labels) || h.Bits < minBits || h.Bits > maxBits:
		return field.Errorf("model", "has %d labels, %d biases and 2^%d buckets", classes, len(h.Bias), h.Bits)
	case body != (4+classes)<<h.Bits:
		return field.Errorf("model", "has weights of %d bytes, its header says %d", body, (4+classes)<<h.Bits)
	case !(h.Temperature > 0):
		return field.Errorf("model", "has temperature %g", h.Temperature)
	}
	return nil
}

// forward returns the logits of a text. The slice is good until the next call.
func (m *model) forward(text string) ([]float32, error) {
	clear(m.sums)
	features := m.extract.extract(text)
	size := 4 + len(m.logits)
	for _, f := range features {
		if _, err := m.rows.ReadAt(m.row[:size], int64(f)*int64(size)); err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read model: %w", err)
		}
		scale := math.Float32frombits(binary.LittleEndian.Uint32(m.row))
		if scale == 0 {
			continue
		}
		weights := m.row[4:]
		for k := range m.sums {
			m.sums[k].addScaled((*[8]byte)(weights[8*k:]), scale)
		}
	}
	for k := range m.sums {
		copy(m.logits[8*k:], m.sums[k][:])
	}
	value := valueOf(features)
	for c := range m.logits {
		m.logits[c] = float32(m.logits[c]*value) + m.Bias[c]
	}
	return m.logits, nil
}

// addScaled adds signed bytes times a scale.
func (s *lanes) addScaled(b *[8]byte, scale float32) {
	s[0] += float32(scale * float32(int8(b[0])))
	s[1] += float32(scale * float32(int8(b[1])))
	s[2] += float32(scale * float32(int8(b[2])))
	s[3] += float32(scale * float32(int8(b[3])))
	s[4] += float32(scale * float32(int8(b[4])))
	s[5] += float32(scale * float32(int8(b[5])))
	s[6] += float32(scale * float32(int8(b[6])))
	s[7] += float32(scale * float32(int8(b[7])))
}

// valueOf is what each feature of a text counts: together they have length 1.
func valueOf(features []uint32) float32 {
	if len(features) == 0 {
		return 0
	}
	return float32(1 / math.Sqrt(float64(len(features))))
}

// quantise appends the rows of a trained model to b.
func (t *trainer) quantise(b []byte) []byte {
	row := make([]float32, len(t.bias))
	for f := range len(t.weights) / t.width {
		for k, w := range t.row(uint32(f)) {
			copy(row[8*k:], w[:])
		}
		most := float32(0)
		for _, w := range row {
			most = max(most, w, -w)
		}
		scale := most / 127
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(scale))
		for _, w := range row {
			q := int8(0)
			if scale > 0 {
				q = int8(math.Floor(float64(w/scale) + 0.5))
			}
			b = append(b, byte(q))
		}
	}
	return b
}

// encode is the head of a model's bytes; its rows follow.
func (h *Header) encode() ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint32([]byte(magic), uint32(len(text))), text...), nil
}
