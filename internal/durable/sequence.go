package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/krako-labs/krako/contracts"
)

const (
	// ReserveAhead is how many numbers one write to the disk reserves, and the
	// most that a crash wastes.
	ReserveAhead = 1024
	// lastNumber ends the sequence. A node that seals a batch a microsecond
	// gets there in 290,000 years.
	lastNumber = math.MaxInt64
)

// Sequence hands out the numbers of signed batches, each greater than all
// before it and none twice, through any crash: the file names the least number
// that is not reserved, and is durable before a number below it is used. One
// goroutine at a time uses it; the data directory's lock keeps other processes
// away.
type Sequence struct {
	path     string
	next     uint64 // the number to hand out
	reserved uint64 // numbers below it may be handed out
}

// OpenSequence continues the sequence kept at path, from 1 if there is none. A
// file that cannot be read is an error naming it: guessing a number could
// repeat one.
func OpenSequence(path string) (*Sequence, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Sequence{path: path, next: 1, reserved: 1}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read batch sequence: %w", err)
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(string(text), "\n"), 10, 63)
	if err != nil || n == 0 {
		return nil, contracts.Errorf(contracts.CodeValidation, path,
			"batch sequence %.40q is not a number; restore the file, or move the whole data directory away to start under a new name", text)
	}
	return &Sequence{path: path, next: n, reserved: n}, nil
}

// Take returns the next number.
func (s *Sequence) Take() (uint64, error) {
	if s.next >= s.reserved {
		if err := s.reserve(); err != nil {
			return 0, err
		}
	}
	n := s.next
	s.next++
	return n, nil
}

func (s *Sequence) reserve() error {
	if s.next > lastNumber-ReserveAhead {
		return contracts.Errorf(contracts.CodeResourceExhausted, s.path, "batch sequence has ended at %d", s.next)
	}
	upTo := s.next + ReserveAhead
	if err := WriteFile(s.path, fmt.Appendf(nil, "%d\n", upTo)); err != nil {
		return fmt.Errorf("reserve batch numbers: %w", err)
	}
	s.reserved = upTo
	return nil
}

// Pass makes all later numbers greater than n, the last one that a cluster has
// recorded for this worker. It is above this file's own when the data directory
// came from a backup. A leap of more than half the sequence is refused: it
// would let a lying coordinator use the sequence up.
func (s *Sequence) Pass(n uint64) error {
	if n < s.next {
		return nil
	}
	if n > lastNumber/2 {
		return contracts.Errorf(contracts.CodeValidation, "last_seq", "%d cannot be a batch number of this worker", n)
	}
	s.next = n + 1
	return nil
}
