package sandbox

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/krako-labs/krako/contracts"
)

// runReactor hands the envelope over in memory that the guest allocates, calls
// krako_run and takes the output range from its result.
func (g *guest) runReactor(job Job) (*stop, error) {
	in := envelope(job.Entry, job.Input)
	ptr, stopped, err := g.place(in)
	if stopped != nil || err != nil {
		return early(stopped), err
	}
	stack := []uint64{ptr, uint64(len(in))}
	if stopped, err := g.call(exportRun, stack); stopped != nil || err != nil {
		return early(stopped), err
	}
	g.x.returned = true
	return g.takeOutput(stack[0]), nil
}

// early is the stop of a reactor that exits instead of returning: code 0 is not
// success, for there is no output.
func early(s *stop) *stop {
	if s != nil && s.code == "" {
		return &stop{contracts.CodeBadOutput, "exited without returning an output"}
	}
	return s
}

// envelope is the reactor's input: {"entry":…,"input":…} in RFC 8785 form.
func envelope(entry string, input []byte) []byte {
	if len(input) == 0 {
		input = []byte("null")
	}
	b := make([]byte, 0, len(entry)+len(input)+24)
	b = append(b, `{"entry":"`...)
	for _, c := range []byte(entry) {
		if c == '"' || c == '\\' { // validEntry leaves nothing else to escape
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	b = append(b, `","input":`...)
	b = append(b, input...)
	return append(b, '}')
}

// maxEntry bounds an entry's name, in bytes.
const maxEntry = 256

// validEntry reports whether a name can be an argument and a JSON string alike.
func validEntry(entry string) bool {
	return len(entry) <= maxEntry && utf8.ValidString(entry) &&
		!strings.ContainsFunc(entry, func(r rune) bool { return r < 0x20 })
}

// place copies b into memory obtained from the guest.
func (g *guest) place(b []byte) (ptr uint64, _ *stop, _ error) {
	if len(b) > math.MaxInt32 {
		return 0, nil, invalid("input", "%d bytes do not fit a guest", len(b))
	}
	stack := []uint64{uint64(len(b))}
	if stopped, err := g.call(exportAlloc, stack); stopped != nil || err != nil {
		return 0, stopped, err
	}
	ptr = uint64(uint32(stack[0]))
	if ptr == 0 || !g.instance.Memory().Write(uint32(ptr), b) {
		return 0, &stop{contracts.CodeOutOfMemory, "krako_alloc gave no room for the input"}, nil
	}
	return ptr, nil, nil
}

// errorBit marks a result whose range is an error message, not an output. It is
// free because no memory reaches 2 GiB.
const errorBit = 1 << 63

// takeOutput reads the range ptr<<32|len that krako_run returned.
func (g *guest) takeOutput(result uint64) *stop {
	ptr, n := uint32(result>>32)&math.MaxInt32, uint32(result)
	b, ok := g.instance.Memory().Read(ptr, n)
	switch {
	case !ok:
		return &stop{contracts.CodeBadOutput, "result is outside the memory"}
	case result&errorBit != 0:
		return &stop{contracts.CodeExitNonzero, strings.ToValidUTF8(string(b[:min(len(b), maxDetail)]), "\uFFFD")}
	case !g.x.output.fits(len(b)):
		return &stop{contracts.CodeBadOutput, "output exceeds its limit"}
	}
	g.x.output.b = append(g.x.output.b, b...)
	return nil
}

// maxDetail bounds a guest's error message, in bytes.
const maxDetail = 1024
